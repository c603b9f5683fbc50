"""What a user's own file or folder is, by its ending and by what is in it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from zoo.data.blanks import cut_at_blanks
from zoo.data.csv_table import SAMPLE, find_separator, is_value
from zoo.data.folders import list_files
from zoo.data.sounds import SUFFIXES, is_recording
from zoo.data.source import DataError, read_text
from zoo.data.tagged_columns import is_conllu

# Kind -> the task that reads it, and what it is in words.
KINDS: dict[str, tuple[str, str]] = {
    "csv": ("csv", "a table whose rows are steps in time"),
    "csv_sequences": ("csv_sequences", "a table with many sequences"),
    "npz": ("npz", "numpy arrays"),
    "ts": ("ts", "an archive of series, .ts"),
    "wav": ("wav", "recordings, a folder for each class"),
    "conllu": ("conllu", "tagged words"),
    "text": ("plain_text", "a text"),
}
ENDINGS = {
    **dict.fromkeys((".csv", ".tsv"), "csv"),
    ".npz": "npz",
    ".ts": "ts",
    **dict.fromkeys((".conllu", ".conllup", ".conll", ".bio", ".iob", ".iob2"), "conllu"),
    **dict.fromkeys((".text", ".md"), "text"),
}
# A text in which this share of the lines has the same number of columns is taken for tagged words.
SHARE, MOST_TAGS = 0.9, 200
LEAST_ROWS = 10  # of a table that has no ending of its own


def find_kind(path: Path) -> str:
    """Return the kind of a file or folder, a key of `KINDS`.

    Raises:
        DataError: it does not exist, or neither its ending nor its content says what it is.
    """
    if path.is_dir():
        if any(map(is_recording, list_files(path))):
            return "wav"
        raise DataError(f"{path} has no recordings; a folder must hold a folder of them for each class")
    if not path.exists():
        raise DataError(f"{path} does not exist")
    ending = path.suffix.lower()
    if ending in ENDINGS:
        return ENDINGS[ending]
    if ending in SUFFIXES:
        raise DataError(f"{path} is one recording; give the folder that holds a folder of recordings for each class")
    if ending in (".txt", "") or b"\0" not in path.read_bytes()[:4096]:
        text = read_text(path)
        if is_conllu(text) or has_tags(text):
            return "conllu"
        if is_table_of_numbers(text):
            return "csv"
        if ending == ".txt":
            return "text"
    raise DataError(f"neither ending nor content of {path} says what it is; name its kind: {', '.join(KINDS)}")


def is_table_of_numbers(text: str) -> bool:
    """Return whether nearly all lines have the same number of cells, two or more, and most are numbers or dates."""
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")][:SAMPLE]
    if len(lines) < LEAST_ROWS:
        return False
    separator = find_separator(lines)
    # The first may be a header.
    rows = [line.split(separator) if separator != " " else cut_at_blanks(line) for line in lines[1:]]
    width, count = Counter(map(len, rows)).most_common(1)[0]
    cells = [cell for row in rows for cell in row]
    return width > 1 and count >= SHARE * len(rows) and 3 * sum(map(is_value, cells)) >= 2 * len(cells)


def has_tags(text: str) -> bool:
    """Return whether a text looks like words in columns: blank lines, lines of the same width, and few tags."""
    words = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]  # no comments
    lines = list(map(cut_at_blanks, words))
    sentences = len(re.findall(r"\n\s*\n", text.strip())) + 1
    if not 1 < sentences < len(lines):  # a blank line behind every line is the style of prose
        return False
    width, count = Counter(map(len, lines)).most_common(1)[0]
    tags = {line[-1] for line in lines if len(line) == width}
    return width > 1 and count >= SHARE * len(lines) and 1 < len(tags) <= min(MOST_TAGS, count // 2)
