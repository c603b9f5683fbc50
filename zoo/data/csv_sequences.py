"""Many sequences in one CSV file: a column names the sequence of a row, and others hold what is to be learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zoo.data.arrays import EITHER, MOST_CLASSES
from zoo.data.csv_columns import NAMED_COLUMNS, are_numbers, read_columns, settle_decimal
from zoo.data.csv_numbers import is_missing
from zoo.data.csv_order import check_order, find_counters, find_time
from zoo.data.csv_series import make_series
from zoo.data.csv_table import CsvForm, Table, load_table
from zoo.data.settings import Setting
from zoo.data.source import DataError, named

WHICH = Setting("sequence", ("COLUMN",), "to name the sequence of a row")
LEARNT = Setting("targets", ("COLUMN,COLUMN",), "to name what is learnt")
CLASSES = Setting("goal", ("classes",), "where they are names of classes")


@dataclass(frozen=True)
class CsvSequences:
    """Sequences with a class or with numbers each.

    Args:
        sequences: float32 (T, C) each, in the order of time; NaN where a value is missing.
        names: of the sequences, as their column has them.
        lines: of the first row of each.
        columns: the C features.
        classes: of the sequences; empty where they have numbers.
        numbers: float32 (K,) of each, or (T, K) where they change from row to row; empty where they have classes.
        facts: what was understood of the file: a word and a line for each.
    """

    sequences: list[Tensor]
    names: list[str]
    lines: list[int]
    columns: list[str]
    classes: list[str]
    numbers: list[Tensor]
    facts: dict[str, str]


def load_csv_sequences(
    path: str | Path,
    sequence: str,
    targets: Sequence[str],
    columns: Sequence[str] = (),
    *,
    time_column: str = "",
    form: CsvForm | None = None,
    goal: str = "",
    missing: bool = False,
    in_order: bool = False,
    labelled: bool = True,
) -> CsvSequences:
    """Read a CSV file whose rows are steps of many sequences.

    Args:
        path: of the file.
        sequence: the column that names the sequence of a row. Its rows need not stand together.
        targets: the columns to learn: one of words, which is a class; or numbers, each the same in all rows of a
            sequence, or one for every step.
        columns: the features; where empty, all other numbers that are no time, no index and not constant.
        time_column: the column that tells the time, by which the rows of each sequence have to rise; found where empty.
        form: what is known of separator, header and numbers.
        goal: "classes" or "numbers": what the targets are; where empty, numbers are numbers.
        missing: take missing values of features as NaN; otherwise they are refused.
        in_order: the rows of each sequence are in the order of time, whatever the times say.
        labelled: read the targets; otherwise they need not be there, and the result has neither classes nor numbers.

    Raises:
        DataError: as `load_csv`, or a target is missing, may be a class or a number, or is a class that changes within
            a sequence; the message has line or column.
    """
    table = load_table(path, form)
    kept = [name for name in targets if labelled or name in table.names]
    with named(path):
        return _read_sequences(
            table, sequence, kept, list(columns), time_column, form, goal, missing, in_order, labelled
        )


def _read_sequences(
    table: Table,
    sequence: str,
    targets: list[str],
    columns: list[str],
    time_column: str,
    form: CsvForm | None,
    goal: str,
    missing: bool,
    in_order: bool,
    labelled: bool,
) -> CsvSequences:
    if not sequence or (labelled and not targets):
        lacks = [WHICH] * (not sequence) + [LEARNT] * (not targets)
        raise DataError(f"the columns are {', '.join(table.names)}, and no option says what they are", *lacks)
    unknown = [name for name in (sequence, *targets) if name not in table.names]
    if unknown:
        raise DataError(f"no column {', '.join(unknown)}; there are {', '.join(table.names)}")
    both = sorted({sequence, *targets} & set(columns))
    if both or sequence in targets:
        raise DataError(f"column {(both or [sequence])[0]!r} has two uses; a feature is neither a target nor a name")
    owners = table.column(sequence)
    rows: dict[str, list[int]] = {}
    for k, owner in enumerate(owners):
        if is_missing(owner):
            raise DataError(
                f"line {table.lines[k]}, column {sequence!r}: the row belongs to no sequence, got {owner!r}"
            )
        rows.setdefault(owner, []).append(k)
    groups = [np.array(places) for places in rows.values()]
    # One mark of decimals holds for the whole table, features and targets; names may have any mark.
    words = (sequence, *(targets if goal == "classes" else []))
    form = settle_decimal(select_columns(table, [name for name in table.names if name not in words]), form)
    others = [name for name in table.names if name not in (sequence, *targets)]
    known = read_columns(select_columns(table, others), form.decimal)
    counters = find_counters(known, groups)
    inner = {} if columns else {name: why for name, why in counters.items() if name != time_column}
    told = "; ".join(f"{name} {why}" for name, why in inner.items())
    if inner and len(inner) == len(others):
        raise DataError(f"no column is left to learn from: {told}", NAMED_COLUMNS)
    rest = select_columns(table, [name for name in others if name not in inner])
    features = make_series(rest, columns, time_column, form, True, missing)
    time = "" if in_order else time_column
    if not (time or in_order):
        time = find_time(table, [name for name in others if name not in features.names], known, counters, groups)
    if time:
        check_order(table, time, known, groups, repeats=not time_column)
    classes, numbers = _read_targets(table, targets, groups, form, goal) if labelled else ([], [])
    facts = {**features.facts, "sequences": f"{len(groups):,}, by column {sequence}"}
    facts["time"] = f"{time}, rising in each sequence" if time else "rows are taken in their order"
    if inner:
        left = "" if facts["left out"] == "no column" else f"; {facts['left out']}"
        facts["left out"] = told + left
    return CsvSequences(
        [features.values[torch.from_numpy(places)] for places in groups],
        list(rows),
        [table.lines[places[0]] for places in groups],
        features.names,
        classes,
        numbers,
        facts,
    )


def select_columns(table: Table, names: Sequence[str]) -> Table:
    """Return a table with some of the columns."""
    places = [table.names.index(name) for name in names]
    return replace(table, names=list(names), rows=[[row[place] for place in places] for row in table.rows])


def _read_targets(
    table: Table, targets: list[str], groups: list[NDArray[np.int64]], form: CsvForm, goal: str
) -> tuple[list[str], list[Tensor]]:
    """Return a class for each sequence, or its numbers."""
    for name in targets:
        for line, cell in zip(table.lines, table.column(name), strict=True):
            if is_missing(cell):
                raise DataError(f"line {line}, column {name!r}: the target is missing, got {cell!r}")
    one = len(targets) == 1
    if goal == "classes" and not one:
        raise DataError(f"a sequence has one class, got the columns {', '.join(targets)}; name one of them")
    if goal == "classes" or (one and not goal and not are_numbers(table.column(targets[0]))):
        cells = table.column(targets[0])
        for places in groups:
            for k in places:
                if cells[k] != cells[places[0]]:
                    raise DataError(
                        f"line {table.lines[k]}, column {targets[0]!r}: the class is {cells[k]!r}, and in line "
                        f"{table.lines[places[0]]} of the same sequence {cells[places[0]]!r}; a sequence has one class"
                    )
        return [cells[places[0]] for places in groups], []
    try:
        values = make_series(select_columns(table, targets), targets, "", form, True, False).values
    except DataError as error:
        raise DataError(error.message, *error.settings, *([CLASSES] if one and not goal else [])) from error
    parts = [values[torch.from_numpy(places)] for places in groups]
    if not all((part == part[0]).all() for part in parts):
        return [], parts
    distinct = {float(part[0, 0]) for part in parts}
    if one and not goal and len(distinct) <= MOST_CLASSES and all(map(float.is_integer, distinct)):
        raise DataError(
            f"column {targets[0]!r} has {len(distinct)} whole numbers, which may be classes or numbers", EITHER
        )
    return [], [part[0] for part in parts]
