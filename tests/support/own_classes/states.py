"""Classes of users: how their state begins, and what it is."""

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from support.own_classes.forms import BareRNN


class RequiredState(BareRNN):
    def forward(self, x: Tensor, h: Tensor) -> Tuple[Tensor, Tensor]:
        return self.rnn(x, h)


class LearnedBeginning(BareRNN):
    """None stands for a state that is not zero."""

    def forward(self, x: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        if h is None:
            h = torch.ones(1, x.size(0), 5)
        return self.rnn(x, h)


class TinyLearnedBeginning(BareRNN):
    def forward(self, x: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        if h is None:
            h = torch.ones(1, x.size(0), 5)
        y, h = self.rnn(x, h)
        return y * 1e-7, h


class LateLearnedBeginning(nn.Module):
    """Gives the input 20 steps later, and ones before it; the state shows it earlier than the output does."""

    def forward(self, x: Tensor, past: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        if past is None:
            past = torch.cat([torch.zeros(15, x.size(0), 4), torch.ones(5, x.size(0), 4)])
        seen = torch.cat([past, x.transpose(0, 1)])
        return seen[: x.size(1)].transpose(0, 1), seen[-20:]


class OtherInitialState(BareRNN):
    """Keeps the contract, but for its `initial_state`."""

    def forward(
        self, x: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        h: Optional[Tensor] = None
        if state is not None:
            h = state[0]
        y, h = self.rnn(x, h)
        return y, [h]

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [torch.ones(1, batch_size, 5)]


class WrongInitialState(OtherInitialState):
    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [torch.zeros(2, batch_size, 5)]


class DoubleState(BareRNN):
    def __init__(self) -> None:
        super().__init__()
        self.double()

    def forward(self, x: Tensor, hx: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        return self.rnn(x, hx)


class Counter(nn.Module):
    """A state of integers."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor, state: Optional[List[Tensor]] = None) -> Tuple[Tensor, List[Tensor]]:
        if state is None:
            state = [torch.zeros(1, x.size(0), 1, dtype=torch.long)]
        count = (state[0].squeeze(0) + torch.arange(x.size(1))) % 7
        return self.head(x) + count.unsqueeze(2), [state[0] + x.size(1)]


class UnnamedState(BareRNN):
    def forward(self, x: Tensor, z: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        return self.rnn(x, z)


class CellState(nn.Module):
    """A cell's own state (batch, size)."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(4, 5)

    def forward(self, x: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        steps: List[Tensor] = []
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
            steps.append(h)
        y = torch.stack(steps, 1)
        return y, y[:, -1]


class BatchFirstState(CellState):
    def forward(self, x: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        y, h = super().forward(x, None if h is None else h[:, 0])
        return y, h.unsqueeze(1)


class CellStateInContract(CellState):
    def forward(
        self, x: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        y, h = super().forward(x, None if state is None else state[0])
        return y, [h]


class GrowingState(nn.Module):
    """The state is all steps so far."""

    def forward(self, x: Tensor, state: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        if state is None:
            state = torch.zeros(0, x.size(0), 4)
        state = torch.cat([state, x.transpose(0, 1)])
        return state.cumsum(0)[-x.size(1) :].transpose(0, 1), state


class StateInABuffer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(4, 5)
        self.register_buffer("last", torch.zeros(1, 5))

    def forward(self, x: Tensor) -> Tensor:
        h = self.last.expand(x.size(0), 5)
        steps: List[Tensor] = []
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
            steps.append(h)
        self.last = h[:1]
        return torch.stack(steps, 1)
