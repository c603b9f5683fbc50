"""Texts without labels, as a trained model is to read them: lines, and sentences of words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from zoo.data.blanks import cut_at_blanks
from zoo.data.conllu import TaggedSentence, parse_conllu, read_sentences
from zoo.data.settings import Setting
from zoo.data.source import DataError, named, read_text
from zoo.data.tagged_columns import begins_document, is_conllu
from zoo.errors import ArgumentError

FORMS = ("lines", "columns")
# A file of which so many lines have equally many words may have a word in each line, and other columns beside it.
ALIKE = 0.9


@dataclass(frozen=True)
class Line:
    """A text that stands in a line of its own.

    Args:
        number: of the line, from 1.
        text: without the blanks around it.
    """

    number: int
    text: str


def load_lines(path: str | Path) -> list[Line]:
    """Return the lines of a file that are not blank.

    Raises:
        DataError: the file is missing, not UTF-8, or blank.
    """
    lines = [Line(number, line.strip()) for number, line in enumerate(read_text(path).split("\n"), 1) if line.strip()]
    if not lines:
        raise DataError(f"{path} has no text")
    return lines


def load_words(path: str | Path, form: str = "") -> list[TaggedSentence]:
    """Return the sentences of a file, without any tag.

    Args:
        path: of a CoNLL-U file, or of one with words between blanks.
        form: "lines" where each line is a sentence, "columns" where each line begins with a word and sentences end at
            blank lines; where it is empty, lines of equally many words are refused, since they may be either.

    Raises:
        ArgumentError: there is no such form.
        DataError: the file is missing, not UTF-8, without any word, or may be either.
    """
    if form not in ("", *FORMS):
        raise ArgumentError(f"words must be {' or '.join(FORMS)}, or empty to find it, got {form!r}")
    text = read_text(path)
    with named(path):
        if str(path).endswith(".conllu") or is_conllu(text):
            sentences = parse_conllu(text, "form")
        elif form == "columns":
            sentences = _read_columns(text)
        else:
            if not form:
                _refuse_columns(text)
            lines = [(number, cut_at_blanks(line)) for number, line in enumerate(text.split("\n"), 1)]
            sentences = [_without_tags(words, [number] * len(words)) for number, words in lines if words]
    if not sentences:
        raise DataError(f"{path} has no words")
    return sentences


def _without_tags(words: list[str], lines: list[int]) -> TaggedSentence:
    return TaggedSentence(words, [""] * len(words), lines)


def _read_columns(text: str) -> list[TaggedSentence]:
    """Return sentences of which each word begins a line; the second column where the first one numbers the words."""
    rows = [cut_at_blanks(line) for line in text.split("\n") if line.strip() and not begins_document(line)]
    numbered = all(len(row) > 1 and row[0].isdigit() for row in rows if not row[0].startswith("#"))

    def read_word(number: int, line: str) -> tuple[str, str] | None:
        if begins_document(line) or (numbered and line.startswith("#")):
            return None
        return cut_at_blanks(line)[int(numbered)], ""

    return read_sentences(text, read_word)


def _refuse_columns(text: str) -> None:
    counts = Counter(len(words) for line in text.split("\n") if (words := cut_at_blanks(line)))
    if counts.total() < 2:
        return
    width, lines = counts.most_common(1)[0]
    if lines >= ALIKE * counts.total():
        raise DataError(
            f"{lines} of {counts.total()} lines have {width} word{'s' * (width > 1)}: they may be sentences, or begin "
            "with a word each",
            Setting("words", ("lines", "columns"), "to tell which"),
        )
