"""A recurrent net whose units see their own past only."""

from __future__ import annotations

from typing import List

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.models.cells.weights import make_bias, make_matrix


class IndependentRNNCell(nn.Module):
    """h' = relu(W x + u * h + b): IndRNN, with one recurrent weight a unit (Li et al. 2018, equation 2).

    `recurrence` is u. It starts uniform in [0, 1], where a unit neither grows nor changes its sign from step to step.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "ind_rnn", hidden_size, bias
        self.weight_ih = make_matrix(hidden_size, input_size, hidden_size)
        self.recurrence = nn.Parameter(torch.rand(hidden_size))
        self.bias_ih = make_bias(hidden_size, bias)

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        return [(functional.linear(input, self.weight_ih, self.bias_ih) + self.recurrence * state[0]).relu()]
