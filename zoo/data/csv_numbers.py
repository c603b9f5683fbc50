"""Numbers in the cells of CSV files: decimal points and commas, marks of thousands, missing values, dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from zoo.data.settings import Setting
from zoo.data.source import DataError

# Infinities too: they are no measurements, and no model can learn from them.
MISSING = frozenset(
    {"", "?", "-", "--", ".", "na", "n/a", "#na", "#n/a", "nan", "null", "none", "nil", "#div/0!", "#value!"}
    | {sign + word for sign in ("", "+", "-") for word in ("inf", "infinity")}
)
MONTH = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
# How dates and times of day begin.
DATE = (
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?!\d)|\d{4}-\d{2}(-\d{2})?(?!\d)|\d{1,2}:\d{2}|\d{4}[- ]?[QMW]\d"
    rf"|{MONTH}[-., ]{{1,2}}\d|\d{{1,4}}[-., ]{{1,2}}{MONTH}(?![a-z])"
)
MINUS = "\u2212"  # as typeset tables have it
BLANKS = " \u00a0\u202f"  # blanks that do not break lines are thousands marks in French


def is_missing(cell: str) -> bool:
    """Return whether a cell says that there is no value."""
    return cell.strip().lower() in MISSING


@cache
def _pattern(decimal: str) -> re.Pattern[str]:
    """Return what a number is where `decimal` is the mark of decimals; thousands may have any other mark."""
    marks = re.escape(("," if decimal == "." else ".") + "'\u2019" + BLANKS)
    point = re.escape(decimal)
    whole = rf"(?:\d{{1,3}}(?P<mark>[{marks}])\d{{3}}(?:(?P=mark)\d{{3}})*|\d+)"
    return re.compile(rf"[+{MINUS}-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?")


def is_number(cell: str) -> bool:
    """Return whether a cell is a number with a decimal point or a decimal comma."""
    cell = cell.strip()
    return any(_pattern(decimal).fullmatch(cell) is not None for decimal in ".,")


def find_decimal(cells: Iterable[tuple[int, str]], separator_is_semicolon: bool = False) -> str:
    """Return the mark of decimals by cells that can be read in one way only; a point where no cell has a mark.

    Args:
        cells: line and text of numbers with either mark.
        separator_is_semicolon: people whose decimals have commas separate cells by semicolons, so that 1.234 may be
            either there.

    Raises:
        DataError: some cells need a point and others a comma, or all can be read both ways, such as 1,234.
    """
    only: dict[str, tuple[int, str]] = {}
    doubtful: tuple[int, str] | None = None
    for line, cell in cells:
        if "." not in cell and "," not in cell:
            continue
        fits = [decimal for decimal in ".," if _pattern(decimal).fullmatch(cell)]
        if len(fits) == 1:
            only.setdefault(fits[0], (line, cell))
        elif fits and doubtful is None and ("," in cell or separator_is_semicolon):
            doubtful = (line, cell)
    if len(only) == 2:
        (line, point), (other, comma) = only["."], only[","]
        raise DataError(
            f"line {line}: {point!r} has a decimal point, and {comma!r} in line {other} a decimal comma; write all "
            "numbers in one way"
        )
    if only:
        return next(iter(only))
    if doubtful is not None:
        raise DataError(
            f"line {doubtful[0]}: {doubtful[1]!r} can be read with a decimal point and with a decimal comma, and so "
            "can all others",
            Setting("decimal", (".", ",")),
        )
    return "."


def read_numbers(cells: Sequence[str], decimal: str, name: str, lines: Sequence[int]) -> np.ndarray[Any, Any]:
    """Return the numbers of a column as float64, NaN where a value is missing.

    Args:
        cells: of the column.
        decimal: the mark of decimals.
        name: of the column, for errors.
        lines: of the cells, for errors.

    Raises:
        DataError: a cell is neither a number nor missing; the message has line and column.
    """
    pattern = _pattern(decimal)
    values = np.full(len(cells), np.nan)
    for k, cell in enumerate(cells):
        if is_missing(cell):
            continue
        if not pattern.fullmatch(cell):
            raise DataError(
                f"line {lines[k]}, column {name!r}: expected a number with a decimal "
                f"{'point' if decimal == '.' else 'comma'}, got {cell!r}"
            )
        values[k] = float(_plain(cell, decimal))
    return values


def _plain(cell: str, decimal: str) -> str:
    """Return a number as Python reads it."""
    for mark in ("," if decimal == "." else ".", "'", "\u2019", *BLANKS):
        cell = cell.replace(mark, "")
    return cell.replace(decimal, ".").replace(MINUS, "-")
