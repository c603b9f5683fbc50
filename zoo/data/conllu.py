"""Sentences of tagged words: the CoNLL-U format of Universal Dependencies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from zoo.data.settings import Setting
from zoo.data.source import DataError
from zoo.errors import ArgumentError

# https://universaldependencies.org/format.html
COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
EMPTY = "_"
# The first line of CoNLL-U Plus, which names other columns: https://universaldependencies.org/ext-format.html
NAMES = "# global.columns ="


@dataclass(frozen=True)
class TaggedSentence:
    """Words with one tag each.

    Args:
        words: of the sentence.
        tags: of the words.
        lines: of the words in their file, from 1; empty where there is none.
    """

    words: list[str]
    tags: list[str]
    lines: list[int] = field(default_factory=list, compare=False)


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
        column: what becomes the tag: one of `COLUMNS`, or of the columns that the first line of CoNLL-U Plus names.

    Raises:
        ArgumentError: there is no such column.
        DataError: a line has another number of columns, with the line's number, or no word has anything in the column.
    """
    columns: tuple[str, ...] = COLUMNS
    if text.startswith(NAMES):
        columns = tuple(text.partition("\n")[0].removeprefix(NAMES).lower().split())
    if column.lower() not in columns or "form" not in columns:
        raise ArgumentError(f"CoNLL-U has no column {column!r}; it has {', '.join(columns)}")
    place, form = columns.index(column.lower()), columns.index("form")

    def read_word(number: int, line: str) -> tuple[str, str] | None:
        if line.startswith("#"):
            return None
        fields = line.split("\t")
        if len(fields) != len(columns):
            raise DataError(f"line {number} has {len(fields)} columns, expected {len(columns)} separated by tabs")
        return (fields[form], fields[place]) if "id" not in columns or fields[0].isdigit() else None

    sentences = read_sentences(text, read_word)
    if sentences and all(tag == EMPTY for sentence in sentences for tag in sentence.tags):
        another = Setting("column", ("NAME",), f"to take another one of {', '.join(columns)}")
        raise DataError(f"column {column} is empty ({EMPTY}) in all words", another)
    return sentences


def read_sentences(text: str, read_word: Callable[[int, str], tuple[str, str] | None]) -> list[TaggedSentence]:
    """Read sentences, which end at blank lines.

    Args:
        text: the file's content.
        read_word: takes a line's number and the line, and gives a word with its tag, or None where there is no word.
    """
    sentences: list[TaggedSentence] = []
    words: list[str] = []
    tags: list[str] = []
    lines: list[int] = []
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip():
            word = read_word(number, line)
            if word is not None:
                words.append(word[0])
                tags.append(word[1])
                lines.append(number)
        elif words:
            sentences.append(TaggedSentence(words, tags, lines))
            words, tags, lines = [], [], []
    return sentences
