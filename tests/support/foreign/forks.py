"""Modules that compute in torch.jit.fork."""

from typing import Dict, List, Tuple

import torch
from torch import Tensor, nn

from support.foreign.aliases import Keeper
from support.foreign.attributes import StateInBufferInPlace
from support.foreign.case import FORK, Case, Plain, zeros
from support.foreign.objects import Memory


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


class ForkInALoop(Ensemble):
    """Futures in a list, one for each step."""

    def forward(self, x: Tensor) -> Tensor:
        futures: List[torch.jit.Future[Tensor]] = []
        for t in range(x.size(1)):
            futures.append(torch.jit.fork(self.members[0], x[:, t : t + 1]))
        return torch.cat([torch.jit.wait(future) for future in futures], 1)


class FuturesInADict(WaitInBranch):
    def forward(self, x: Tensor) -> Tensor:
        futures: Dict[str, torch.jit.Future[Tensor]] = {}
        futures["left"] = torch.jit.fork(self.left, x)
        return torch.jit.wait(futures["left"]) + self.right(x)


class ForkInAFork(WaitInBranch):
    def both(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.left, x)
        return self.right(x) + torch.jit.wait(future)

    def forward(self, x: Tensor) -> Tensor:
        return torch.jit.wait(torch.jit.fork(self.both, x))


class ForkOfATuple(WaitInBranch):
    """Several results of one fork."""

    def both(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        return self.left(x), self.right(x)

    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.both, x)
        left, right = torch.jit.wait(future)
        return left - right


class ForkThatWritesAnObject(WaitInBranch):
    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory(zeros())

    def work(self, x: Tensor) -> Tensor:
        self.memory.put(self.memory.h + 1)
        return self.left(x) + self.memory.h.transpose(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.work, x)
        return torch.jit.wait(future) + self.right(x)


class ForkThatReadsWhatIsWritten(WaitInBranch):
    """The buffer is written before the fork and read in it."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("h", zeros())

    def work(self, x: Tensor) -> Tensor:
        return self.left(x) + self.h.transpose(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        self.h += 1
        future = torch.jit.fork(self.work, x)
        y = torch.jit.wait(future)
        self.h += 1
        return y + self.right(x)


CASES: dict[str, Case] = {
    "ensemble": Case(Ensemble, refusal=FORK),
    "wait_in_branch": Case(WaitInBranch, refusal=FORK),
    "wait_in_loop": Case(WaitInLoop, refusal=FORK),
    "forked_state": Case(ForkedState, refusal=FORK),
    "forked_state_in_place": Case(ForkedStateInPlace, refusal=FORK),
    "forked_write": Case(ForkThatWritesItsInput, refusal=FORK),
    "pure_fork": Case(PureFork, 2),
    "fork_in_a_loop": Case(ForkInALoop, refusal=FORK),
    "futures_in_a_dict": Case(FuturesInADict, refusal=FORK),
    "fork_in_a_fork": Case(ForkInAFork, refusal=FORK),
    "fork_of_a_tuple": Case(ForkOfATuple, 2),
    "fork_writes_an_object": Case(ForkThatWritesAnObject, refusal=FORK),
    "fork_reads_what_is_written": Case(ForkThatReadsWhatIsWritten, 2),
}
