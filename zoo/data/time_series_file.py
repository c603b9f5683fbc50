"""Series with classes or numbers in `.ts` files, the format of the UEA, UCR and regression archives.

Bagnall et al. 2018, "The UEA multivariate time series classification archive", describes classes; Tan et al. 2021,
"Time series extrinsic regression", numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zoo.data.float32 import to_float32
from zoo.data.missing import ALLOWED
from zoo.data.source import DataError, read_text
from zoo.data.time_stamps import read_stamped

# A colon inside of brackets belongs to a time of day.
BETWEEN_CHANNELS = re.compile(r":(?![^()]*\))")


@dataclass(frozen=True)
class LabelledSeries:
    """Series with one class or one number each.

    Args:
        series: float32 (seq_len, channels), each with its own seq_len; NaN where a value is missing.
        lines: of the series in the file, from 1.
        classes: of the series; empty where the file has numbers.
        class_names: in the order of the file's `@classLabel` line.
        targets: float32 (number of series,), where the file has numbers.
    """

    series: list[Tensor]
    lines: list[int]
    classes: list[str]
    class_names: list[str]
    targets: Tensor | None


@dataclass(frozen=True)
class Header:
    """What the lines before `@data` say.

    Args:
        stamped: whether every value has a time stamp.
        class_names: empty where the file has numbers.
        channels: of every series; 0 where the header does not say it.
        equal: whether all series are equally long.
        length: of every series; 0 where the header does not say it.
    """

    stamped: bool
    class_names: list[str]
    channels: int
    equal: bool
    length: int


def load_time_series(path: str | Path, *, missing: bool = False) -> LabelledSeries:
    """Read a file of series. Colons separate the channels of a series and its class or number, which comes last.

    Args:
        path: of the file.
        missing: take missing values as NaN; otherwise they are refused.

    Raises:
        DataError: no such file, a line that contradicts the header or is of another form, uneven time stamps, or a
            value that is missing; the message has the line.
    """
    header, body = _cut_header(path, read_text(path))
    series: list[NDArray[np.float64]] = []
    usual = 0.0  # the time of a step
    lines, ends = [], []
    for number, text in body:
        place = f"{path}, line {number}"
        *channels, end = (part.strip() for part in BETWEEN_CHANNELS.split(text))
        values, step = _read_channels(channels, header, place)
        usual = usual or step
        if step and not np.isclose(step, usual, rtol=1e-3, atol=0):
            raise DataError(f"{place}: a step takes {step:g}, and {usual:g} before; bring all series to the same steps")
        if not missing and np.isnan(values).any():
            row, channel = np.argwhere(np.isnan(values))[0] + 1
            raise DataError(f"{place}, channel {channel}, value {row} is missing", ALLOWED)
        series.append(values)
        lines.append(number)
        ends.append(end)
    if not series:
        raise DataError(f"{path} has no series after @data")
    _check_sizes(path, header, series, lines)
    classes = ends if header.class_names else []
    for number, name in zip(lines, classes, strict=False):
        if name not in header.class_names:
            known = ", ".join(header.class_names[:12])
            raise DataError(
                f"{path}, line {number}: the class {name!r} is not in the @classLabel line, which has {known}"
            )
    targets = None if header.class_names else _read_targets(path, ends, lines)
    return LabelledSeries(_as_float32(path, series), lines, classes, header.class_names, targets)


def _cut_header(path: str | Path, text: str) -> tuple[Header, list[tuple[int, str]]]:
    """Return the header, and number and text of every line with a series."""
    rows = [(k, line.strip()) for k, line in enumerate(text.split("\n"), 1)]
    rows = [(k, line) for k, line in rows if line and not line.startswith(("#", "%"))]
    settings: dict[str, tuple[int, list[str]]] = {}
    for place, (number, line) in enumerate(rows):
        if not line.startswith("@"):
            raise DataError(f"{path}, line {number}: expected a line @data before the first series; is it a .ts file?")
        key, *values = line.split()
        if key.lower() == "@data":
            return _read_header(path, settings), rows[place + 1 :]
        settings[key.lower().rstrip(":")] = (number, values)
    raise DataError(f"{path} has no line @data; it is not a .ts file")


def _read_header(path: str | Path, settings: dict[str, tuple[int, list[str]]]) -> Header:
    def read(key: str, convert: Callable[[str], Any], legal: str, default: Any) -> Any:
        number, values = settings.get(key, (0, []))
        try:
            return convert(values[0].lower()) if number else default
        except (ValueError, KeyError, IndexError) as error:
            got = " ".join(values) or "nothing"
            raise DataError(f"{path}, line {number}: {key} must be {legal}, got {got}") from error

    def flag(key: str) -> bool:
        value: bool = read(key, {"true": True, "false": False}.__getitem__, "true or false", False)
        return value

    classes, targets = flag("@classlabel"), flag("@targetlabel")
    names = settings.get("@classlabel", (0, []))[1][1:]
    if classes == targets:
        both = "both" if classes else "neither"
        raise DataError(
            f"{path}: the header has {both} of '@classLabel true NAMES' and '@targetLabel true'; each series needs a "
            "class or a number"
        )
    if classes and not names:
        raise DataError(f"{path}: the line @classLabel names no class; write '@classLabel true NAME NAME'")
    channels = read("@dimensions", int, "a whole number", 0) or read("@dimension", int, "a whole number", 0)
    if flag("@univariate"):
        if channels > 1:
            raise DataError(f"{path}: the header says @univariate true and {channels} dimensions")
        channels = 1
    length = read("@serieslength", int, "a whole number", 0)
    return Header(flag("@timestamps"), names if classes else [], channels, flag("@equallength"), length)


def _read_channels(channels: list[str], header: Header, place: str) -> tuple[NDArray[np.float64], float]:
    """Return the values (T, channels) of a series, and the time of a step where there are time stamps."""
    if not channels:
        what = "class" if header.class_names else "number"
        raise DataError(f"{place}: expected channel:channel:...:{what}, got no colon")
    if header.channels and len(channels) != header.channels:
        raise DataError(f"{place} has {len(channels)} channels, the header says {header.channels}")
    places = [f"{place}, channel {k}" for k in range(1, len(channels) + 1)]
    if header.stamped:
        return read_stamped(channels, places)
    values = [read_values(channel.split(","), where) for channel, where in zip(channels, places, strict=True)]
    if len({len(channel) for channel in values}) > 1:
        sizes = [len(channel) for channel in values]
        raise DataError(f"{place}: channels of {sizes} values; all must have the same length")
    return np.stack(values, 1), 0.0


def read_values(cells: list[str], place: str) -> NDArray[np.float64]:
    """Return numbers; ? and what is not finite become NaN.

    Raises:
        DataError: a cell is something else; the message has the place and its number.
    """
    found = np.empty(len(cells))
    for k, cell in enumerate(cells):
        try:
            found[k] = np.nan if cell.strip() == "?" else float(cell)
        except ValueError as error:
            raise DataError(f"{place}, value {k + 1}: expected a number or ?, got {cell.strip()!r}") from error
    found[~np.isfinite(found)] = np.nan
    return found


def _check_sizes(path: str | Path, header: Header, series: list[NDArray[np.float64]], lines: list[int]) -> None:
    """Refuse series of another number of channels than the first, or of a length that the header excludes."""
    length = header.length if header.equal and header.length else len(series[0])
    for values, number in zip(series, lines, strict=True):
        if values.shape[1] != series[0].shape[1]:
            raise DataError(
                f"{path}, line {number} has {values.shape[1]} channels, line {lines[0]} has {series[0].shape[1]}; all "
                "must have the same number"
            )
        if header.equal and len(values) != length:
            raise DataError(f"{path}, line {number} has {len(values)} steps, and by @equalLength all have {length}")


def _read_targets(path: str | Path, ends: list[str], lines: list[int]) -> Tensor:
    values = [read_values([end], f"{path}, line {number}, target") for end, number in zip(ends, lines, strict=True)]
    targets = np.concatenate(values)
    absent = np.isnan(targets)
    if absent.any():
        raise DataError(f"{path}, line {lines[int(absent.argmax())]}: the target is missing; leave such series out")
    return torch.from_numpy(to_float32(targets, f"{path}: the target"))


def _as_float32(path: str | Path, series: list[NDArray[np.float64]]) -> list[Tensor]:
    """Return series (T, C) as float32, which must tell the values of each channel apart."""
    joined = np.concatenate(series)
    columns = [to_float32(joined[:, k], f"{path}: channel {k + 1}") for k in range(joined.shape[1])]
    return list(torch.from_numpy(np.stack(columns, 1)).split([len(values) for values in series]))
