"""Modules that write a buffer or a parameter in other ways than by its name."""

from typing import List

import torch
from torch import Tensor, nn

from support.foreign.attributes import StateInBuffer
from support.foreign.case import UNITS, Case, zeros


def overwrite(target: Tensor, source: Tensor) -> None:
    target.copy_(source)


class PartOfABuffer(StateInBuffer):
    """The state is the upper half of a buffer, and is written through an index."""

    def __init__(self) -> None:
        super().__init__()
        self.h = torch.zeros(2, 2, UNITS)

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.h[1:])
        self.h[1:] = h
        return y


class OutArgument(StateInBuffer):
    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.h)
        torch.add(h, self.h, alpha=0.5, out=self.h)
        return y


class WrittenByAFunction(StateInBuffer):
    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.h)
        overwrite(self.h, h)
        return y


class WrittenThroughAList(StateInBuffer):
    """Two buffers in a local list, written in a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.h)
        for buffer in [self.h, self.total]:
            buffer.add_(h)
        return y + self.total.transpose(0, 1)


class WrittenInALoop(StateInBuffer):
    """One step at a time, written at each."""

    def forward(self, x: Tensor) -> Tensor:
        steps: List[Tensor] = []
        for t in range(x.size(1)):
            y, h = self.rnn(x[:, t : t + 1], self.h)
            if t % 2 == 0:
                self.h = h
            steps.append(y)
        return torch.cat(steps, 1)


class WrittenByAnotherMethod(StateInBuffer):
    def step(self, x: Tensor) -> Tensor:
        y, self.h = self.rnn(x, self.h)
        return y

    @torch.jit.export
    def reset(self) -> None:
        self.h = torch.zeros(1, 2, 8)

    def forward(self, x: Tensor) -> Tensor:
        if x.size(1) == 99:
            self.reset()
        return self.step(x) + self.step(x)


class OnlyResetWrites(StateInBuffer):
    """`forward` reads what another method alone changes."""

    @torch.jit.export
    def reset(self) -> None:
        self.h = torch.ones(1, 2, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x, self.h)[0]


class StateOfAChild(nn.Module):
    """The parent writes its child's state."""

    def __init__(self) -> None:
        super().__init__()
        self.child = OnlyResetWrites()

    def forward(self, x: Tensor) -> Tensor:
        y = self.child(x)
        self.child.h = self.child.h + y[:, -1:].transpose(0, 1)
        return y


class OffersItsBuffer(StateInBuffer):
    """The result is the state itself, which the next call changes."""

    def forward(self, x: Tensor) -> Tensor:
        self.h.copy_(self.rnn(x, self.h)[1])
        return self.h


class WeightsThatDecay(StateInBuffer):
    """Weights in a buffer, assigned anew in each call."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("w_hh", self.rnn.weight_hh_l0.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        self.w_hh = self.w_hh * 0.5
        w = [self.rnn.weight_ih_l0, self.w_hh, self.rnn.bias_ih_l0, self.rnn.bias_hh_l0]
        return torch.gru(x, torch.zeros(1, x.size(0), 8), w, True, 1, 0.0, False, False, True)[0]


CASES = {
    "part_of_a_buffer": Case(PartOfABuffer, 1),
    "out_argument": Case(OutArgument, 1),
    "written_by_a_function": Case(WrittenByAFunction, 1),
    "written_through_a_list": Case(WrittenThroughAList, 1),
    "written_in_a_loop": Case(WrittenInALoop, 1),
    "written_by_another_method": Case(WrittenByAnotherMethod, 1),
    "only_reset_writes": Case(OnlyResetWrites, 1),
    "state_of_a_child": Case(StateOfAChild, 1),
    "offers_its_buffer": Case(OffersItsBuffer, 1),
    "weights_that_decay": Case(WeightsThatDecay, left="may change"),
}
