"""The equations of the written-out cells as their papers have them: a cell of 5 units, its input and its state."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from zoo.ops import reference


def peephole_lstm(m: Any, x: Tensor, h: Tensor, c: Tensor) -> list[Tensor]:
    a = x @ m.weight_ih.T + m.bias_ih + h @ m.weight_hh.T + m.bias_hh
    i, f = (a[:, :5] + m.peephole_i * c).sigmoid(), (a[:, 5:10] + m.peephole_f * c).sigmoid()
    c = f * c + i * a[:, 10:15].tanh()
    return [(a[:, 15:] + m.peephole_o * c).sigmoid() * c.tanh(), c]


def coupled_lstm(m: Any, x: Tensor, h: Tensor, c: Tensor) -> list[Tensor]:
    """An LSTM whose input gate has the forget gate's weights with the other sign: sigmoid(-a) = 1 - sigmoid(a)."""
    weights = []
    for weight in (m.weight_ih, m.weight_hh, m.bias_ih, m.bias_hh):
        weights.append(torch.cat([-weight[:5], weight]))
    return list(reference.lstm_cell(x, (h, c), weights))


def reset_before_gru(m: Any, x: Tensor, h: Tensor) -> list[Tensor]:
    """ONNX with linear_before_reset=0: Ht = (1 - zt) * ht + zt * Ht-1, ht = g(Xt Wh' + (rt * Ht-1) Rh' + b)."""
    w_r, w_z, w_h = m.weight_ih.split(5)
    r_r, r_z, r_h = m.weight_hh.split(5)
    b = m.bias_ih + m.bias_hh
    rt = (x @ w_r.T + h @ r_r.T + b[:5]).sigmoid()
    zt = (x @ w_z.T + h @ r_z.T + b[5:10]).sigmoid()
    ht = (x @ w_h.T + (rt * h) @ r_h.T + b[10:]).tanh()
    return [(1 - zt) * ht + zt * h]


def normalised(a: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """Ba et al. 2016, equation 4, with the constant under the root that PyTorch has."""
    deviation = ((a - a.mean(1, keepdim=True)) ** 2).mean(1, keepdim=True).add(1e-5).sqrt()
    return gain * (a - a.mean(1, keepdim=True)) / deviation + bias


def layer_norm_lstm(m: Any, x: Tensor, h: Tensor, c: Tensor) -> list[Tensor]:
    a = normalised(x @ m.weight_ih.T, m.gain_ih, m.bias_ih) + normalised(h @ m.weight_hh.T, m.gain_hh, m.bias_hh)
    i, f, g, o = a.split(5, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return [o.sigmoid() * normalised(c, m.gain_c, m.shift_c).tanh(), c]


def layer_norm_gru(m: Any, x: Tensor, h: Tensor) -> list[Tensor]:
    from_x, from_h = x @ m.weight_ih.T, h @ m.weight_hh.T
    gates = normalised(from_x[:, :10], m.gain_ih[:10], m.bias_ih[:10])
    gates = (gates + normalised(from_h[:, :10], m.gain_hh[:10], m.bias_hh[:10])).sigmoid()
    r, z = gates.split(5, 1)
    n = normalised(from_x[:, 10:], m.gain_ih[10:], m.bias_ih[10:])
    n = (n + r * normalised(from_h[:, 10:], m.gain_hh[10:], m.bias_hh[10:])).tanh()
    return [(1 - z) * n + z * h]


def min_lstm(m: Any, x: Tensor, h: Tensor) -> list[Tensor]:
    i, f, g = (x @ m.weight_ih.T + m.bias_ih).split(5, 1)
    i, f = i.sigmoid(), f.sigmoid()
    return [f / (f + i) * h + i / (f + i) * g]


def min_gru(m: Any, x: Tensor, h: Tensor) -> list[Tensor]:
    """The paper's z is what is new; here it is what stays, as in PyTorch's GRU."""
    z, n = (x @ m.weight_ih.T + m.bias_ih).split(5, 1)
    new = 1 - z.sigmoid()
    return [(1 - new) * h + new * n]


def ind_rnn(m: Any, x: Tensor, h: Tensor) -> list[Tensor]:
    return [torch.clamp(x @ m.weight_ih.T + h @ torch.diag(m.recurrence) + m.bias_ih, min=0)]


def sru(m: Any, x: Tensor, h: Tensor, c: Tensor) -> list[Tensor]:
    (w, w_f, w_r), (b, b_f, b_r) = m.weight_ih.split(5), m.bias_ih.split(5)
    f = (x @ w_f.T + m.carry_f * c + b_f).sigmoid()
    r = (x @ w_r.T + m.carry_r * c + b_r).sigmoid()
    c = f * c + (1 - f) * (x @ w.T + b)
    return [r * c + (1 - r) * (x @ m.skip.weight.T), c]


def clockwork_rnn(m: Any, x: Tensor, h: Tensor, wait: Tensor) -> list[Tensor]:
    """Five units are five clocks: U is upper triangular, and a unit of period T waits T - 1 steps after a tick."""
    new = (x @ m.weight_ih.T + m.bias_ih + h @ m.weight_hh.triu().T + m.bias_hh).tanh()
    ticks = wait == 0
    periods = torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0], dtype=h.dtype)
    return [torch.where(ticks, new, h), torch.where(ticks, periods - 1, wait - 1)]


def grid_lstm(m: Any, x: Tensor, h: Tensor, c: Tensor) -> list[Tensor]:
    """A row of one place: nothing lies to the left."""
    a = x @ m.weight_ih.T + m.bias_ih + h @ m.weight_hh.T + m.bias_hh
    i, f, _, g, o = a.split(5, 1)
    c = i.sigmoid() * g.tanh() + f.sigmoid() * c
    return [o.sigmoid() * c.tanh(), c]


EQUATIONS = {
    "peephole_lstm": peephole_lstm,
    "coupled_lstm": coupled_lstm,
    "reset_before_gru": reset_before_gru,
    "layer_norm_lstm": layer_norm_lstm,
    "layer_norm_gru": layer_norm_gru,
    "min_lstm": min_lstm,
    "min_gru": min_gru,
    "ind_rnn": ind_rnn,
    "sru": sru,
    "clockwork_rnn": clockwork_rnn,
    "grid_lstm": grid_lstm,
}
