"""Time series in CSV files: variables over time, with what was understood of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from zoo.data.csv_clock import Clock
from zoo.data.csv_columns import Columns, choose_columns
from zoo.data.csv_sentinels import find_sentinel
from zoo.data.csv_table import CsvForm, Table, load_table, parse_table
from zoo.data.float32 import rounding_error, to_float32
from zoo.data.missing import ALLOWED
from zoo.data.settings import Setting
from zoo.data.source import DataError, named


@dataclass(frozen=True)
class Series:
    """Variables over time.

    Args:
        values: float32 (T, C), NaN where one is missing.
        names: of the C variables.
        lines: of the rows in the file, from 1.
        left_out: other columns, and why.
        facts: what was understood of the file: a word and a line for each.
        clock: the time of each row; None where no column tells it.
    """

    values: Tensor
    names: list[str]
    lines: list[int] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    clock: Clock | None = None


def parse_csv(
    text: str,
    columns: Sequence[str] = (),
    *,
    time_column: str = "",
    form: CsvForm | None = None,
    in_order: bool = False,
    missing: bool = False,
) -> Series:
    """Read a table whose rows are steps of time.

    Args:
        text: the file's content.
        columns: names of the variables; where empty, all numbers that are no time, no index and not constant.
        time_column: the column that tells the time; found where empty.
        form: what is known of separator, header and numbers.
        in_order: the rows are in the order of time, whatever the times say.
        missing: take missing values as NaN; otherwise they are refused.

    Raises:
        DataError: the text has another form, a number is missing or too large for float32, or as `choose_columns`; the
            message has line and column.
    """
    return make_series(parse_table(text, form), columns, time_column, form, in_order, missing)


def load_csv(
    path: str | Path,
    columns: Sequence[str] = (),
    *,
    time_column: str = "",
    form: CsvForm | None = None,
    in_order: bool = False,
    missing: bool = False,
) -> Series:
    """Read a CSV file as `parse_csv` does.

    Raises:
        DataError: the file is missing or in another encoding, or as `parse_csv`, with the file's name.
    """
    table = load_table(path, form)
    with named(path):
        return make_series(table, columns, time_column, form, in_order, missing)


def make_series(
    table: Table, columns: Sequence[str], time_column: str, form: CsvForm | None, in_order: bool, missing: bool
) -> Series:
    chosen = choose_columns(table, columns, time_column, form, in_order)
    absent = np.isnan(chosen.values)
    if absent.any() and not missing:
        row, column = (int(k) for k in np.argwhere(absent)[0])
        name = chosen.names[column]
        cell = table.rows[table.lines.index(chosen.lines[row])][table.names.index(name)]
        raise DataError(
            f"line {chosen.lines[row]}, column {name!r}: the value is missing, got {cell!r}; {int(absent.sum()):,} are "
            "missing in all",
            ALLOWED,
        )
    for column, name in enumerate(chosen.names):
        if not (form and form.na_values) and (sentinel := find_sentinel(chosen.values[:, column])):
            row = int((chosen.values[:, column] == float(sentinel)).argmax())
            cell = table.rows[table.lines.index(chosen.lines[row])][table.names.index(name)]
            raise DataError(
                f"line {chosen.lines[row]}, column {name!r}: {cell} is far from all others, as what marks a gap is",
                Setting("na_values", (cell,), "to take it as missing"),
                Setting("na_values", ("none",), "to take it as a number"),
            )
    rounded = [to_float32(chosen.values[:, k], f"column {name!r}") for k, name in enumerate(chosen.names)]
    facts = _describe(table, chosen, int(absent.sum()))
    values = torch.from_numpy(np.stack(rounded, 1))
    return Series(values, chosen.names, chosen.lines, chosen.left_out, facts, chosen.clock)


def _describe(table: Table, chosen: Columns, missing: int) -> dict[str, str]:
    decimal = "point" if chosen.decimal == "." else "comma"
    coarse = [
        f"{name} by up to {rounding_error(chosen.values[:, k]):.3g}"
        for k, name in enumerate(chosen.names)
        if np.nanmax(np.abs(chosen.values[:, k])) > 2**24 and rounding_error(chosen.values[:, k])
    ]
    return {
        "form": f"{table.form}, a decimal {decimal}",
        "rows": f"{len(chosen.lines):,}",
        **({"comments": _count_comments(table.comments)} if table.comments else {}),
        "variables": f"{len(chosen.names)}: {', '.join(chosen.names)}",
        "time": chosen.time,
        "left out": "; ".join(f"{name} {why}" for name, why in chosen.left_out.items()) or "no column",
        "missing": f"{missing:,} of {chosen.values.size:,} values",
        **({"rounded": "; ".join(coarse)} if coarse else {}),
    }


def _count_comments(count: int) -> str:
    return "1 line that begins with # is no row" if count == 1 else f"{count:,} lines that begin with # are no rows"
