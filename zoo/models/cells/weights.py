"""The weights that cells share: one block of rows for each gate, under PyTorch's names."""

from __future__ import annotations

from typing import Optional, Tuple

import torch
from torch import nn

Weights = Tuple[nn.Parameter, nn.Parameter, Optional[nn.Parameter], Optional[nn.Parameter]]


def make_matrix(rows: int, columns: int, hidden_size: int) -> nn.Parameter:
    """Return a matrix that is uniform in +-1/sqrt(hidden_size), until `zoo.init` fills it."""
    bound = hidden_size**-0.5
    return nn.Parameter(torch.empty(rows, columns).uniform_(-bound, bound))


def make_bias(rows: int, bias: bool) -> Optional[nn.Parameter]:
    """Return a vector of zeros, or None without `bias`."""
    return nn.Parameter(torch.zeros(rows)) if bias else None


def make_weights(num_gates: int, input_size: int, hidden_size: int, bias: bool) -> Weights:
    """Return weight_ih, weight_hh, bias_ih and bias_hh, the biases None without `bias`."""
    rows = num_gates * hidden_size
    weight_ih = make_matrix(rows, input_size, hidden_size)
    weight_hh = make_matrix(rows, hidden_size, hidden_size)
    return weight_ih, weight_hh, make_bias(rows, bias), make_bias(rows, bias)
