"""Modules that give people's own classes the contract of `zoo.RecurrentModel`: one for each way to call them.

Each holds the class's module, one of the packers below, which turns a list of states into what the class takes, and one
of the unpackers, which turns its result into an output and a list of states. TorchScript knows the types of an argument
and of a result only where they are written down: so there is a class for each form. It takes arguments by position,
whatever their names are.
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


class GiveOneState(nn.Module):
    """To h."""

    def forward(self, state: Optional[List[Tensor]]) -> Optional[Tensor]:
        return None if state is None else state[0]


class GivePairOfStates(nn.Module):
    """To (h, c)."""

    def forward(self, state: Optional[List[Tensor]]) -> Optional[Tuple[Tensor, Tensor]]:
        return None if state is None else (state[0], state[1])


class GiveListOfStates(nn.Module):
    """To [state, ...]."""

    def forward(self, state: Optional[List[Tensor]]) -> Optional[List[Tensor]]:
        return state


class Zeros(nn.Module):
    """One state at the start: zeros (rows, batch, size) of the type that the class returns."""

    def __init__(self, like: Tensor) -> None:
        super().__init__()
        self.rows, self.size, self.dtype = like.shape[0], like.shape[2], like.dtype

    def forward(self, batch_size: int) -> Tensor:
        return torch.zeros(self.rows, batch_size, self.size, dtype=self.dtype)


class Start(nn.Module):
    """All states at the start."""

    def __init__(self, states: List[Tensor]) -> None:
        super().__init__()
        self.zeros = nn.ModuleList(Zeros(state) for state in states)

    def forward(self, batch_size: int) -> List[Tensor]:
        return [zeros(batch_size) for zeros in self.zeros]


class WholeLengths(nn.Module):
    """The lengths, int64 (batch,): those of an input without padding where nobody gives them."""

    def __init__(self, input_dims: Tuple[int, int]) -> None:
        """Take where the batch and the steps of the input are."""
        super().__init__()
        self.batch_dim, self.time_dim = input_dims

    def forward(self, input: Tensor, lengths: Optional[Tensor]) -> Tensor:
        if lengths is None:
            return torch.full([input.size(self.batch_dim)], input.size(self.time_dim), dtype=torch.long)
        return lengths


class EndedRows(nn.Module):
    """Lets a class that takes no length of 0 run a chunk in which some rows have ended.

    Such a row runs one step, and keeps its states. Its input gets a step more, so that the class gives for all steps of
    the chunk what it gives for padding.

    Args:
        time_dim: of the input.
        output_dims: batch and steps of the output; steps is -1 where it has none.
    """

    def __init__(self, time_dim: int, output_dims: Tuple[int, int]) -> None:
        super().__init__()
        self.time_dim = time_dim
        self.output_batch, self.output_time = output_dims

    def lengthen(self, input: Tensor, lengths: Optional[Tensor]) -> Tensor:
        if lengths is None or self.output_time < 0 or bool((lengths > 0).all()):
            return input
        return torch.cat([input, input.narrow(self.time_dim, input.size(self.time_dim) - 1, 1)], dim=self.time_dim)

    def forward(
        self,
        input: Tensor,
        lengths: Optional[Tensor],
        before: Optional[List[Tensor]],
        output: Tensor,
        after: List[Tensor],
    ) -> Tuple[Tensor, List[Tensor]]:
        if lengths is None or bool((lengths > 0).all()):
            return output, after
        ended = lengths == 0  # (B,)
        if self.output_time >= 0:
            shape = [1] * output.dim()
            shape[self.output_batch] = -1
            steps = input.size(self.time_dim)
            padding, valid = output.narrow(self.output_time, 1, steps), output.narrow(self.output_time, 0, steps)
            output = torch.where(ended.reshape(shape), padding, valid)
        rows = ended.unsqueeze(0).unsqueeze(2)  # (1, B, 1)
        if before is None:
            return output, [state.masked_fill(rows, 0) for state in after]
        return output, [torch.where(rows, old, new) for old, new in zip(before, after)]  # noqa: B905 -- TorchScript


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
    """Calls `module(input, lengths)`, or with `lengths_last` `module(input, None, lengths)`.

    Without lengths, each row has the whole length.
    """

    __constants__ = ("lengths_last",)  # so TorchScript compiles only the call that is made, whose types fit

    def __init__(self, module: nn.Module, unpack: nn.Module, input_dims: Tuple[int, int], lengths_last: bool) -> None:
        super().__init__()
        self.module = module
        self.unpack = unpack
        self.lengths_last = lengths_last
        self.lengths = WholeLengths(input_dims)

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if state is not None:
            raise ValueError("this model takes an input and lengths, and no state")
        valid = self.lengths(input, lengths)
        if self.lengths_last:
            output, state_n = self.unpack(self.module(input, None, valid))
        else:
            output, state_n = self.unpack(self.module(input, valid))
        return output, state_n


class InputAndState(nn.Module):
    """Calls `module(input, state)`, or with `state_last` `module(input, None, state)`.

    The states begin as zeros, which the module takes None for.
    """

    __constants__ = ("state_last",)  # so TorchScript compiles only the call that is made, whose types fit

    def __init__(
        self, module: nn.Module, unpack: nn.Module, pack: nn.Module, states: List[Tensor], state_last: bool
    ) -> None:
        super().__init__()
        self.module = module
        self.state_last = state_last
        self.pack, self.unpack, self.start = pack, unpack, Start(states)

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if lengths is not None:
            raise ValueError("this model takes an input and a state, and no lengths")
        if self.state_last:
            output, state_n = self.unpack(self.module(input, None, self.pack(state)))
        else:
            output, state_n = self.unpack(self.module(input, self.pack(state)))
        return output, state_n

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        begin: List[Tensor] = self.start(batch_size)
        return begin


class InputLengthsAndState(nn.Module):
    """Calls `module(input, lengths, state)`, or with `state_first` `module(input, state, lengths)`."""

    __constants__ = ("state_first",)  # so TorchScript compiles only the call that is made, whose types fit

    def __init__(
        self,
        module: nn.Module,
        unpack: nn.Module,
        pack: nn.Module,
        states: List[Tensor],
        input_dims: Tuple[int, int],
        output_dims: Tuple[int, int],
        state_first: bool,
    ) -> None:
        super().__init__()
        self.module = module
        self.pack, self.unpack, self.start = pack, unpack, Start(states)
        self.lengths, self.rows = WholeLengths(input_dims), EndedRows(input_dims[1], output_dims)
        self.state_first = state_first

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        longer, valid = self.rows.lengthen(input, lengths), self.lengths(input, lengths).clamp(min=1)
        if self.state_first:
            output, state_n = self.unpack(self.module(longer, self.pack(state), valid))
        else:
            output, state_n = self.unpack(self.module(longer, valid, self.pack(state)))
        result: Tuple[Tensor, List[Tensor]] = self.rows(input, lengths, state, output, state_n)
        return result

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        begin: List[Tensor] = self.start(batch_size)
        return begin
