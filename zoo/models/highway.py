"""Paths beside a recurrence that forecast each variable from its own past.

One is linear and learned (LSTNet, Lai et al. 2018). The other is the mean of the same position in earlier periods.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.models.padding import last_steps


class LinearHighway(nn.Module):
    """Gives each future period as a weighted sum of the last periods.

    If a period is a day of 24 steps, a future hour is a weighted sum of the same hour of the days before. The weights
    are the same for all hours and variables (as in SparseTSF, Lin et al. 2024). If a period is one step, this is a
    linear layer over the window.

    The weights start at 0, so that a model with the highway starts with the outputs of the one without. It is not an
    nn.Linear, because `zoo.init_weights_` would fill that and a quantization recipe would round it.

    Args:
        window: number of summed steps, a whole number of periods.
        horizon: number of future steps, a whole number of periods.
        period: steps.
    """

    def __init__(self, window: int, horizon: int, period: int) -> None:
        super().__init__()
        self.window = window
        self.period = period
        self.weight = nn.Parameter(torch.zeros(horizon // period, window // period))

    def forward(self, input: Tensor, lengths: Tensor) -> Tensor:
        """Take (B, T, C) and lengths (B,); return (B, horizon, C). Steps before the first count as 0."""
        last = last_steps(functional.pad(input, [0, 0, self.window, 0]), lengths, self.window)  # (B, window, C)
        periods = last.unflatten(1, [-1, self.period]).movedim(1, 3)  # (B, period, C, window / period)
        ahead = functional.linear(periods, self.weight)  # (B, period, C, horizon / period)
        return ahead.movedim(3, 1).flatten(1, 2)


class SeasonalMean(nn.Module):
    """Gives each future step as the mean of the same position in the last periods, such as the same hour of the day.

    It has no weights. Periods that lie before the first step, wholly or in part, are left out of the mean. Where no
    period is whole, the forecast is 0.

    Args:
        window: number of steps, a whole number of periods.
        horizon: number of future steps, a whole number of periods.
        period: steps.
    """

    def __init__(self, window: int, horizon: int, period: int) -> None:
        super().__init__()
        self.window = window
        self.period = period
        self.repeats = horizon // period

    def forward(self, input: Tensor, lengths: Tensor) -> Tensor:
        """Take (B, T, C) and lengths (B,); return (B, horizon, C)."""
        last = last_steps(functional.pad(input, [0, 0, self.window, 0]), lengths, self.window)  # (B, window, C)
        periods = last.unflatten(1, [-1, self.period])  # (B, P, period, C)
        whole = (lengths // self.period).clamp(max=periods.size(1))  # (B,)
        place = torch.arange(periods.size(1), 0, -1, device=input.device)  # (P,): 1 is the latest
        inside = (place.unsqueeze(0) <= whole.unsqueeze(1)).to(input.dtype)  # (B, P)
        mean = (periods * inside.reshape(-1, periods.size(1), 1, 1)).sum(1) / whole.clamp(min=1).reshape(-1, 1, 1)
        return mean.repeat(1, self.repeats, 1)  # (B, period, C) -> (B, horizon, C)
