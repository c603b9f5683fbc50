"""Which columns of a table are variables, which one is the time, and which say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.data.csv_clock import Clock
from zoo.data.csv_many import refuse_blocks, refuse_restarts, refuse_shared_times
from zoo.data.csv_numbers import find_decimal, is_missing, is_number, read_numbers
from zoo.data.csv_table import CsvForm, Table
from zoo.data.csv_times import (
    are_dates,
    direction,
    gives_order,
    read_times,
    refuse_doubtful,
    tells_part_of_time,
    time_told,
)
from zoo.data.settings import Setting
from zoo.data.source import DataError

MANY = 20  # variables; fewer may be more than the rows of a short series
IN_ORDER = Setting("in_order", ("true",), "where the rows are in the order of time all the same")
NAMED_COLUMNS = Setting("columns", ("NAME,NAME",), "to take those that you name")


@dataclass(frozen=True)
class Columns:
    """The numbers of a table.

    Args:
        values: float64 (T, C), NaN where one is missing, in the order of time.
        names: of the C variables.
        lines: of the rows in the file.
        left_out: other columns, and why.
        time: what is known of the time, in words.
        decimal: the mark of decimals.
        clock: the time of each row; None where no column tells it.
    """

    values: NDArray[np.float64]
    names: list[str]
    lines: list[int]
    left_out: dict[str, str]
    time: str
    decimal: str
    clock: Clock | None = None


def choose_columns(
    table: Table,
    columns: Sequence[str] = (),
    time_column: str = "",
    form: CsvForm | None = None,
    in_order: bool = False,
) -> Columns:
    """Return the variables of a table.

    Args:
        table: as read.
        columns: names of the variables; where empty, all numbers that are no time, no index and not constant.
        time_column: the column that tells the time; found where empty.
        form: of the file, for the mark of decimals.
        in_order: the rows are in the order of time, whatever the times say.

    Raises:
        DataError: a column is missing or no number, rows are not in the order of time, or it is doubtful whether a
            column is a time.
    """
    _refuse_unknown(table, [*columns, *([time_column] if time_column else [])])
    cells = {name: table.column(name) for name in table.names}
    decimal = settle_decimal(table, form).decimal
    numbers = read_columns(table, decimal, columns)
    left_out, told = _leave_out(cells, numbers, columns, time_column)
    names = list(columns) or [name for name in table.names if name not in left_out]
    if not names:
        reasons = "; ".join(f"{name} {why}" for name, why in left_out.items())
        raise DataError(f"no column is left to learn from: {reasons}", NAMED_COLUMNS)
    if not columns and len(names) > max(MANY, len(table.rows)):
        raise DataError(
            f"{len(names)} variables are more than {len(table.rows)} rows: a row is a step of time here; where it is a "
            "series, save X and y with numpy.savez",
            NAMED_COLUMNS,
        )
    values, lines, words = np.stack([numbers[name] for name in names], 1), table.lines, "rows are taken in their order"
    dates = [name for name in left_out if name not in numbers and are_dates(cells[name])]
    ordering = [time_column] if time_column else [*dates, *(name for name in told if gives_order(name)), *told]
    if ordering:
        refuse_shared_times(table, ordering[0], numbers, [name for name in table.names if name not in ordering])
    time = ordering[0] if ordering and not in_order else ""
    clock = None
    if time:
        times = numbers[time] if time in numbers else read_times(cells[time], time, lines)
        several = any(tells_part_of_time(other, numbers[other]) for other in told if other != time)
        turn = refuse_disorder(times, time, lines, several)
        words = f"{time}, " + ("from the newest row to the oldest in the file, turned round" if turn < 0 else "rising")
        values, lines, times = values[::turn], lines[::turn], times[::turn]
        words += _describe_gaps(times, lines)
        clock = Clock(time, cells[time][::turn], times, dates=time not in numbers)
    elif not in_order:
        refuse_blocks(table, [name for name in table.names if name not in numbers and name not in dates])
        refuse_restarts(numbers, table.lines)
    return Columns(np.ascontiguousarray(values), names, lines, left_out, words, decimal, clock)


def settle_decimal(table: Table, form: CsvForm | None) -> CsvForm:
    """Return the form with the mark of decimals that all columns of numbers share.

    Raises:
        DataError: as `find_decimal`.
    """
    form = form or CsvForm()
    if form.decimal:
        return form
    numeric = [cells for name in table.names if are_numbers(cells := table.column(name))]
    marked = ((line, cell) for cells in numeric for line, cell in zip(table.lines, cells, strict=True))
    return replace(form, decimal=find_decimal(marked, table.form.startswith("semicolons")))


def read_columns(table: Table, decimal: str, wanted: Sequence[str] = ()) -> dict[str, NDArray[np.float64]]:
    """Return the columns of numbers, and those that are wanted all the same.

    Raises:
        DataError: as `read_numbers`.
    """
    numeric = [name for name in table.names if are_numbers(table.column(name))]
    return {
        name: read_numbers(table.column(name), decimal, name, table.lines)
        for name in dict.fromkeys([*numeric, *wanted])
    }


def _refuse_unknown(table: Table, wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in table.names]
    if missing:
        raise DataError(f"no column {', '.join(missing)}; there are {', '.join(table.names)}")
    twice = [name for name in wanted if wanted.count(name) > 1]
    if twice:
        raise DataError(f"column {twice[0]!r} is asked for twice; name it once")


def are_numbers(cells: Sequence[str]) -> bool:
    """Return whether at least half of the cells that are not missing are numbers."""
    known = [cell for cell in cells if not is_missing(cell)]
    return bool(known) and 2 * sum(map(is_number, known)) >= len(known)


def _leave_out(
    cells: dict[str, list[str]], numbers: dict[str, Any], columns: Sequence[str], time_column: str
) -> tuple[dict[str, str], list[str]]:
    """Return the columns that are no variables, and why; and those of them that are numbers and tell the time."""
    found: dict[str, str] = {}
    told: list[str] = []
    for name, column in cells.items():
        if name in columns:
            continue
        example = next((cell for cell in column if not is_missing(cell)), None)
        if name == time_column:
            found[name] = "is the time"
        elif example is None:
            found[name] = "has no values"
        elif name not in numbers:
            found[name] = "tells the time" if are_dates(column) else f"has no numbers, such as {example!r}"
        elif len(column) > 1 and np.nanmin(numbers[name]) == np.nanmax(numbers[name]):
            found[name] = f"is constant at {example}"
        elif why := time_told(name, numbers[name]):
            found[name] = why
            told.append(name)
        elif not columns:  # whoever names the variables has said that this is none
            refuse_doubtful(name, numbers[name])
        if columns and name != time_column:
            found[name] = "was not asked for"
    return found, told


def refuse_disorder(times: NDArray[np.float64], name: str, lines: Sequence[int], several: bool) -> int:
    """Return 1 where times rise, -1 where they fall; they may repeat where several columns tell the time.

    Raises:
        DataError: they do neither; the message has the line.
    """
    if not np.isfinite(times).all():
        raise DataError(f"line {lines[int((~np.isfinite(times)).argmax())]}, column {name!r}: the time is missing")
    turn = direction(times)
    steps = np.diff(times) * (turn or (1 if np.median(np.diff(times)) >= 0 else -1))
    wrong = steps < 0 if several else steps <= 0
    if len(steps) and wrong.any():
        k = int(wrong.argmax())
        raise DataError(
            f"line {lines[k + 1]}, column {name!r}: the time does not go on from line {lines[k]}; sort the rows, or "
            "give one series at a time",
            IN_ORDER,
        )
    return turn or 1


def _describe_gaps(times: NDArray[np.float64], lines: Sequence[int]) -> str:
    """Return how many steps of time are longer than most, in words."""
    steps = np.diff(times)
    if not len(steps) or not (steps > 0).all():
        return ""
    usual = np.median(steps)
    longer = steps > 1.5 * usual
    if not longer.any():
        return ""
    line = lines[int(longer.argmax()) + 1]
    count = int(longer.sum())
    return f"; {count:,} {'step is' if count == 1 else 'steps are'} longer than most, the first one before line {line}"
