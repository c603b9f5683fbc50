"""Values with time stamps in `.ts` files: (stamp,value),(stamp,value),... at even distances."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from zoo.data.source import DataError

PAIR = re.compile(r"\(\s*([^(),]+?)\s*,\s*([^(),]+?)\s*\)")


def read_stamped(channels: list[str], places: list[str]) -> tuple[NDArray[np.float64], float]:
    """Return the values (T, channels) of a series, NaN where one is missing, and the time of a step; 0 of one step.

    Args:
        channels: each as (stamp,value),(stamp,value),...; a stamp is a number or a date.
        places: of the channels, for errors.

    Raises:
        DataError: another form, stamps at uneven distances, or channels with other stamps than the first.
    """
    columns, first, step = [], None, 0.0
    for channel, place in zip(channels, places, strict=True):
        pairs = PAIR.findall(channel)
        if not pairs or PAIR.sub("", channel).replace(",", "").strip():
            raise DataError(f"{place}: expected (time stamp,value),(time stamp,value),..., got {channel[:40]!r}")
        stamps = [stamp for stamp, _ in pairs]
        if first is None:
            first = stamps
            times = _read_stamps(stamps, place)
            _refuse_uneven(times, stamps, place)
            step = float(times[1] - times[0]) if len(times) > 1 else 0.0
        elif stamps != first:
            raise DataError(f"{place} has other time stamps than channel 1; bring all channels to the same ones")
        columns.append([_read_value(value, f"{place}, value {k}") for k, (_, value) in enumerate(pairs, 1)])
    return np.array(columns).T, step


def _read_value(cell: str, place: str) -> float:
    try:
        value = np.nan if cell == "?" else float(cell)
    except ValueError as error:
        raise DataError(f"{place}: expected a number or ?, got {cell!r}") from error
    return value if np.isfinite(value) else np.nan


def _read_stamps(stamps: list[str], place: str) -> NDArray[np.float64]:
    """Return stamps as numbers; dates in seconds."""
    try:
        return np.array([float(stamp) for stamp in stamps])
    except ValueError:
        pass
    import pandas

    try:
        dates = pandas.to_datetime(stamps, format="ISO8601")
    except ValueError as error:
        raise DataError(f"{place}: time stamps must be numbers or dates as 2020-01-31 12:30:00 ({error})") from error
    seconds: NDArray[np.float64] = ((dates - dates[0]) / pandas.Timedelta(seconds=1)).to_numpy()
    return seconds


def _refuse_uneven(times: NDArray[np.float64], stamps: list[str], place: str) -> None:
    """Refuse stamps that are not at the distance of the first two: a model reads steps, and no times."""
    steps = np.diff(times)
    wrong = (steps <= 0) | ~np.isclose(steps, steps[0] if len(steps) else 1.0, rtol=1e-3, atol=0)
    if wrong.any():
        k = int(wrong.argmax())
        before, after = list(pairwise(stamps))[k]
        raise DataError(
            f"{place}: the time goes from {before} to {after}, another step than from {stamps[0]} to {stamps[1]}; "
            "bring the series to even steps, with ? where nothing was measured"
        )
