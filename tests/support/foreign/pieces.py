"""Pieces of which random modules are made: every one takes and gives (batch, steps, WIDTH).

An expression such as `Chain(KeepsBuffer(), scripted_twice(GRU()))` is a module.
"""

from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn

from support.foreign.modes import halve, negate
from support.foreign.objects import Memory
from zoo.artifact.torchscript import without_notices

WIDTH = 6


class GRU(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(WIDTH, WIDTH, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


class BidirectionalLSTM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(WIDTH, 3, 2, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


class Cells(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros(x.size(0), x.size(2), dtype=x.dtype)
        c = h
        steps: List[Tensor] = []
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
            steps.append(h)
        return torch.stack(steps, 1)


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        if x.size(2) != 6:
            raise ValueError("six features, please")
        w = [self.rnn.weight_ih_l0, self.rnn.weight_hh_l0, self.rnn.bias_ih_l0, self.rnn.bias_hh_l0]
        h = torch.zeros(1, x.size(0), x.size(2), dtype=x.dtype)
        return torch.rnn_tanh(x, h, w, True, 1, 0.0, False, False, True)[0]


class ScalesItsWeights(Functional):
    """In place, in each call."""

    def forward(self, x: Tensor) -> Tensor:
        self.rnn.weight_hh_l0.mul_(0.5)
        w = [self.rnn.weight_ih_l0, self.rnn.weight_hh_l0, self.rnn.bias_ih_l0, self.rnn.bias_hh_l0]
        h = torch.zeros(1, x.size(0), x.size(2), dtype=x.dtype)
        return torch.rnn_tanh(x, h, w, True, 1, 0.0, False, False, True)[0]


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.dropout = nn.Linear(WIDTH, WIDTH), nn.Dropout(1.0)  # what it drops can be compared

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(torch.tanh(self.linear(x)))


class Normalized(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


class CountsCalls(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x / self.calls


# Leaves that remember: a layer that begins where it ended. A state of one row begins all rows.


class Remembers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(WIDTH, WIDTH, batch_first=True)

    def run(self, x: Tensor, h: Tensor) -> Tuple[Tensor, Tensor]:
        if h.size(1) == 1:
            h = h.expand(1, x.size(0), x.size(2)).contiguous()
        return self.rnn(x, h.to(x.dtype))


class KeepsBuffer(Remembers):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("h", torch.zeros(1, 1, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        y, self.h = self.run(x, self.h)
        return y


class KeepsMean(KeepsBuffer):
    """In place, one state for all rows."""

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.run(x, self.h)
        self.h.copy_(h.mean(1, keepdim=True))
        return y


class KeepsView(KeepsMean):
    """The state is a view of a buffer that is written."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("all", torch.zeros(2, 1, 1, WIDTH))
        self.h = self.all[1]

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.run(x, self.h)
        self.all[1].copy_(h.mean(1, keepdim=True))
        return y


class KeepsOptional(Remembers):
    h: Optional[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.h = None

    def forward(self, x: Tensor) -> Tensor:
        h = self.h
        y, self.h = self.run(x, torch.zeros(1, 1, 6) if h is None else h)
        return y


class KeepsList(Remembers):
    h: List[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.h = [torch.zeros(1, 1, WIDTH)]

    def forward(self, x: Tensor) -> Tensor:
        y, self.h[0] = self.run(x, self.h[0])
        return y


class KeepsDict(Remembers):
    h: Dict[str, Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.h = {"h": torch.zeros(1, 1, WIDTH)}

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.run(x, self.h["h"])
        self.h["h"].copy_(h.mean(1, keepdim=True))
        return y


class KeepsTuple(Remembers):
    def __init__(self) -> None:
        super().__init__()
        self.h = (torch.zeros(1, 1, WIDTH), 0)

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.run(x, self.h[0])
        self.h = (h, self.h[1] + 1)
        return y * self.h[1]


class KeepsObject(Remembers):
    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory(torch.zeros(1, 1, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.run(x, self.memory.h)
        self.memory.put(h)
        return y


class ReadsItsMode(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return -x if self.training else x


# Modules around others ----------------------------------------------------------------------------------------------


class One(nn.Module):
    """Holds one module; the ones below call it in other ways."""

    def __init__(self, a: nn.Module) -> None:
        super().__init__()
        self.a = a

    def forward(self, x: Tensor) -> Tensor:
        return x + self.a(x)


class Loop(One):
    def forward(self, x: Tensor) -> Tensor:
        for _ in range(2):
            x = self.a(x)
        return x


class Steps(One):
    def forward(self, x: Tensor) -> Tensor:
        steps: List[Tensor] = []
        for t in range(x.size(1)):
            steps.append(self.a(x[:, t : t + 1]))
        return torch.cat(steps, 1)


class EveryOther(One):
    """Every second call goes another way."""

    def __init__(self, a: nn.Module) -> None:
        super().__init__(a)
        self.even = True

    def forward(self, x: Tensor) -> Tensor:
        self.even = not self.even
        return x if self.even else self.a(x)


class InPlace(One):
    """Writes what it made and what it got; to write its input would race with a fork that reads it."""

    def forward(self, x: Tensor) -> Tensor:
        x = x + 1
        x.mul_(0.5)
        return self.a(x).add_(0.5)


class Autocast(One):
    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.a(x).float()


class Double(One):
    def __init__(self, a: nn.Module) -> None:
        super().__init__(a.double())

    def forward(self, x: Tensor) -> Tensor:
        return self.a(x.double()).float()


class Forked(One):
    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.a, x)
        return x + torch.jit.wait(future)


class Two(nn.Module):
    """Holds two modules."""

    def __init__(self, a: nn.Module, b: nn.Module) -> None:
        super().__init__()
        self.a, self.b = a, b

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.a(x))


class Difference(Two):
    def forward(self, x: Tensor) -> Tensor:
        return self.a(x) - 2 * self.b(x)


class ForkedBeside(Two):
    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.a, x)
        y = self.b(x)
        return torch.jit.wait(future) - y


class ForkedList(Two):
    def forward(self, x: Tensor) -> Tensor:
        futures = [torch.jit.fork(self.a, x), torch.jit.fork(self.b, x)]
        total = torch.zeros_like(x)
        for future in futures:
            total = total + torch.jit.wait(future)
        return total


class ByLength(Two):
    """A branch that depends on the input's shape."""

    def forward(self, x: Tensor) -> Tensor:
        return self.a(x) if x.size(1) > 2 else self.b(x)


class Listed(nn.Module):
    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(modules)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.layers:
            y = layer(y) + x
        return y


class Pair(One):
    """Two results, and the second does not follow the steps."""

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        y = self.a(x)
        return y, y[:, -1]


class Record(One):
    def forward(self, x: Tensor) -> Dict[str, List[Tensor]]:
        y = self.a(x)
        return {"y": [y, y], "x": [x]}


def scripted(module: nn.Module) -> torch.jit.ScriptModule:
    with without_notices():
        return torch.jit.script(evaluated(module))


def scripted_twice(a: nn.Module) -> nn.Module:
    """Hold one compiled module under two names."""
    one = scripted(a)
    return Difference(one, one)


def listed_twice(a: nn.Module) -> nn.Module:
    return Listed(a, a)


def tied(a: nn.Module, b: nn.Module) -> nn.Module:
    """Give both modules one parameter of each shape."""
    return _shared(a, b, "_parameters")


def sharing(a: nn.Module, b: nn.Module) -> nn.Module:
    """Give both modules one buffer of each shape."""
    return _shared(a, b, "_buffers")


def _shared(a: nn.Module, b: nn.Module, kind: str) -> nn.Module:
    first = {(tensor.shape, tensor.dtype): tensor for part in a.modules() for tensor in getattr(part, kind).values()}
    for part in b.modules():
        for name, tensor in list(getattr(part, kind).items()):
            if (tensor.shape, tensor.dtype) in first:  # once: two forks in b must not write the same
                setattr(part, name, first.pop((tensor.shape, tensor.dtype)))
    return Difference(a, b)


def hooked(a: nn.Module) -> nn.Module:
    a.register_forward_pre_hook(halve)
    a.register_forward_hook(negate)
    return a


def training(a: nn.Module) -> nn.Module:
    """Leave a module in training mode."""
    a.stays_in_training = True
    return a


LEAVES = [
    *(GRU, BidirectionalLSTM, Cells, Functional, ScalesItsWeights, Head, Normalized, CountsCalls, KeepsBuffer),
    *(KeepsMean, KeepsView, KeepsOptional, KeepsList, KeepsDict, KeepsTuple, KeepsObject, ReadsItsMode),
]
AROUND_ONE = [
    *(One, Loop, Steps, EveryOther, InPlace, Autocast, Double, Forked, scripted, scripted_twice, listed_twice),
    *(hooked, training),
]
AROUND_TWO = [Two, Difference, ForkedBeside, ForkedList, ByLength, Listed, tied, sharing]
RESULTS = [Pair, Record]


def evaluated(module: nn.Module) -> nn.Module:
    """Put a module into eval mode, but for the parts that stay in training mode on purpose."""
    module.eval()
    for part in module.modules():
        if getattr(part, "stays_in_training", False):
            part.train()
    return module


def make(expression: str) -> nn.Module:
    """Make the module that an expression says."""
    return evaluated(eval(expression, globals()))
