"""UD English EWT (Silveira et al. 2014): weblogs, newsgroups, e-mails, reviews and answers, with parts of speech.

12,544 / 2,001 / 2,077 sentences.
"""

from __future__ import annotations

from zoo.data.conllu import TaggedCorpus, parse_conllu
from zoo.data.source import DataSource, read_files

SOURCE = DataSource(
    name="UD English EWT 2.15",
    folder="ud_english_ewt",
    address="https://github.com/UniversalDependencies/UD_English-EWT (commit 15d613d8)",
    license="CC BY-SA 4.0",
    sha256="f027a05a8dca96a66e41ce07db99be3b68842e6e8bec869d5f799d62c5cf4c8c",
    contents="en_ewt-ud-train.conllu, en_ewt-ud-dev.conllu and en_ewt-ud-test.conllu",
)


def load_ud_english_ewt(column: str = "upos") -> TaggedCorpus:
    """Return the three official splits, tagged with a column of CoNLL-U.

    Raises:
        DataError: a file is missing or another one.
        ArgumentError: no such column.
    """
    files = dict(read_files(SOURCE, "*.conllu"))
    train, validation, test = (
        parse_conllu(files[f"en_ewt-ud-{split}.conllu"].decode(), column) for split in ("train", "dev", "test")
    )
    return TaggedCorpus(train, validation, test)
