"""Modules that keep state in objects of script classes."""

import torch
from torch import Tensor

from support.foreign.case import OBJECT, Case, Plain, zeros


@torch.jit.script
class Memory:
    def __init__(self, h: Tensor):
        self.h = h

    def put(self, h: Tensor) -> None:
        self.h = h


@torch.jit.script
class Nested:
    def __init__(self, memory: Memory):
        self.memory = memory


@torch.jit.script
class Journal:
    def __init__(self, first: Tensor):
        self.all = [first]


@torch.jit.script
class Counter:
    def __init__(self):
        self.steps = 0


@torch.jit.script
class Settings:
    def __init__(self, scale: float):
        self.scale = scale


class StateInObjectByMethod(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory(zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.memory.h)
        self.memory.put(h)
        return y


class StateInObjectByAttribute(StateInObjectByMethod):
    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.memory.h)
        self.memory.h = h
        return y


class StateInObjectInPlace(StateInObjectByMethod):
    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.memory.h)
        self.memory.h.copy_(h)
        return y


class StateInNestedObject(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.nested = Nested(Memory(zeros()))

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.nested.memory.h)
        self.nested.memory.put(h)
        return y


class StateInListOfObject(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal(zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.journal.all[-1])
        self.journal.all.append(h)
        return y


class CountInObject(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.counter = Counter()

    def forward(self, x: Tensor) -> Tensor:
        self.counter.steps += 1
        return self.rnn(x)[0] * self.counter.steps


class SettingsInObject(Plain):
    """An object that nobody changes."""

    def __init__(self) -> None:
        super().__init__()
        self.settings = Settings(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0] * self.settings.scale


CASES: dict[str, Case] = {
    "object_by_method": Case(StateInObjectByMethod, refusal=OBJECT),
    "object_by_attribute": Case(StateInObjectByAttribute, refusal=OBJECT),
    "object_in_place": Case(StateInObjectInPlace, refusal=OBJECT),
    "object_nested": Case(StateInNestedObject, refusal=OBJECT),
    "object_with_list": Case(StateInListOfObject, refusal=OBJECT),
    "object_with_count": Case(CountInObject, refusal=OBJECT),
    "object_with_settings": Case(SettingsInObject, 1),
}
