"""Time series in CSV files, and windows over them: `look_back` steps that are seen, `horizon` steps to forecast."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import torch
from torch import Tensor

from zoo.data.source import DataError, read_text


@dataclass(frozen=True)
class Series:
    """Variables over time.

    Args:
        values: float32 (T, C).
        names: of the C variables.
    """

    values: Tensor
    names: list[str]


@dataclass(frozen=True)
class Windows:
    """Windows over a series, cut when asked for.

    Args:
        values: float32 (T, C).
        starts: int64 (windows,), the first step of each.
        look_back: steps that are seen.
        horizon: steps after them that are to be forecast.
    """

    values: Tensor
    starts: Tensor
    look_back: int
    horizon: int

    def __len__(self) -> int:
        return len(self.starts)

    def cut(self, which: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return what is seen (B, look_back, C) and what is to be forecast (B, horizon, C)."""
        first = self.starts[torch.as_tensor(which, dtype=torch.int64)].unsqueeze(1)
        seen = self.values[first + torch.arange(self.look_back)]
        return seen, self.values[first + self.look_back + torch.arange(self.horizon)]


def parse_csv(text: str, columns: Sequence[str] | None = None) -> Series:
    """Read a table with a header; every column but a first one that holds no numbers is a variable.

    Args:
        text: the file's content.
        columns: names of the variables, all where None.

    Raises:
        DataError: a column is missing, a row has another width, or an entry is not a number; the message has the row.
    """
    rows = [row for row in csv.reader(StringIO(text)) if row]
    if len(rows) < 2:
        raise DataError("a CSV needs a header and at least one row")
    header, body = rows[0], rows[1:]
    names = list(columns) if columns is not None else header[0 if _is_number(body[0][0]) else 1 :]
    missing = [name for name in names if name not in header]
    if missing:
        raise DataError(f"no column {', '.join(missing)}; there are {', '.join(header)}")
    places = [header.index(name) for name in names]
    values = torch.empty(len(body), len(names), dtype=torch.float64)
    for k, row in enumerate(body):
        if len(row) != len(header):
            raise DataError(f"row {k + 1} after the header has {len(row)} entries, expected {len(header)}")
        try:
            values[k] = torch.tensor([float(row[place]) for place in places], dtype=torch.float64)
        except ValueError as error:
            raise DataError(f"row {k + 1} after the header: {error}") from error
    return Series(values.float(), names)


def load_csv(path: str | Path, columns: Sequence[str] | None = None) -> Series:
    """Read a CSV file as `parse_csv` does.

    Raises:
        DataError: the file is missing or not UTF-8, or as `parse_csv`, with the file's name.
    """
    text = read_text(path)
    try:
        return parse_csv(text, columns)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def cut_windows(values: Tensor, first: int, end: int, look_back: int, horizon: int) -> Windows:
    """Return every window whose forecast steps lie in first..end-1; what is seen may lie before `first`.

    Raises:
        ValueError: no window fits.
    """
    starts = torch.arange(max(0, first - look_back), end - look_back - horizon + 1)
    if not 0 <= first < end <= len(values) or not len(starts):
        raise ValueError(
            f"no window of {look_back} + {horizon} steps forecasts steps {first}..{end - 1} of a series of "
            f"{len(values)}; give a longer part, or a smaller look_back or horizon"
        )
    return Windows(values, starts, look_back, horizon)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
