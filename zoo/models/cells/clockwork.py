"""A recurrent net whose parts run at different speeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import List

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.models.cells.weights import make_weights


class ClockworkRNNCell(nn.Module):
    """h' = tanh(W x + U h) for the units whose clock ticks; the others keep h (Koutnik et al. 2014).

    The units are split into clocks of the periods 1, 2, 4 and so on. All of them tick at the first step. A unit sees
    those of its own clock and of slower ones. The state `wait` has for each unit the steps until its next tick. It
    never grows, so that a stream may go on for ever.

    Args:
        input_size, hidden_size, bias: as those of every cell.
        num_clocks: groups of units; as many as units where there are fewer.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool, num_clocks: int = 8) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "clockwork_rnn", hidden_size, bias
        weights = make_weights(1, input_size, hidden_size, bias)
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weights
        self.num_clocks = min(num_clocks, hidden_size)
        self.memory_steps = 2 ** (self.num_clocks - 1)  # golden samples are longer than this
        clock = torch.arange(hidden_size) * self.num_clocks // hidden_size  # of each unit, from the fastest one
        self.periods: Tensor
        self.register_buffer("periods", 2.0**clock, persistent=False)
        self.sees: Tensor
        self.register_buffer("sees", (clock.unsqueeze(1) <= clock.unsqueeze(0)).float(), persistent=False)  # (to, from)

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        h, wait = state[0], state[1]
        ticks = wait < 0.5
        recurrent = functional.linear(h, self.weight_hh * self.sees, self.bias_hh)
        new = (functional.linear(input, self.weight_ih, self.bias_ih) + recurrent).tanh()
        return [torch.where(ticks, new, h), torch.where(ticks, self.periods, wait) - 1]

    def recurrent_blocks(self) -> Iterator[tuple[Tensor, bool]]:
        """Yield the blocks of `weight_hh` that are used, and whether a block is a clock's own."""
        slower = 0
        for size in self.periods.unique_consecutive(return_counts=True)[1].tolist():
            first, slower = slower, slower + size
            yield self.weight_hh[first:slower, first:slower], True
            if slower < self.hidden_size:
                yield self.weight_hh[first:slower, slower:], False
