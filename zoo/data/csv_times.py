"""Columns that tell the time: by their names, as dates, or as numbers that rise from row to row."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.data.csv_numbers import DATE, is_missing
from zoo.data.settings import Setting
from zoo.data.source import DataError

# A column is a time if its name is made of these words; units say nothing alone.
TIME_WORDS = frozenset(
    {
        "date",
        "datetime",
        "time",
        "timestamp",
        "times",
        "dates",
        "year",
        "years",
        "month",
        "months",
        "day",
        "days",
        "hour",
        "hours",
        "minute",
        "minutes",
        "second",
        "seconds",
        "week",
        "quarter",
        "weekday",
        "doy",
        "yyyymmdd",
        "yyyy",
        "epoch",
    }
)
INDEX_WORDS = frozenset({"index", "idx", "id", "ids", "row", "rownames", "unnamed", "nr"})
UNIT_WORDS = frozenset(
    {
        "unix",
        "utc",
        "gmt",
        "local",
        "of",
        "in",
        "the",
        "s",
        "ms",
        "us",
        "ns",
        "sec",
        "min",
        "h",
        "d",
        "number",
        "no",
        "num",
        "start",
        "end",
        "from",
        "to",
        "at",
    }
)
# These give the order of the rows; the others repeat, as hours do.
ORDER_WORDS = frozenset({"date", "datetime", "time", "timestamp", "year", "yyyymmdd", "epoch"})
# In fewer rows numbers may rise by chance.
ENOUGH_ROWS = 10
ISO_TIME = r"\d{4}-\d{2}-\d{2}[T ]\d"
UNIX_SECONDS = (3e8, 4.2e9)  # 1979 to 2103


def words_of(name: str) -> list[str]:
    """Return the words of a column's name in small letters: parts of camelCase, without numbers and marks."""
    return re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())


def is_named_like_time(name: str) -> bool:
    """Return whether a name says time or index and nothing else, such as YEAR or unix_time."""
    words = set(words_of(name))
    return bool(words & (TIME_WORDS | INDEX_WORDS)) and words <= TIME_WORDS | INDEX_WORDS | UNIT_WORDS


def is_named_like_clock(name: str) -> bool:
    """Return whether a name says time, and no index."""
    return is_named_like_time(name) and not set(words_of(name)) & INDEX_WORDS


def tells_part_of_time(name: str, values: NDArray[np.float64]) -> bool:
    """Return whether a column comes round again and again beside another time, as hours do beside dates."""
    return is_named_like_clock(name) and not direction(values)


def gives_order(name: str) -> bool:
    """Return whether a name promises a time that goes on from row to row."""
    return is_named_like_time(name) and bool(set(words_of(name)) & ORDER_WORDS)


def direction(times: NDArray[np.float64]) -> int:
    """Return 1 where times rise from row to row or stay, -1 where they fall or stay, 0 otherwise."""
    steps = np.diff(times)
    if (steps >= 0).all():
        return 1
    return -1 if (steps <= 0).all() else 0


def steps_evenly(values: NDArray[np.float64]) -> bool:
    """Return whether numbers change by the same step from row to row, as an index does."""
    steps = np.diff(values)
    return bool(steps[0] != 0) and np.allclose(steps, steps[0], rtol=1e-6, atol=0)


def time_told(name: str, values: NDArray[np.float64]) -> str:
    """Return why a column of numbers is a time or an index; empty where it is none, or where that is doubtful."""
    if is_named_like_time(name):
        return "is named like a time or an index"
    if not _goes_on(values):
        return ""
    if steps_evenly(values):
        return f"changes by {values[1] - values[0]:g} in every row, as an index does"
    return clock_told(values)


def clock_told(values: NDArray[np.float64]) -> str:
    """Return which clock's numbers these are; empty where they are none."""
    if _are_dates(values):
        return "is a date written as a number"
    if any(
        UNIX_SECONDS[0] * scale < values.min() and values.max() < UNIX_SECONDS[1] * scale for scale in (1, 1e3, 1e9)
    ):
        return "is a unix time"
    return ""


def refuse_doubtful(name: str, values: NDArray[np.float64]) -> None:
    """Refuse a column that `time_told` takes for no time, and that may be one.

    Raises:
        DataError: it rises or falls in every row, which a time does, and a total too.
    """
    if not _goes_on(values):
        return
    moves = "rises" if values[1] > values[0] else "falls"
    raise DataError(
        f"column {name!r} {moves} in every row, as a time does, and a total too",
        Setting("time_column", (name,), "to leave it out"),
        Setting("columns", ("NAME,NAME",), "to name all variables"),
    )


def _goes_on(values: NDArray[np.float64]) -> bool:
    """Return whether numbers rise in every row or fall in every row, in more rows than by chance."""
    if len(values) < ENOUGH_ROWS or not np.isfinite(values).all():
        return False
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all())


def _are_dates(values: NDArray[np.float64]) -> bool:
    """Return whether all numbers are dates such as 19580329."""
    month, day = values // 100 % 100, values % 100
    whole = (values == values.round()) & (values > 1e7) & (values < 1e8)
    return bool((whole & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def are_dates(cells: Sequence[str]) -> bool:
    """Return whether most cells that are not missing look like dates or times of day."""
    known = [cell for cell in cells if not is_missing(cell)]
    return bool(known) and 2 * sum(re.match(DATE, cell) is not None for cell in known) > len(known)


def _write_first_day(cell: str) -> str:
    """Return the first day of a quarter, a month or a week, such as 1970 Q2, 1970M04 or 1970-W14, as a date."""
    found = re.fullmatch(r"(\d{4})[- ]?([QMW])(\d{1,2})", cell)
    if found is None:
        return cell
    year, number = int(found[1]), int(found[3])
    if found[2] == "W":
        return date.fromisocalendar(year, number, 1).isoformat() if 1 <= number <= 53 else cell
    return f"{year}-{3 * number - 2 if found[2] == 'Q' else number:02}-01"


def read_times(
    cells: Sequence[str],
    name: str,
    lines: Sequence[int],
    in_order: Callable[[NDArray[np.float64]], object] = direction,
) -> NDArray[np.float64]:
    """Return dates in seconds since 1970. Of day and month, the one comes first with which the rows are in order.

    Args:
        cells: of the column.
        name: of the column, for errors.
        lines: of the cells, for errors.
        in_order: whether rows with these times are in order.

    Raises:
        DataError: a cell is no date, or another kind of date than the first one; the message has line and column.
    """
    import pandas  # takes 0.5 s, and only series need it
    from pandas.tseries.api import guess_datetime_format

    cells = [_write_first_day(cell) for cell in cells]
    example = next((cell for cell in cells if re.match(DATE, cell)), "")
    if not example:
        raise DataError(f"line {lines[0]}, column {name!r}: expected a date or a number, got {cells[0]!r}")
    readings: list[NDArray[np.float64]] = []
    worst = 0
    # Programs leave out fractions of a second where they are zero, which ISO 8601 allows.
    dotted = re.match(r"\d{1,2}\.\d{1,2}\.", example) is not None  # nobody writes the month first there
    forms = [(dotted, ""), (not dotted, ""), *([(False, "ISO8601")] if re.match(ISO_TIME, example) else [])]
    for day_first, form in forms:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas warns of a day above 12 where the month should be
            form = form or guess_datetime_format(example, dayfirst=day_first) or "mixed"
            found: Any = pandas.to_datetime(
                pandas.Series(list(cells)), format=form, dayfirst=day_first, errors="coerce", utc=True
            )
        wrong = found.isna().to_numpy()
        if wrong.any():
            worst = max(worst, int(wrong.argmax()))
            continue
        readings.append(((found - pandas.Timestamp(0, tz="UTC")) / pandas.Timedelta(seconds=1)).to_numpy())
    if not readings:
        raise DataError(
            f"line {lines[worst]}, column {name!r}: expected a date such as {example!r}, got {cells[worst]!r}"
        )
    ordered = [times for times in readings if in_order(times)]
    if ordered and not re.match(r"\d{4}", example):  # where the year comes first, the month follows
        return min(ordered, key=_unevenness)
    return (ordered or readings)[0]


def _unevenness(times: NDArray[np.float64]) -> float:
    """Return how much steps of time differ: 01/02, 01/03, ... may be days of January, and years lie between some."""
    steps = np.abs(np.diff(times))
    return float(np.ptp(steps) / np.median(steps)) if len(steps) and np.median(steps) > 0 else 0.0
