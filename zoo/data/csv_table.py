"""The cells of CSV files: encoding, separator, header, quotes, and the line of every row."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from zoo.data.blanks import cut_at_blanks
from zoo.data.csv_numbers import DATE, is_missing, is_number
from zoo.data.settings import Setting
from zoo.data.source import DataError, named, read_text
from zoo.errors import ArgumentError

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
HEADERS = ("", "yes", "no")
# Beginnings of texts that are no tables.
OTHERS = {"<!doctype": "a web page", "<html": "a web page", "<?xml": "XML", "{": "JSON", "[{": "JSON", "[[": "JSON"}
SAMPLE = 200  # lines by which separator and header are found


@dataclass(frozen=True)
class CsvForm:
    """What is known of a CSV file's form; what is empty is found.

    Args:
        separator: between the cells; a blank stands for any number of blanks.
        header: "yes" or "no": whether the first row names the columns.
        decimal: the mark of decimals, a point or a comma.
        encoding: as Python calls it, such as "cp1252"; UTF-8, or UTF-16 with a byte order mark, where empty.
        na_values: cells that say that a value is missing, such as "-999", besides the usual words.
    """

    separator: str = ""
    header: str = ""
    decimal: str = ""
    encoding: str = ""
    na_values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.separator not in ("", *SEPARATORS):
            raise ArgumentError(f"separator must be one of {', '.join(map(repr, SEPARATORS))}, got {self.separator!r}")
        if self.header not in HEADERS:
            raise ArgumentError(f"header must be 'yes' or 'no', or empty to find it, got {self.header!r}")
        if self.decimal not in ("", ".", ","):
            raise ArgumentError(f"decimal must be '.' or ',', or empty to find it, got {self.decimal!r}")


@dataclass(frozen=True)
class Table:
    """Cells as text.

    Args:
        names: of the columns.
        rows: the cells of each row, as many as there are names.
        lines: of the rows in the file, from 1.
        form: what the file was taken for, in words.
        comments: how many lines were taken for comments.
    """

    names: list[str]
    rows: list[list[str]]
    lines: list[int]
    form: str
    comments: int = 0

    def column(self, name: str) -> list[str]:
        """Return the cells of a column."""
        place = self.names.index(name)
        return [row[place] for row in self.rows]


def load_table(path: str | Path, form: CsvForm | None = None) -> Table:
    """Read a CSV file as `parse_table` does.

    Raises:
        DataError: the file is missing or in another encoding, or as `parse_table`, with the file's name.
    """
    form = form or CsvForm()
    text = read_text(path, form.encoding, Setting("encoding", ("cp1252",), "to read it as Windows wrote it"))
    with named(path):
        return parse_table(text, form)


def parse_table(text: str, form: CsvForm | None = None) -> Table:
    """Read the cells of a CSV text.

    Lines that begin with # before the table are comments, but for rows, as `_find_first_row` tells them; the last
    comment may be the header. Inside the table, see `_find_comments`.

    Args:
        text: the file's content.
        form: what is known of it.

    Raises:
        DataError: no rows, a row of another width, a quote that is not closed, a name that stands twice, or a first row
            that may be header or data; the message has the line.
    """
    form = form or CsvForm()
    other = next((words for begin, words in OTHERS.items() if text.lstrip().lower().startswith(begin)), "")
    if other:
        raise DataError(f"line 1 begins as {other} does; save the table as CSV")
    lines = text.split("\n")
    separator, skipped = form.separator, 0
    if lines[0].lower().startswith("sep=") and len(lines[0]) == 5:  # as Excel writes it
        separator, skipped = separator or lines[0][4], 1
        if separator not in SEPARATORS:
            raise DataError(
                f"line 1: {lines[0]!r} names the separator {separator!r}, expected one of "
                f"{', '.join(map(repr, SEPARATORS))}; save the table with one of them"
            )
    while skipped < len(lines) and (not lines[skipped].strip() or lines[skipped].startswith("#")):
        skipped += 1
    separator = separator or find_separator(lines[skipped : skipped + SAMPLE])
    skipped = _find_first_row(lines, separator, skipped)
    numbered, comments = _read_rows("\n".join(lines[skipped:]), separator, skipped, form.na_values)
    comments += sum(line.startswith("#") for line in lines[:skipped])
    if not numbered:
        raise DataError("there are no rows; a CSV needs a header and rows of numbers")
    rows = [row for _, row in numbered]
    comment = lines[skipped - 1].lstrip("# ") if skipped and lines[skipped - 1].startswith("#") else ""
    named = form.header == "yes" or (form.header == "" and _has_header(rows, numbered[0][0]))
    if named:
        header, numbered = rows[0], numbered[1:]
    else:
        above = [cells for _, cells in _read_rows(comment, separator, 0, ())[0]] if comment else []
        fits = bool(above) and len(above[0]) == len(rows[0]) > 1 and not any(map(is_number, above[0]))
        header, named = (above[0], True) if fits else ([""] * len(rows[0]), False)
        comments -= fits
    if not numbered:
        raise DataError("there is a header and no row; a CSV needs rows of numbers")
    table = _name_columns(header, numbered)
    words = "a header" if named else "no header: columns are called by their numbers"
    return Table(*table, f"{SEPARATORS[separator]} between cells, {words}", comments)


def find_separator(lines: Sequence[str]) -> str:
    """Return what stands between the cells: what cuts most lines into equally many cells that are numbers or dates."""

    def merit(separator: str) -> tuple[float, float, int]:
        rows = [cells for cells in _cut(lines, separator) if cells]
        width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
        cells = [cell for row in rows for cell in row]
        if width < 2:
            return 0.0, 0.0, 0
        return count / len(rows), sum(map(is_value, cells)) / len(cells), width

    return max(SEPARATORS, key=merit)


def _cut(lines: Sequence[str], separator: str) -> list[list[str]]:
    if separator == " ":
        return [cut_at_blanks(line) for line in lines]
    return list(csv.reader(lines, delimiter=separator, skipinitialspace=separator != "\t"))


def _read_rows(
    text: str, separator: str, skipped: int, absent: Sequence[str]
) -> tuple[list[tuple[int, list[str]]], int]:
    """Return line and cells of each row that is no blank line and no comment, and the number of comments.

    Raises:
        DataError: a row has another width than the first one.
    """
    lines = text.split("\n")
    if separator == " ":
        read: Any = ((k, cut_at_blanks(line)) for k, line in enumerate(lines, 1))
    else:
        reader = csv.reader(StringIO(text), delimiter=separator, skipinitialspace=separator != "\t", strict=True)
        read = _number_lines(reader, skipped)
    found = [(line, [cell.strip() for cell in cells]) for line, cells in read]
    found = [(line, cells) for line, cells in found if cells and cells != [""]]
    comments = _find_comments(found, lines, absent)
    rows: list[tuple[int, list[str]]] = []
    for line, cells in found:
        if line in comments:
            continue
        if rows and len(cells) != len(rows[0][1]):
            raise DataError(
                f"line {skipped + line} has {len(cells)} cells, line {rows[0][0]} has {len(rows[0][1])}, with "
                f"{SEPARATORS[separator]} between; all must have the same "
                "number; begin lines with # that are no rows"
            )
        rows.append((skipped + line, ["" if _is_one_of(cell, absent) else cell for cell in cells] if absent else cells))
    return rows, len(comments)


def _find_comments(found: Sequence[tuple[int, list[str]]], lines: Sequence[str], absent: Sequence[str]) -> set[int]:
    """Return the lines of a table that are comments, and no rows of things whose names begin with #.

    A comment begins with # outside quotes. It has another width than the first row, or nothing in its other cells, or
    the first column holds numbers or dates, which no # belongs to; #N/A is a missing value.

    Args:
        found: line and cells of what may be rows.
        lines: of the text.
        absent: cells that say that a value is missing.
    """
    marked = {line: cells for line, cells in found if lines[line - 1].lstrip(" ").startswith("#")}
    rows = [cells for line, cells in found if line not in marked]
    width = len(rows[0]) if rows else 0
    values = 2 * sum(is_value(cells[0]) for cells in rows[1:]) > len(rows) - 1

    def is_row(cells: list[str]) -> bool:
        missing = is_missing(cells[0]) or _is_one_of(cells[0], absent)
        return len(cells) == width > 1 and any(cells[1:]) and (missing or not values)

    return {line for line, cells in marked.items() if not is_row(cells)}


def _find_first_row(lines: Sequence[str], separator: str, skipped: int) -> int:
    """Return how many lines stand above the table, of which none is a row of a thing whose name begins with #.

    Such a row has the width of the others, a name where they have names, and a value where they have values.

    Args:
        lines: of the text.
        separator: between the cells.
        skipped: lines above the first one that begins with no #.
    """
    below = [line for line in lines[skipped : skipped + SAMPLE] if line.strip() and not line.startswith("#")]
    rows = [cells for cells in _cut(below, separator) if cells]
    if not rows:
        return skipped
    width = Counter(map(len, rows)).most_common(1)[0][0]
    rows = [cells for cells in rows if len(cells) == width]
    valued = [k for k in range(width) if 2 * sum(is_value(cells[k]) for cells in rows) > len(rows)]
    for number, line in enumerate(lines[:skipped]):
        if line.startswith("#"):
            cells = _cut([line], separator)[0]
            if len(cells) == width and valued and 0 not in valued and all(is_value(cells[k]) for k in valued):
                return number
    return skipped


def _is_one_of(cell: str, absent: Sequence[str]) -> bool:
    """Return whether a cell is among others, as text or as the same number."""
    return cell in absent or (_as_float(cell) is not None and _as_float(cell) in map(_as_float, absent))


def _as_float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _number_lines(reader: Any, skipped: int) -> Any:
    first = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"line {skipped + first}: {error}: a quote is not closed, or stands inside a cell"
            ) from error
        yield first, cells
        first = reader.line_num + 1


def _has_header(rows: list[list[str]], line: int) -> bool:
    """Return whether the first row names the columns: none of its cells is a number where the others below are."""
    body = rows[1 : SAMPLE + 1]
    if not body:
        return not any(map(is_value, filter(None, rows[0])))
    typed = [k for k in range(len(rows[0])) if 2 * sum(is_value(row[k]) for row in body) > len(body)]
    as_data = [k for k in typed if is_value(rows[0][k]) and not is_missing(rows[0][k])]
    if not as_data:
        return True
    if len(as_data) == len(rows[0]):
        return False
    as_names = [k for k in typed if k not in as_data and not is_missing(rows[0][k])]
    raise DataError(
        f"line {line} may name the columns or be data: {rows[0][as_data[0]]!r} is a number and others are none",
        Setting("header", ("yes",) if as_names else ("yes", "no")),
    )


def _name_columns(
    header: list[str], numbered: list[tuple[int, list[str]]]
) -> tuple[list[str], list[list[str]], list[int]]:
    """Return names, rows and lines, without a last column that has neither a name nor a value."""
    rows = [row for _, row in numbered]
    if not header[-1] and len(header) > 1 and not any(row[-1] for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    names = [name or f"column {k}" for k, name in enumerate(header, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = " and ".join(str(k) for k, name in enumerate(names, 1) if name == twice[0])
        raise DataError(f"columns {places} are both called {twice[0]!r}; give each a name of its own")
    return names, rows, [line for line, _ in numbered]


def is_value(cell: str) -> bool:
    """Return whether a cell is a number, a date, or says that there is no value."""
    return is_missing(cell) or is_number(cell) or re.match(DATE, cell.strip()) is not None
