"""Tables of many sequences: which column tells the time, and whether the rows of each sequence are in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from zoo.data.csv_columns import IN_ORDER, refuse_disorder
from zoo.data.csv_table import Table
from zoo.data.csv_times import (
    ENOUGH_ROWS,
    are_dates,
    clock_told,
    direction,
    gives_order,
    is_named_like_clock,
    read_times,
    steps_evenly,
)
from zoo.data.source import DataError

Numbers = Mapping[str, NDArray[np.float64]]
Groups = Sequence[NDArray[np.int64]]  # the rows of each sequence
INDEX = "counts the rows of each sequence"


def find_counters(numbers: Numbers, groups: Groups) -> dict[str, str]:
    """Return the columns of numbers that are an index or a clock within the sequences by their values, and why.

    An index changes by the same step in all rows of a sequence. A clock goes one way in each.
    """
    if sum(map(len, groups)) < ENOUGH_ROWS or max(map(len, groups)) < 3:
        return {}
    found = {}
    for name, values in numbers.items():
        if all(steps_evenly(values[places]) for places in groups if len(places) > 2):
            found[name] = INDEX
        elif np.isfinite(values).all() and all(direction(values[places]) for places in groups):
            changes = any(np.ptp(values[places]) for places in groups)
            if changes and (why := clock_told(values)):
                found[name] = why
    return found


def find_time(table: Table, names: Sequence[str], numbers: Numbers, counters: Mapping[str, str], groups: Groups) -> str:
    """Return the column that tells the time within the sequences; empty where there is none.

    Names say more than numbers do: dates come first, then columns that are called a time. Of parts of a time, such as
    hours, and of indices, one that rises is enough: hours begin again beside days, and an index may count down.

    Args:
        table: with all columns.
        names: of the columns that are no features.
        numbers: of the table.
        counters: columns that are an index or a clock by their numbers.
        groups: the rows of each sequence.
    """
    dates = [name for name in names if name not in numbers and are_dates(table.column(name))]
    called = [name for name in names if name in numbers and is_named_like_clock(name)]
    counting = [name for name in names if name in counters and _goes_one_way(numbers[name], counters[name], groups)]
    ordering = [*dates, *filter(gives_order, called)]
    for some in (called, counting):
        ordering += sorted(some, key=lambda name: not _rises(numbers[name], groups))
    return next((name for name in ordering if _changes(table.column(name), groups)), "")


def _goes_one_way(values: NDArray[np.float64], why: str, groups: Groups) -> bool:
    """Return whether all sequences agree whether an index rises; otherwise it counts something else than time."""
    return why != INDEX or len({direction(values[places]) for places in groups if len(places) > 1} - {0}) == 1


def _changes(cells: Sequence[str], groups: Groups) -> bool:
    """Return whether a column changes within a sequence."""
    return any(len({cells[k] for k in places}) > 1 for places in groups)


def _rises(times: NDArray[np.float64], groups: Groups) -> bool:
    """Return whether times rise or stay from row to row of each sequence."""
    return all(direction(times[places]) == 1 for places in groups)


def check_order(table: Table, name: str, numbers: Numbers, groups: Groups, repeats: bool) -> None:
    """Refuse rows that are not in the order of time within their sequence.

    Args:
        table: with all columns.
        name: of the column that tells the time.
        numbers: of the table.
        groups: the rows of each sequence.
        repeats: rows of a sequence may have the same time.

    Raises:
        DataError: with the line of the first one.
    """
    # Day and month are told apart by all sequences together: a short one may rise in both readings.
    times = (
        numbers[name]
        if name in numbers
        else read_times(table.column(name), name, table.lines, lambda times: _rises(times, groups))
    )
    for places in groups:
        lines = [table.lines[k] for k in places]
        if refuse_disorder(times[places], name, lines, several=repeats) < 0:
            raise DataError(
                f"line {lines[1]}, column {name!r}: the time falls; sort the rows of each sequence by time", IN_ORDER
            )
