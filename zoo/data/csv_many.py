"""Tables with the rows of many series, which are no single one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from zoo.data.csv_table import Table
from zoo.data.csv_times import INDEX_WORDS, read_times, steps_evenly, words_of
from zoo.data.settings import Setting
from zoo.data.source import DataError

LEAST_ROWS = 3  # of a series


def refuse_shared_times(
    table: Table, time: str, numbers: Mapping[str, NDArray[np.float64]], others: Sequence[str]
) -> None:
    """Refuse rows of several series at the same times, one below the other or by turns, whoever says they are in order.

    A column of words, or one that is called an index, says whose the rows are: the times of each rise or fall, and most
    of them are those of another one too.

    Args:
        table: with all columns.
        time: the column that tells it.
        numbers: of the table.
        others: the columns that may say whose the rows are.

    Raises:
        DataError: with the line of the first row of the second series.
    """
    try:
        times = numbers[time] if time in numbers else read_times(table.column(time), time, table.lines)
    except DataError:
        return  # it is told where the times are needed
    if len(np.unique(times)) > len(times) / 2 + 1:
        return
    for name in others:
        if name in numbers and not set(words_of(name)) & INDEX_WORDS:
            continue
        owners, groups = np.unique(np.array(table.column(name)), return_inverse=True)
        parts = [times[groups == k] for k in range(len(owners))]
        if len(parts) < 2 or min(map(len, parts)) < LEAST_ROWS or not all(map(_goes_on, parts)):
            continue
        second = int((groups != groups[0]).argmax())
        raise DataError(
            f"line {table.lines[second]}, column {name!r}: these are rows of {len(owners):,} series, which {name!r} "
            "tells apart and which share their times; give one series at a time, such as the rows of "
            f"{str(owners[groups[0]])!r}"
        )


def _goes_on(times: NDArray[np.float64]) -> bool:
    steps = np.diff(times)
    return bool((steps > 0).all() or (steps < 0).all())


def refuse_blocks(table: Table, names: Sequence[str]) -> None:
    """Refuse a column of words whose rows stand in blocks, as those of series do that stand below each other.

    Raises:
        DataError: with the line where the second block begins.
    """
    for name in names:
        cells = table.column(name)
        starts = [0, *(k for k in range(1, len(cells)) if cells[k] != cells[k - 1])]
        if not 1 < len(starts) == len(set(cells)) <= len(cells) / 2:
            continue
        raise DataError(
            f"line {table.lines[starts[1]]}, column {name!r}: from here on it is {cells[starts[1]]!r}, and before "
            f"{cells[0]!r}, as names of series are that stand below each other; give one series at a time",
            Setting("in_order", ("true",), "where all rows are one series"),
        )


def refuse_restarts(numbers: dict[str, NDArray[np.float64]], lines: Sequence[int]) -> None:
    """Refuse a column that counts evenly and begins again wherever another one changes, as steps of several series do.

    Raises:
        DataError: with the line where the second series begins.
    """
    for owner, values in numbers.items():
        starts = np.flatnonzero(np.diff(values)) + 1
        if not len(starts) or (np.diff(values)[starts - 1] < 0).any() or np.diff([0, *starts, len(values)]).min() < 3:
            continue
        for name, steps in numbers.items():
            parts = np.split(steps, starts)
            if all(steps_evenly(part) and part[0] == steps[0] for part in parts):
                raise DataError(
                    f"line {lines[starts[0]]}, column {name!r}: it begins again, as {owner!r} changes, like steps of "
                    "series that stand below each other; give one series at a time",
                    Setting("in_order", ("true",), "where all rows are one series"),
                )
