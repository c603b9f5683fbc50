"""Modules in which several places hold one thing."""

import torch
from torch import Tensor, nn

from support.foreign.aliases import Keeper
from support.foreign.case import OBJECT, SHARED, Case, Plain
from support.foreign.forks import WaitInBranch
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
}
