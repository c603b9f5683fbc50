"""Modules in which several places hold one thing, forks, hooks and flags."""

from typing import Dict, List, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from support.foreign.aliases import Keeper
from support.foreign.case import FORK, OBJECT, SHARED, Case, Plain, zeros
from support.foreign.forks import Ensemble, WaitInBranch
from support.foreign.modes import halve
from support.foreign.objects import Memory


@torch.jit.interface
class Layer(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        pass


class Chosen(nn.Module):
    """A submodule behind an interface, so that its code is known only when it runs."""

    layer: Layer

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer.forward(x)


class Wrapped(nn.Module):
    """A compiled module without state of its own, held twice; what it holds has state."""

    def __init__(self) -> None:
        super().__init__()
        self.a = torch.jit.script(CalledTwice())
        self.b = self.a

    def forward(self, x: Tensor) -> Tensor:
        return self.a(x) - 2 * self.b(x)


class OneStep(nn.Module):
    """A cell with state; TorchScript compiles no nn.GRU behind an interface."""

    def __init__(self, keeps: bool) -> None:
        super().__init__()
        self.cell, self.keeps = nn.GRUCell(6, 8), keeps
        self.register_buffer("h", torch.zeros(2, 8))

    def forward(self, x: Tensor) -> Tensor:
        h = self.cell(x[:, 0], self.h)
        if self.keeps:
            self.h = h
        return h


class TwoNamesOfABuffer(Keeper):
    """One tensor under two names, and only one of them is assigned."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("beginning", self.h)

    def forward(self, x: Tensor) -> Tensor:
        y, self.h = self.rnn(x, self.h)
        return y + self.beginning.transpose(0, 1)


class WrittenView(Plain):
    """A view of a buffer is read after the buffer was written, with any number of rows."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("both", torch.zeros(2, 1, 1, 8))
        self.register_buffer("h", self.both[1])

    def forward(self, x: Tensor) -> Tensor:
        self.both.add_(0.5)
        return self.rnn(x, self.h.expand(1, x.size(0), 8).contiguous())[0]


class WrittenViewFirst(WrittenView):
    """The view comes first."""

    def __init__(self) -> None:
        super().__init__()
        both = torch.zeros(2, 1, 1, 8)
        self.h, self.both = both[1], both


class WrittenListAlias(Plain):
    """A buffer that is an entry of a list too."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("h", torch.zeros(1, 1, 8))
        self.all = [self.h, torch.zeros(1)]

    def forward(self, x: Tensor) -> Tensor:
        self.all[0].add_(0.5)
        return self.rnn(x, self.h.expand(1, x.size(0), 8).contiguous())[0]


class WrittenObjectAlias(Plain):
    """A buffer that an object holds too."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("h", torch.zeros(1, 1, 8))
        self.memory = Memory(self.h)

    def forward(self, x: Tensor) -> Tensor:
        self.memory.h.add_(0.5)
        return self.rnn(x, self.h.expand(1, x.size(0), 8).contiguous())[0]


class ViewsInALocal(Keeper):
    """A view that is made in `forward` and written."""

    def forward(self, x: Tensor) -> Tensor:
        flat = self.h.view(-1)
        y, h = self.rnn(x, self.h)
        flat.copy_(h.view(-1))
        return y


class TiedLayers(nn.Module):
    """Two layers with the same recurrent weights, which nobody writes."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = Plain(), Plain()
        self.b.rnn.weight_hh_l0 = self.a.rnn.weight_hh_l0

    def forward(self, x: Tensor) -> Tensor:
        return self.a(x) + self.b(x)


class WrittenTiedLayers(TiedLayers):
    def forward(self, x: Tensor) -> Tensor:
        self.a.rnn.weight_hh_l0.mul_(0.5)
        return self.a(x) + self.b(x)


class CalledTwice(nn.Module):
    """One submodule with state under one name."""

    def __init__(self) -> None:
        super().__init__()
        self.keeper = Keeper()

    def forward(self, x: Tensor) -> Tensor:
        return self.keeper(x) - 2 * self.keeper(x)


class LoopOfModules(nn.Module):
    """Different submodules with state of their own in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Keeper(), Keeper()])

    def forward(self, x: Tensor) -> Tensor:
        y = torch.zeros(1)
        for i, layer in enumerate(self.layers):
            y = layer(x * (i + 1)) - y
        return y


class DictOfModules(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({"left": Keeper(), "right": Plain()})

    def forward(self, x: Tensor) -> Tensor:
        return self.layers["left"](x) + self.layers["right"](x)


class BranchOfModules(WaitInBranch):
    """The second call goes the other way."""

    def __init__(self) -> None:
        super().__init__()
        self.go_left = True

    def forward(self, x: Tensor) -> Tensor:
        self.go_left = not self.go_left
        return self.left(x) if self.go_left else self.right(x)


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


def with_pre_hook() -> nn.Module:
    module = Plain()
    module.register_forward_pre_hook(halve)
    return module


class InnerPreHookOfAKeeper(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.keeper = Keeper()
        self.keeper.register_forward_pre_hook(halve)

    def forward(self, x: Tensor) -> Tensor:
        return self.keeper(x) + self.keeper(x)


class AsksForItsMode(Plain):
    """`forward` reads the training flag."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.rnn(x)[0]
        if self.training:
            return y * 0.0
        return y


class AsksAChildForItsMode(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.child = AsksForItsMode()

    def forward(self, x: Tensor) -> Tensor:
        return self.child(x) + 1


def with_child_in_training_mode() -> nn.Module:
    module = AsksAChildForItsMode().eval()
    module.child.train()
    return module


class DropoutLeftOn(Plain):
    """Everything is dropped, so that the result can be compared."""

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0] + F.dropout(x, 1.0, True).sum()


CASES = {
    "interface": Case(lambda: Chosen(OneStep(False)), 1),
    "interface_with_state": Case(lambda: Chosen(OneStep(True)), 1),
    "twice_scripted_around_state": Case(Wrapped, refusal="held twice"),
    "two_names_of_a_buffer": Case(TwoNamesOfABuffer, 1),
    "written_view": Case(WrittenView, refusal=SHARED),
    "written_view_first": Case(WrittenViewFirst, refusal=SHARED),
    "written_list_alias": Case(WrittenListAlias, refusal=SHARED),
    "written_object_alias": Case(WrittenObjectAlias, refusal=OBJECT),
    "view_in_a_local": Case(ViewsInALocal, 1),
    "tied_layers": Case(TiedLayers, 2),
    "written_tied_layers": Case(WrittenTiedLayers, refusal=SHARED),
    "called_twice": Case(CalledTwice, 1),
    "loop_of_modules": Case(LoopOfModules, 2),
    "dict_of_modules": Case(DictOfModules, 2),
    "branch_of_modules": Case(BranchOfModules, 2),
    "fork_in_a_loop": Case(ForkInALoop, refusal=FORK),
    "futures_in_a_dict": Case(FuturesInADict, refusal=FORK),
    "fork_in_a_fork": Case(ForkInAFork, refusal=FORK),
    "fork_of_a_tuple": Case(ForkOfATuple, 2),
    "fork_writes_an_object": Case(ForkThatWritesAnObject, refusal=FORK),
    "fork_reads_what_is_written": Case(ForkThatReadsWhatIsWritten, 2),
    "pre_hook": Case(with_pre_hook, refusal="hooks"),
    "inner_pre_hook": Case(InnerPreHookOfAKeeper, 1),
    "asks_for_its_mode": Case(AsksForItsMode, 1),
    "asks_a_child_for_its_mode": Case(AsksAChildForItsMode, 1),
    "child_in_training_mode": Case(with_child_in_training_mode, 1),
    "dropout_left_on": Case(DropoutLeftOn, 1),
}
