"""Modules that give people's own classes the contract of `zoo.RecurrentModel`: one for each way to call them.

Each holds the class's module and perhaps one of the unpackers below, which turns its result into an output and a list
of states. TorchScript knows the types of a result only where they are written down: so there is a class for
each form.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn


class TakeTensor(nn.Module):
    """From a tensor: the output, and no state."""

    def forward(self, result: Tensor) -> Tuple[Tensor, List[Tensor]]:
        nothing: List[Tensor] = []
        return result, nothing


class TakeOneState(nn.Module):
    """From (output, h)."""

    def forward(self, result: Tuple[Tensor, Tensor]) -> Tuple[Tensor, List[Tensor]]:
        return result[0], [result[1]]


class TakePairOfStates(nn.Module):
    """From (output, (h, c))."""

    def forward(self, result: Tuple[Tensor, Tuple[Tensor, Tensor]]) -> Tuple[Tensor, List[Tensor]]:
        return result[0], [result[1][0], result[1][1]]


class TakeListOfStates(nn.Module):
    """From (output, [state, ...])."""

    def forward(self, result: Tuple[Tensor, List[Tensor]]) -> Tuple[Tensor, List[Tensor]]:
        return result


class SingleInput(nn.Module):
    """Calls `module(input)`: no lengths, no streaming. States that come back are only compared."""

    def __init__(self, module: nn.Module, unpack: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.unpack = unpack

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if lengths is not None or state is not None:
            raise ValueError("this model takes one input and neither lengths nor state")
        output, state_n = self.unpack(self.module(input))
        return output, state_n


class InputAndLengths(nn.Module):
    """Calls `module(input, lengths)`; without lengths, with the whole length for each row."""

    def __init__(self, module: nn.Module, unpack: nn.Module, batch_first: bool) -> None:
        super().__init__()
        self.module = module
        self.unpack = unpack
        self.batch_dim = 0 if batch_first else 1
        self.time_dim = 1 if batch_first else 0

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if state is not None:
            raise ValueError("this model takes an input and lengths, and no state")
        if lengths is None:
            lengths = torch.full([input.size(self.batch_dim)], input.size(self.time_dim), dtype=torch.long)  # (batch,)
        output, state_n = self.unpack(self.module(input, lengths))
        return output, state_n


class InputAndOneState(nn.Module):
    """Calls `module(input, h)`; h begins as zeros (rows, batch, size), which the module takes None for."""

    def __init__(self, module: nn.Module, sizes: List[Tuple[int, int]]) -> None:
        super().__init__()
        self.module = module
        self.sizes = sizes

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if lengths is not None:
            raise ValueError("this model takes an input and a state, and no lengths")
        if state is None:
            output, h = self.module(input, None)
        else:
            output, h = self.module(input, state[0])
        return output, [h]

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [torch.zeros(self.sizes[0][0], batch_size, self.sizes[0][1])]


class InputAndPairOfStates(nn.Module):
    """Calls `module(input, (h, c))`; both begin as zeros."""

    def __init__(self, module: nn.Module, sizes: List[Tuple[int, int]]) -> None:
        super().__init__()
        self.module = module
        self.sizes = sizes

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if lengths is not None:
            raise ValueError("this model takes an input and a state, and no lengths")
        if state is None:
            output, (h, c) = self.module(input, None)
        else:
            output, (h, c) = self.module(input, (state[0], state[1]))
        return output, [h, c]

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [torch.zeros(rows, batch_size, size) for rows, size in self.sizes]


class InputAndListOfStates(nn.Module):
    """Calls `module(input, [state, ...])`; all begin as zeros."""

    def __init__(self, module: nn.Module, sizes: List[Tuple[int, int]]) -> None:
        super().__init__()
        self.module = module
        self.sizes = sizes

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if lengths is not None:
            raise ValueError("this model takes an input and a state, and no lengths")
        output, state_n = self.module(input, state)
        return output, state_n

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [torch.zeros(rows, batch_size, size) for rows, size in self.sizes]
