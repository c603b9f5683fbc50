"""Modules that compute in torch.jit.fork."""

from typing import List

import torch
from torch import Tensor, nn

from support.foreign.aliases import Keeper
from support.foreign.attributes import StateInBufferInPlace
from support.foreign.case import FORK, Case, Plain


class Ensemble(nn.Module):
    """A list of futures, as in PyTorch's tutorial on parallelism."""

    def __init__(self) -> None:
        super().__init__()
        self.members = nn.ModuleList([Plain() for _ in range(3)])

    def forward(self, x: Tensor) -> Tensor:
        futures: List[torch.jit.Future[Tensor]] = []
        for member in self.members:
            futures.append(torch.jit.fork(member, x))
        total = torch.zeros(1)
        for future in futures:
            total = total + torch.jit.wait(future)
        return total


class WaitInBranch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = Plain(), Plain()

    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.left, x)
        right = self.right(x)
        if float(x.sum()) > 1e6:
            return right
        return torch.jit.wait(future) - right


class WaitInLoop(WaitInBranch):
    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.left, x)
        y = self.right(x)
        for i in range(x.size(0)):
            y = y + torch.jit.wait(future) * i
        return y


class ForkedState(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.keeper, self.other = Keeper(), Plain()

    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.keeper, x)
        return self.other(x) + torch.jit.wait(future)


class ForkedStateInPlace(ForkedState):
    def __init__(self) -> None:
        super().__init__()
        self.keeper = StateInBufferInPlace()


class ForkThatWritesItsInput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = Plain()

    def double(self, x: Tensor) -> Tensor:
        return x.mul_(2)

    def forward(self, x: Tensor) -> Tensor:
        y = x.clone()
        future = torch.jit.fork(self.double, y)
        torch.jit.wait(future)
        return self.rnn(y)


class PureFork(WaitInBranch):
    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.left, x)
        right = self.right(x)
        return torch.jit.wait(future) - right


CASES: dict[str, Case] = {
    "ensemble": Case(Ensemble, refusal=FORK),
    "wait_in_branch": Case(WaitInBranch, refusal=FORK),
    "wait_in_loop": Case(WaitInLoop, refusal=FORK),
    "forked_state": Case(ForkedState, refusal=FORK),
    "forked_state_in_place": Case(ForkedStateInPlace, refusal=FORK),
    "forked_write": Case(ForkThatWritesItsInput, refusal=FORK),
    "pure_fork": Case(PureFork, 2),
}
