"""Modules that keep state in places where it is easily taken for a constant."""

from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from support.foreign.attributes import StateInBuffer
from support.foreign.case import OBJECT, SHARED, UNITS, Case, Plain, zeros
from support.foreign.objects import Memory


@torch.jit.script
class LSTMState:
    def __init__(self, h: Tensor, c: Tensor):
        self.h = h
        self.c = c

    def get(self) -> Tuple[Tensor, Tensor]:
        return self.h, self.c

    def put(self, state: Tuple[Tensor, Tensor]) -> None:
        self.h, self.c = state


class HAndC(NamedTuple):
    h: Tensor
    c: Tensor


class ObjectOfAnLSTM(nn.Module):
    """Two tensors in one object, set as a pair."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(6, UNITS, batch_first=True)
        self.state = LSTMState(zeros(), zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, state = self.rnn(x, self.state.get())
        self.state.put(state)
        return y


class ListOfObjects(nn.Module):
    """An object for each layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.GRU(6, UNITS, batch_first=True), nn.GRU(UNITS, UNITS, batch_first=True)
        self.states = [Memory(zeros()), Memory(zeros())]

    def forward(self, x: Tensor) -> Tensor:
        x, h = self.first(x, self.states[0].h)
        self.states[0].put(h)
        x, h = self.second(x, self.states[1].h)
        self.states[1].put(h)
        return x


class Reader(Plain):
    """Begins from what an object holds, and changes nothing itself."""

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self.memory = memory

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x, self.memory.h)[0]


class ObjectOfTwoModules(Plain):
    """One module writes the object, another reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory(zeros())
        self.reader = Reader(self.memory)

    def forward(self, x: Tensor) -> Tensor:
        self.memory.put(self.rnn(x)[1])
        return self.reader(x)


class LocalObject(Plain):
    """An object that lives as long as one call."""

    def forward(self, x: Tensor) -> Tensor:
        memory = Memory(torch.zeros(1, x.size(0), 8))
        y, h = self.rnn(x, memory.h)
        memory.put(h)
        return y + memory.h.transpose(0, 1)


class NamedTupleState(nn.Module):
    state: HAndC

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(6, UNITS, batch_first=True)
        self.state = HAndC(zeros(), zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, (h, c) = self.rnn(x, (self.state.h, self.state.c))
        self.state = HAndC(h, c)
        return y


class ListInPlace(Plain):
    h: List[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.h = [zeros()]

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.h[0])
        self.h[0].copy_(h)
        return y


class DictInPlace(Plain):
    h: Dict[int, Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.h = {7: zeros()}

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.h[7])
        self.h[7].copy_(h)
        return y


class ListOfOneTensor(ListInPlace):
    """Two entries of a list are one tensor, and one of them is written."""

    def __init__(self) -> None:
        super().__init__()
        h = zeros()
        self.h = [h, h]

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.h[0])
        self.h[1].copy_(h)
        return y


class TupleInPlace(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(6, UNITS, batch_first=True)
        self.state = (zeros(), zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, state = self.rnn(x, self.state)
        self.state[0].copy_(state[0])
        self.state[1].copy_(state[1])
        return y


class GrowingList(Plain):
    """A history: every call appends to it and reads all of it."""

    history: List[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.history = [zeros()]

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, torch.stack(self.history).mean(0))
        self.history.append(h)
        if len(self.history) > 2:
            self.history.pop(0)
        return y


class FirstCall(StateInBuffer):
    """A flag in place of a state that is None."""

    def __init__(self) -> None:
        super().__init__()
        self.first = True

    def forward(self, x: Tensor) -> Tensor:
        if self.first:
            self.h = torch.ones(1, x.size(0), 8)
            self.first = False
        y, self.h = self.rnn(x, self.h)
        return y


class DecayingFloat(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.scale = 1.0

    def forward(self, x: Tensor) -> Tensor:
        self.scale = self.scale * 0.5
        return self.rnn(x)[0] * self.scale


class NameOfAMode(Plain):
    """Text that says which way to go."""

    def __init__(self) -> None:
        super().__init__()
        self.mode = "warm up"

    def forward(self, x: Tensor) -> Tensor:
        if self.mode == "warm up":
            self.mode = "run"
            return self.rnn(x)[0] * 0.0
        return self.rnn(x)[0]


class OptionalNumber(Plain):
    calls: Optional[int]

    def __init__(self) -> None:
        super().__init__()
        self.calls = None

    def forward(self, x: Tensor) -> Tensor:
        calls = self.calls
        self.calls = 1 if calls is None else calls + 1
        return self.rnn(x)[0] if calls is None else self.rnn(x)[0] * calls


INSIDE = "in a list, dict or tuple"
CASES = {
    "object_of_an_lstm": Case(ObjectOfAnLSTM, refusal=OBJECT),
    "list_of_objects": Case(ListOfObjects, refusal=OBJECT),
    "object_of_two_modules": Case(ObjectOfTwoModules, refusal=OBJECT),
    "local_object": Case(LocalObject, 1),
    "named_tuple": Case(NamedTupleState, 1),
    "list_in_place": Case(ListInPlace, refusal=INSIDE),
    "dict_in_place": Case(DictInPlace, refusal=INSIDE),
    "list_of_one_tensor": Case(ListOfOneTensor, refusal=SHARED),
    "tuple_in_place": Case(TupleInPlace, refusal=INSIDE),
    "growing_list": Case(GrowingList, 1),
    "first_call": Case(FirstCall, 1),
    "decaying_float": Case(DecayingFloat, 1),
    "name_of_a_mode": Case(NameOfAMode, 1),
    "optional_number": Case(OptionalNumber, 1),
}
