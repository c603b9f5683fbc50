"""LSTMs with other gates."""

from __future__ import annotations

from typing import List

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.models.cells.weights import make_weights


class PeepholeLSTMCell(nn.Module):
    """The gates see the cell state: i and f see c, and o sees c' (Gers et al. 2002; Graves 2013, equations 7 to 11)."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "peephole_lstm", hidden_size, bias
        weights = make_weights(4, input_size, hidden_size, bias)
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weights
        self.peephole_i = nn.Parameter(torch.zeros(hidden_size))
        self.peephole_f = nn.Parameter(torch.zeros(hidden_size))
        self.peephole_o = nn.Parameter(torch.zeros(hidden_size))

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        h, c = state[0], state[1]
        a = functional.linear(input, self.weight_ih, self.bias_ih) + functional.linear(h, self.weight_hh, self.bias_hh)
        i, f, g, o = a.chunk(4, dim=1)
        i = (i + self.peephole_i * c).sigmoid()
        f = (f + self.peephole_f * c).sigmoid()
        c = f * c + i * g.tanh()
        return [(o + self.peephole_o * c).sigmoid() * c.tanh(), c]


class CoupledLSTMCell(nn.Module):
    """The LSTM with i = 1 - f, which is called CIFG (Greff et al. 2017): what is forgotten makes room for the new."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "coupled_lstm", hidden_size, bias
        weights = make_weights(3, input_size, hidden_size, bias)
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weights

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        h, c = state[0], state[1]
        a = functional.linear(input, self.weight_ih, self.bias_ih) + functional.linear(h, self.weight_hh, self.bias_hh)
        f, g, o = a.chunk(3, dim=1)
        f = f.sigmoid()
        c = f * c + (1 - f) * g.tanh()
        return [o.sigmoid() * c.tanh(), c]
