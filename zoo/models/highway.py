"""The linear way around a recurrence: a forecast of each variable from its own past (LSTNet, Lai et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.models.padding import last_steps


class LinearHighway(nn.Module):
    """Gives each period ahead as a weighted sum of the last periods, step by step of the period.

    With periods of a day, an hour ahead is a weighted sum of the same hour of the days before, and the weights are the
    same for all hours and variables (as in SparseTSF, Lin et al. 2024); with periods of one step it is a linear layer.

    It begins with zeros, so that a model with it begins as the one without. It is no nn.Linear for that reason, and
    because a recipe for quantization would round it.

    Args:
        window: steps that are summed, a whole number of periods.
        horizon: steps that are given, a whole number of periods.
        period: steps.
    """

    def __init__(self, window: int, horizon: int, period: int) -> None:
        super().__init__()
        self.window = window
        self.period = period
        self.weight = nn.Parameter(torch.zeros(horizon // period, window // period))

    def forward(self, input: Tensor, lengths: Tensor) -> Tensor:
        """Take (B, T, C) and lengths (B,); give (B, horizon, C). Steps before the first count as 0."""
        last = last_steps(functional.pad(input, [0, 0, self.window, 0]), lengths, self.window)  # (B, window, C)
        periods = last.unflatten(1, [-1, self.period]).movedim(1, 3)  # (B, period, C, window / period)
        ahead = functional.linear(periods, self.weight)  # (B, period, C, horizon / period)
        return ahead.movedim(3, 1).flatten(1, 2)
