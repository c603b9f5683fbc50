"""A recurrent stack whose sequences begin in a state that is learned, where other stacks begin with 0."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import CellSpec


class LearnedStateStack(nn.Module):
    """A stack with one parameter for each state tensor, (rows, 1, F): every sequence begins with it.

    The parameters start at 0, so that a new model begins as one without them. They have the interface's `zero_state`.
    """

    def __init__(self, stack: nn.Module, spec: CellSpec) -> None:
        super().__init__()
        self.stack = stack
        zeros = stack.zero_state(1, torch.empty(0))
        self.places = [k for k, name in enumerate(spec.state_names) if name not in spec.fixed_states]
        self.starts = nn.ParameterList([nn.Parameter(zeros[k]) for k in self.places])

    def forward(self, input: Tensor, lengths: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        output, state_n = self.stack(input, lengths, state)
        return output, state_n

    def final(self, state: List[Tensor]) -> Tensor:
        return self.stack.final(state)

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        state = self.stack.zero_state(batch_size, like)
        for k, start in enumerate(self.starts):
            place = self.places[k]
            state[place] = state[place] + start.to(like.dtype)
        return state
