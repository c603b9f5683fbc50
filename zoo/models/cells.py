"""Cells that PyTorch has no layer for, one step each, as their papers print them.

A cell is built by `Cell(input_size, hidden_size, bias)` and has, besides its weights:

    forward(input (B, I), state) -> state      each state tensor is (B, H), and the first one is the output
    cell, hidden_size, bias                    `cell` is its name in `zoo.config.cells`, by which `zoo.init` knows it

`weight_ih` (gates * H, I), `weight_hh` (gates * H, H), `bias_ih` and `bias_hh` (gates * H) stack the gates in the order
of the cell's `CellSpec`, and `zoo.init` fills them. It leaves parameters of other names as the cell starts them.
`zoo.models.written` runs a cell over a sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional

CellFactory = Callable[[int, int, bool], nn.Module]


Weights = Tuple[nn.Parameter, nn.Parameter, Optional[nn.Parameter], Optional[nn.Parameter]]


def make_weights(num_gates: int, input_size: int, hidden_size: int, bias: bool) -> Weights:
    """Return weight_ih, weight_hh, bias_ih and bias_hh, the biases None without `bias`."""
    rows, bound = num_gates * hidden_size, hidden_size**-0.5
    weight_ih = nn.Parameter(torch.empty(rows, input_size).uniform_(-bound, bound))
    weight_hh = nn.Parameter(torch.empty(rows, hidden_size).uniform_(-bound, bound))
    if not bias:
        return weight_ih, weight_hh, None, None
    return weight_ih, weight_hh, nn.Parameter(torch.zeros(rows)), nn.Parameter(torch.zeros(rows))


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


class ResetBeforeGRUCell(nn.Module):
    """n = tanh(W x + U (r * h)), with the reset gate before the product (Cho et al. 2014, equation 8).

    Keras has it with `reset_after=False`, ONNX with `linear_before_reset=0`; their z is this one's, and PyTorch's.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "reset_before_gru", hidden_size, bias
        weights = make_weights(3, input_size, hidden_size, bias)
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weights

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        h = state[0]
        gates = 2 * self.hidden_size
        from_x = functional.linear(input, self.weight_ih, self.bias_ih)  # (B, 3H)
        bias_gates: Optional[Tensor] = None
        bias_n: Optional[Tensor] = None
        if self.bias_hh is not None:
            bias_gates, bias_n = self.bias_hh[:gates], self.bias_hh[gates:]
        from_h = functional.linear(h, self.weight_hh[:gates], bias_gates)  # (B, 2H)
        r, z = (from_x[:, :gates] + from_h).sigmoid().chunk(2, dim=1)
        n = (from_x[:, gates:] + functional.linear(r * h, self.weight_hh[gates:], bias_n)).tanh()
        return [(1 - z) * n + z * h]


# By their names in `zoo.config.cells.WRITTEN_CELLS`; `zoo.register_cell` adds to them.
CELL_FACTORIES: dict[str, CellFactory] = {
    "peephole_lstm": PeepholeLSTMCell,
    "coupled_lstm": CoupledLSTMCell,
    "reset_before_gru": ResetBeforeGRUCell,
}
