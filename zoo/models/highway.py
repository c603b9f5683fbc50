"""A linear path beside a recurrence: each variable is forecast from its own past (LSTNet, Lai et al. 2018)."""

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
