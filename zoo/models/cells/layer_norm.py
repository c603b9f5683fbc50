"""LSTM and GRU whose sums are normalised over the units, one row and one step at a time (Ba et al. 2016).

LN(a) = gain * (a - mean of a) / deviation of a + bias. The sums from the input and those from the state are normalised
apart, so the scale of a weight matrix has no effect. `bias_ih` and `bias_hh` are the biases of these two.

Division by a deviation makes small differences larger. Outside of training a step therefore computes in float64, so
that a row gives the same alone and in a batch.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.models.cells.weights import make_bias, make_weights


def widen(tensor: Tensor, training: bool) -> Tensor:
    """Return a tensor in the precision of a step."""
    return tensor if training else tensor.double()


def normalise(sums: Tensor, gain: Tensor, bias: Optional[Tensor]) -> Tensor:
    """Return LN of (B, F) with a gain (F) and a bias (F)."""
    gain = gain.to(sums.dtype)
    if bias is not None:
        bias = bias.to(sums.dtype)
    return functional.layer_norm(sums, [sums.size(1)], gain, bias)


class LayerNormLSTMCell(nn.Module):
    """a = LN(W x) + LN(U h), over the sums of all four gates; h' = o * tanh(LN(c')) (Ba et al. 2016, eq. 20 to 22)."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "layer_norm_lstm", hidden_size, bias
        weights = make_weights(4, input_size, hidden_size, bias)
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weights
        self.gain_ih = nn.Parameter(torch.ones(4 * hidden_size))
        self.gain_hh = nn.Parameter(torch.ones(4 * hidden_size))
        self.gain_c = nn.Parameter(torch.ones(hidden_size))
        self.shift_c = make_bias(hidden_size, bias)

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        x, h, c = widen(input, self.training), widen(state[0], self.training), widen(state[1], self.training)
        from_x = normalise(functional.linear(x, self.weight_ih.to(x.dtype)), self.gain_ih, self.bias_ih)
        from_h = normalise(functional.linear(h, self.weight_hh.to(h.dtype)), self.gain_hh, self.bias_hh)
        i, f, g, o = (from_x + from_h).chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * normalise(c, self.gain_c, self.shift_c).tanh()
        return [h.to(input.dtype), c.to(input.dtype)]


class LayerNormGRUCell(nn.Module):
    """r, z = LN(W x) + LN(U h) over the sums of both gates; n = tanh(LN(W_n x) + r * LN(U_n h)).

    Ba et al. 2016, supplement, equations 32 to 34, with PyTorch's z, which is the part of h that stays.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "layer_norm_gru", hidden_size, bias
        weights = make_weights(3, input_size, hidden_size, bias)
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weights
        self.gain_ih = nn.Parameter(torch.ones(3 * hidden_size))
        self.gain_hh = nn.Parameter(torch.ones(3 * hidden_size))

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        x, h = widen(input, self.training), widen(state[0], self.training)
        gates_x, n_x = self.normalised(functional.linear(x, self.weight_ih.to(x.dtype)), self.gain_ih, self.bias_ih)
        gates_h, n_h = self.normalised(functional.linear(h, self.weight_hh.to(h.dtype)), self.gain_hh, self.bias_hh)
        r, z = (gates_x + gates_h).sigmoid().chunk(2, dim=1)
        n = (n_x + r * n_h).tanh()
        return [((1 - z) * n + z * h).to(input.dtype)]

    def normalised(self, sums: Tensor, gain: Tensor, bias: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
        """Normalise the two gates (B, 2H) of (B, 3H) together, and n (B, H) apart."""
        gates = 2 * self.hidden_size
        bias_gates: Optional[Tensor] = None
        bias_n: Optional[Tensor] = None
        if bias is not None:
            bias_gates, bias_n = bias[:gates], bias[gates:]
        return normalise(sums[:, :gates], gain[:gates], bias_gates), normalise(sums[:, gates:], gain[gates:], bias_n)
