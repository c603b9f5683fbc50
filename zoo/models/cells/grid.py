"""An LSTM over a grid of two axes, such as an image: one step is a row, and the row's columns follow each other."""

from __future__ import annotations

from typing import List

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.models.cells.weights import make_matrix, make_weights


class GridLSTMCell(nn.Module):
    """c = i * g + f * c_above + f_left * c_left: the multi-dimensional LSTM (Graves et al. 2007), without peepholes.

    The gates of a place see its input, h above and h to the left, and each axis has a forget gate of its own. All
    places have the same weights. Columns lie side by side: the input is (B, columns * features), a state
    (B, columns * units). In a deep bidirectional net, what enters has the columns of one direction, then those of the
    other; a place sees both.

    Args:
        input_size: columns * features.
        hidden_size: columns * units.
        bias: whether there are biases.
        columns: places of a row.
        parts: rows that lie side by side in the input, one of each direction of the layer below.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool, columns: int = 1, parts: int = 1) -> None:
        super().__init__()
        features, units = input_size // columns, hidden_size // columns
        # The blocks of the weights are those of one place, so `hidden_size` is the place's.
        self.cell, self.hidden_size, self.bias = "grid_lstm", units, bias
        self.columns, self.parts = columns, parts
        weights = make_weights(5, features, units, bias)
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weights
        self.weight_hh_left = make_matrix(5 * units, units, units)

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        places = [self.columns, -1]
        x = torch.cat([part.unflatten(1, places) for part in input.chunk(self.parts, dim=1)], dim=2)  # (B, columns, I)
        h_above, c_above = state[0].unflatten(1, places), state[1].unflatten(1, places)
        sums = functional.linear(x, self.weight_ih, self.bias_ih)  # (B, columns, 5 * units)
        sums = sums + functional.linear(h_above, self.weight_hh, self.bias_hh)
        h = torch.zeros_like(h_above[:, 0])  # nothing lies left of the first column
        c = torch.zeros_like(h)
        hs: List[Tensor] = []
        cs: List[Tensor] = []
        for column in range(self.columns):
            a = sums[:, column] + functional.linear(h, self.weight_hh_left)
            i, f, f_left, g, o = a.chunk(5, dim=1)
            c = i.sigmoid() * g.tanh() + f.sigmoid() * c_above[:, column] + f_left.sigmoid() * c
            h = o.sigmoid() * c.tanh()
            hs.append(h)
            cs.append(c)
        return [torch.cat(hs, dim=1), torch.cat(cs, dim=1)]
