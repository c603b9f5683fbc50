"""Time series with classes in `.ts` files, the format of the UEA and UCR archives (Bagnall et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from zoo.data.source import DataError, read_text


@dataclass(frozen=True)
class LabelledSeries:
    """Series with one class each.

    Args:
        series: float32 (seq_len, channels), each with its own seq_len.
        labels: int64 (number of series,), classes from 0.
        class_names: as the file writes them, sorted.
    """

    series: list[Tensor]
    labels: Tensor
    class_names: list[str]


def load_time_series(path: str | Path) -> LabelledSeries:
    """Read a file of series. Colons separate the channels of a series and its class, which comes last.

    A `@classLabel true A B C` line fixes the order of the classes; otherwise they are sorted.

    Raises:
        DataError: no such file, missing values, time stamps, or a line of another form.
    """
    header, found, body = read_text(path).partition("@data")
    if not found:
        raise DataError(f"{path} has no line @data; it is not a .ts file")
    words = [line.split() for line in header.splitlines() if line.startswith("@")]
    settings = {line[0].lower(): line[1:] for line in words}
    if settings.get("@timestamps", ["false"])[0].lower() == "true":
        raise DataError(f"{path} has time stamps; give it evenly spaced values without them")
    rows = [line.strip() for line in body.splitlines() if line.strip() and not line.startswith("#")]
    if not rows:
        raise DataError(f"{path} has no series after @data")
    series, names = [], []
    for number, row in enumerate(rows, 1):
        *channels, name = row.split(":")
        series.append(_read_channels(channels, f"{path}, series {number}"))
        names.append(name)
    sizes = sorted({part.size(1) for part in series})
    if len(sizes) > 1:
        raise DataError(f"{path} has series of {sizes} channels; all must have the same number")
    class_names = settings.get("@classlabel", ["false"])[1:] or sorted(set(names))
    unknown = sorted(set(names) - set(class_names))
    if unknown:
        raise DataError(f"{path}: the classes {', '.join(unknown)} are not in its @classLabel line")
    return LabelledSeries(series, torch.tensor([class_names.index(name) for name in names]), class_names)


def _read_channels(channels: list[str], place: str) -> Tensor:
    if not channels:
        raise DataError(f"{place}: expected channel:channel:...:class, got no colon")
    try:
        values = [[float(value) for value in channel.split(",")] for channel in channels]
    except ValueError as error:
        raise DataError(f"{place}: {error}; missing values are not supported: fill them in first") from error
    if len({len(channel) for channel in values}) > 1:
        raise DataError(
            f"{place}: channels of {[len(channel) for channel in values]} values; all must have the same length"
        )
    return torch.tensor(values).T.contiguous()  # (T, channels)
