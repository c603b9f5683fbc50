"""Windows over a series: `look_back` steps that are seen, `horizon` steps to forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zoo.data.settings import Setting
from zoo.data.source import DataError

SHORTER = (Setting("look_back", ("STEPS",)), Setting("horizon", ("STEPS",), "for shorter windows"))


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


def cut_windows(
    values: Tensor,
    first: int,
    end: int,
    look_back: int,
    horizon: int,
    whole: bool = False,
    targets: Sequence[int] = (),
) -> Windows:
    """Return every window whose forecast steps lie in first..end-1; what is seen may lie before `first`.

    Windows that have nothing to forecast, because all of it is missing (NaN), are left out.

    Args:
        values: float32 (T, C).
        first, end: the part of the series that is forecast.
        look_back: steps that are seen.
        horizon: steps to forecast.
        whole: leave out every window in which anything is missing.
        targets: the variables that are forecast; all where empty.

    Raises:
        DataError: no window fits.
    """
    starts = torch.arange(max(0, first - look_back), max(0, first - look_back, end - look_back - horizon + 1))
    if not 0 <= first < end <= len(values) or not len(starts):
        short = len(values) if len(values) < look_back + horizon else max(0, end - first)
        part = "" if short == len(values) else f", of {len(values):,} in all,"
        raise DataError(
            f"{short:,} rows{part} are too few for a window of {look_back} + {horizon} steps; give a longer series",
            *SHORTER,
        )
    absent = values.isnan()
    if absent.any():
        starts = starts[_usable(absent, starts, look_back, horizon, whole, list(targets))]
        if not len(starts):
            windows = f"of the windows of {look_back} + {horizon} steps that forecast steps {first}..{end - 1}, "
            if whole:
                raise DataError(f"{windows}each has missing values; fill them", *SHORTER)
            raise DataError(f"{windows}none has a value to forecast; give data in which it is known")
    return Windows(values, starts, look_back, horizon)


def _usable(absent: Tensor, starts: Tensor, look_back: int, horizon: int, whole: bool, targets: list[int]) -> Tensor:
    """Return bool (windows,): whether nothing is missing, or at least something is there to forecast."""
    forecast = absent[:, targets] if targets else absent

    def count(missing: Tensor, first: Tensor, size: int) -> Tensor:
        before = torch.cat([torch.zeros(1, dtype=torch.int64), missing.long().cumsum(0)])  # (T + 1,)
        return before[first + size] - before[first]

    if whole:
        return count(absent.any(1), starts, look_back + horizon) == 0
    return count(forecast.all(1), starts + look_back, horizon) < horizon
