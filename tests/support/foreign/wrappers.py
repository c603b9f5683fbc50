"""Modules around one or two others, of which random modules are made: they take and give what the inner ones do."""

from typing import Dict, List, Tuple

import torch
from torch import Tensor, nn

from support.foreign.modes import halve, negate
from zoo.artifact.torchscript import without_notices


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


def evaluated(module: nn.Module) -> nn.Module:
    """Put a module into eval mode, but for the parts that stay in training mode on purpose."""
    module.eval()
    for part in module.modules():
        if getattr(part, "stays_in_training", False):
            part.train()
    return module


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


AROUND_ONE = [
    *(One, Loop, Steps, EveryOther, InPlace, Autocast, Double, Forked, scripted, scripted_twice, listed_twice),
    *(hooked, training),
]
AROUND_TWO = [Two, Difference, ForkedBeside, ForkedList, ByLength, Listed, tied, sharing]
RESULTS = [Pair, Record]
