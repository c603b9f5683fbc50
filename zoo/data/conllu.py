"""Sentences of tagged words: the CoNLL-U format of Universal Dependencies, and plain columns of word and tag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zoo.data.source import DataError, read_text

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
    """Read sentences in CoNLL-U, without ranges of multiword tokens and empty nodes, which are not words.

    Args:
        text: the file's content.
        column: what becomes the tag, one of `COLUMNS`.

    Raises:
        ValueError: CoNLL-U does not have such a column.
        DataError: a line does not have ten columns; the message has its number.
    """
    if column not in COLUMNS:
        raise ValueError(f"CoNLL-U has no column {column!r}; it has {', '.join(COLUMNS)}")
    place = COLUMNS.index(column)

    def read_word(number: int, line: str) -> tuple[str, str] | None:
        if line.startswith("#"):
            return None
        fields = line.split("\t")
        if len(fields) != len(COLUMNS):
            raise DataError(f"line {number} has {len(fields)} columns, expected {len(COLUMNS)} separated by tabs")
        return (fields[1], fields[place]) if fields[0].isdigit() else None

    return _read_sentences(text, read_word)


def parse_columns(text: str) -> list[TaggedSentence]:
    """Read sentences of one `word<tab>tag` per line, with blank lines between sentences.

    Raises:
        DataError: a line of another form; the message has its number.
    """

    def read_word(number: int, line: str) -> tuple[str, str]:
        fields = line.split("\t")
        if len(fields) != 2:
            raise DataError(f"line {number} has {len(fields)} columns, expected a word and its tag with a tab between")
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
        DataError: the file is missing or not UTF-8, or as `parse_conllu`, with the file's name.
        ValueError: no such column.
    """
    text = read_text(path)
    try:
        return parse_conllu(text, column)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
