"""The column of a table that tells the time, and how it goes on after the last row."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# As ISO 8601 writes it, where the file's own way of writing is not known.
ISO = "%Y-%m-%d %H:%M:%S"
WRITTEN_AS_NUMBER = "%Y%m%d"
PERIOD = re.compile(r"(\d{4})([- ]?)([QMW])(\d{1,2})")
LATEST = 100  # rows by which the step of time is found
EVEN = 1e-6  # of a step: so much of a difference is none


@dataclass(frozen=True)
class Clock:
    """The times of rows, from the oldest to the newest.

    Args:
        name: of the column.
        cells: as the file has them.
        times: seconds since 1970 for dates, or the numbers of the column.
        dates: whether the cells are dates.
    """

    name: str
    cells: Sequence[str]
    times: NDArray[np.float64]
    dates: bool

    def go_on(self, count: int) -> list[str]:
        """Return the cells of the next rows; nothing where the last rows do not say how far apart rows are.

        Args:
            count: of rows.
        """
        times = self.times[-LATEST:]
        if len(times) < 3 or not (np.diff(times) > 0).all():
            return []
        if self.dates:
            return _go_on_with_dates(self.cells[-1], times, count)
        if all(re.fullmatch(r"\d{8}", cell) for cell in self.cells[-LATEST:]) and _is_day(self.cells[-1]):
            return _go_on_with_days(self.cells[-LATEST:], count)
        step = float(np.median(np.diff(times)))
        if not np.allclose(np.diff(times), step, rtol=EVEN, atol=0):
            return []
        return [f"{times[-1] + step * k:.15g}" for k in range(1, count + 1)]


def _is_day(cell: str) -> bool:
    return 1 <= int(cell[4:6]) <= 12 and 1 <= int(cell[6:]) <= 31 and 1800 <= int(cell[:4]) <= 2200


def _go_on_with_days(cells: Sequence[str], count: int) -> list[str]:
    """Return the next dates of such as 20200131."""
    import pandas

    moments = pandas.DatetimeIndex(pandas.to_datetime(list(cells), format=WRITTEN_AS_NUMBER))
    following = _continue(moments, count)
    return [] if following is None else [moment.strftime(WRITTEN_AS_NUMBER) for moment in following]


def _go_on_with_dates(last: str, times: NDArray[np.float64], count: int) -> list[str]:
    """Return the next dates in the file's own way of writing, or in that of ISO 8601 where that is not known."""
    import pandas

    moments = pandas.DatetimeIndex(pandas.to_datetime(np.round(times * 1e6).astype(np.int64), unit="us"))
    following = _continue(moments, count)
    if following is None:
        return []
    period = PERIOD.fullmatch(last)
    if period is not None:
        return [_write_period(moment, period) for moment in following]
    form = _find_form(last, moments[-1])
    return [moment.strftime(form) if form else _write_utc(last, moment) for moment in following]


def _continue(moments: Any, count: int) -> Any:
    """Return the moments that follow at the distance of those given, such as the first of each month, or None."""
    import pandas

    for some in (moments, moments[-3:]):  # a gap may lie before
        frequency = pandas.infer_freq(some)
        if frequency is not None:
            return pandas.date_range(moments[-1], periods=count + 1, freq=frequency)[1:]
    return None


def _find_form(cell: str, moment: Any) -> str:
    """Return the form by which the last cell is written; empty where none gives it back."""
    from pandas.tseries.api import guess_datetime_format

    for day_first in (False, True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas warns of a day above 12 where the month should be
            form = guess_datetime_format(cell, dayfirst=day_first)
        if form and moment.strftime(form) == cell:
            return form
        if form and "%f" in form and moment.strftime(form).startswith(cell):  # milliseconds, of which %f writes more
            return ""
    return ""


def _write_utc(cell: str, moment: Any) -> str:
    """Return a moment as ISO 8601 writes it; of a file that says an offset, in UTC."""
    offset = re.search(r"(Z|[+-]\d{2}:?\d{2})$", cell) is not None
    text: str = moment.strftime(ISO if moment.microsecond == 0 else f"{ISO}.%f")
    return f"{text}+00:00" if offset else text


def _write_period(moment: Any, example: re.Match[str]) -> str:
    """Return a quarter, a month or a week as the example is written, such as 1970 Q2, 1970M04 or 1970-W14."""
    _, between, kind, number = example.groups()
    year, week, _ = moment.isocalendar()
    if kind == "W":
        return f"{year}{between}W{week:0{len(number)}}"
    place = moment.quarter if kind == "Q" else moment.month
    return f"{moment.year}{between}{kind}{place:0{len(number)}}"
