"""The cell of one's own that `zoo/models/README.md` shows."""

from __future__ import annotations

from functools import cache
from typing import List

import torch
from torch import Tensor, nn
from torch.nn import functional

import zoo


class MinimalGatedCell(nn.Module):
    """f = sigmoid(W x + U h), h' = (1 - f) * h + f * tanh(V x + R (f * h)) (Zhou et al. 2016)."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "minimal_gated", hidden_size, False
        self.weight_ih = nn.Parameter(torch.zeros(2 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.zeros(2 * hidden_size, hidden_size))

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        h = state[0]
        x_f, x_n = functional.linear(input, self.weight_ih).chunk(2, dim=1)
        u_f, u_n = self.weight_hh.chunk(2, dim=0)
        f = (x_f + functional.linear(h, u_f)).sigmoid()
        n = (x_n + functional.linear(f * h, u_n)).tanh()
        return [(1 - f) * h + f * n]


OWN_SPEC = zoo.CellSpec(gate_names=("forget", "new"), state_names=("h",), biases=False)


@cache
def register_own_cell() -> str:
    """Make the cell known, once in a process, and return its name."""
    zoo.register_cell("minimal_gated", OWN_SPEC, MinimalGatedCell)
    return "minimal_gated"
