"""Sentences of tagged words: the CoNLL-U format of Universal Dependencies, and plain columns of word and tag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# https://universaldependencies.org/format.html
COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


@dataclass(frozen=True)
class TaggedSentence:
    """Words with one tag each."""

    words: list[str]
    tags: list[str]


@dataclass(frozen=True)
class TaggedCorpus:
    """Sentences to train on, to choose by and to judge by."""

    train: list[TaggedSentence]
    validation: list[TaggedSentence]
    test: list[TaggedSentence]

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag of the training sentences, sorted."""
        return tuple(sorted({tag for sentence in self.train for tag in sentence.tags}))


def parse_conllu(text: str, column: str = "upos") -> list[TaggedSentence]:
    """Read sentences in CoNLL-U; ranges of multiword tokens and empty nodes are left out, as they are no words.

    Args:
        text: the file's content.
        column: what becomes the tag, one of `COLUMNS`.

    Raises:
        ValueError: no such column, or a line that has not ten of them, with its number.
    """
    if column not in COLUMNS:
        raise ValueError(f"CoNLL-U has no column {column!r}; it has {', '.join(COLUMNS)}")
    place = COLUMNS.index(column)

    def read_word(number: int, line: str) -> tuple[str, str] | None:
        if line.startswith("#"):
            return None
        fields = line.split("\t")
        if len(fields) != len(COLUMNS):
            raise ValueError(f"line {number} has {len(fields)} columns, expected {len(COLUMNS)} separated by tabs")
        return (fields[1], fields[place]) if fields[0].isdigit() else None

    return _read_sentences(text, read_word)


def parse_columns(text: str) -> list[TaggedSentence]:
    """Read sentences of one `word<tab>tag` per line, with blank lines between sentences.

    Raises:
        ValueError: a line of another form, with its number.
    """

    def read_word(number: int, line: str) -> tuple[str, str]:
        fields = line.split("\t")
        if len(fields) != 2:
            raise ValueError(f"line {number} has {len(fields)} columns, expected a word and its tag with a tab between")
        return fields[0].strip(), fields[1].strip()

    return _read_sentences(text, read_word)


def _read_sentences(text: str, read_word: Callable[[int, str], tuple[str, str] | None]) -> list[TaggedSentence]:
    """Sentences end at blank lines; `read_word` takes a line with its number and gives a word with its tag, if any."""
    sentences: list[TaggedSentence] = []
    words: list[str] = []
    tags: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip():
            word = read_word(number, line)
            if word is not None:
                words.append(word[0])
                tags.append(word[1])
        elif words:
            sentences.append(TaggedSentence(words, tags))
            words, tags = [], []
    return sentences


def load_conllu(path: str | Path, column: str = "upos") -> list[TaggedSentence]:
    """Read a CoNLL-U file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not UTF-8, or as `parse_conllu`, with the file's name.
    """
    try:
        return parse_conllu(Path(path).read_text(encoding="utf-8"), column)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
