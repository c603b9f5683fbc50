"""The linear way around a recurrence: a forecast of each variable from its own last steps (LSTNet, Lai et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.models.padding import last_steps


class LinearHighway(nn.Module):
    """Gives horizon steps as weighted sums of the last `window` steps, with the same weights for every variable.

    It begins with zeros, so that a model with it begins as the one without. It is no nn.Linear for that reason, and
    because a recipe for quantization would round it: a sum of hundreds of steps is worth its precision.
    """

    def __init__(self, window: int, horizon: int) -> None:
        super().__init__()
        self.window = window
        self.weight = nn.Parameter(torch.zeros(horizon, window))

    def forward(self, input: Tensor, lengths: Tensor) -> Tensor:
        """Take (B, T, C) and lengths (B,); give (B, horizon, C). Steps before the first count as 0."""
        last = last_steps(functional.pad(input, [0, 0, self.window, 0]), lengths, self.window)  # (B, window, C)
        return functional.linear(last.transpose(1, 2), self.weight).transpose(1, 2)
