"""How a layer of a deep stack joins its result with what entered it, so that many layers train.

A join takes step and entered, both (..., directions * H), and returns the same shape. It treats the units of each
direction apart, so the join of two directions' last steps is the last step of their join.
"""

from __future__ import annotations

from typing import List

import torch
from torch import Tensor, nn

from zoo.config import RecurrentConfig


class StepOnly(nn.Module):
    """The result of the layer as it is."""

    def forward(self, step: Tensor, entered: Tensor) -> Tensor:
        return step


class Residual(nn.Module):
    """step + entered (He et al. 2015, Wu et al. 2016)."""

    def forward(self, step: Tensor, entered: Tensor) -> Tensor:
        return entered + step


class Highway(nn.Module):
    """t * step + (1 - t) * entered, with t = sigmoid(W entered + b) (Srivastava et al. 2015, equation 3).

    Each direction has a W and b of its own. `zoo.init` fills W as it fills a linear layer. b starts at -1, so that the
    stack begins near the identity, as section 2 of the paper advises; it is no bias of a linear layer, which init would
    fill.
    """

    def __init__(self, hidden_size: int, num_directions: int) -> None:
        super().__init__()
        self.gates = nn.ModuleList([nn.Linear(hidden_size, hidden_size, bias=False) for _ in range(num_directions)])
        self.start = nn.Parameter(torch.full((num_directions * hidden_size,), -1.0))

    def forward(self, step: Tensor, entered: Tensor) -> Tensor:
        parts = entered.chunk(len(self.gates), dim=-1)
        sums: List[Tensor] = []
        for direction, gate in enumerate(self.gates):
            sums.append(gate(parts[direction]))
        t = (torch.cat(sums, dim=-1) + self.start).sigmoid()
        return t * step + (1 - t) * entered


def make_join(config: RecurrentConfig) -> nn.Module:
    """Return the join of the second and later layers of a stack."""
    if config.highway:
        return Highway(config.output_size // config.num_directions, config.num_directions)
    return Residual() if config.residual else StepOnly()
