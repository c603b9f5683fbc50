"""WNUT17 (Derczynski et al. 2017): rare entities of six types in noisy text, tagged B-type, I-type, O.

3,394 / 1,009 / 1,287 sentences; few entities of the test sentences occur in those to train on.
"""

from __future__ import annotations

from zoo.data.conllu import TaggedCorpus
from zoo.data.source import DataSource, read_files
from zoo.data.tagged_columns import Layout, parse_columns

FILES = ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")
LAYOUT = Layout(separator="\t", width=2, word=0, tag=1)
SOURCE = DataSource(
    name="WNUT17",
    folder="wnut17",
    address="https://github.com/leondz/emerging_entities_17",
    license="CC BY 4.0",
    sha256="1fd78fdfe8b5edb2f26c4e24074bda4c121583225aa32e2774c63553c5b2b58f",
    contents=", ".join(FILES),
)


def load_wnut17() -> TaggedCorpus:
    """Return the three official splits.

    Raises:
        DataError: a file is missing or another one.
    """
    files = dict(read_files(SOURCE, *FILES))
    train, validation, test = (parse_columns(files[name].decode(), LAYOUT) for name in FILES)
    return TaggedCorpus(train, validation, test)
