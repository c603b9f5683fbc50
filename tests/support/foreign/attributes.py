"""Modules that keep state in buffers, attributes and containers."""

from typing import Dict, List, Optional

from torch import Tensor, nn

from support.foreign.case import FEATURES, UNITS, Case, Plain, zeros


class StateInBuffer(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("h", zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, self.h = self.rnn(x, self.h)
        return y


class StateInBufferInPlace(StateInBuffer):
    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.h)
        self.h.copy_(h)
        return y


class StateInOptional(Plain):
    h: Optional[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.h = None

    def forward(self, x: Tensor) -> Tensor:
        y, self.h = self.rnn(x, self.h)
        return y


class StateInList(Plain):
    h: List[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.h = [zeros()]

    def forward(self, x: Tensor) -> Tensor:
        y, self.h[0] = self.rnn(x, self.h[0])
        return y


class StateInDict(Plain):
    h: Dict[str, Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.h = {"rnn": zeros()}

    def forward(self, x: Tensor) -> Tensor:
        y, self.h["rnn"] = self.rnn(x, self.h["rnn"])
        return y


class StateInTuple(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(FEATURES, UNITS, batch_first=True)
        self.state = (zeros(), zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, self.state = self.rnn(x, self.state)
        return y


class CountInAttribute(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.rnn(x)[0] * self.calls


CASES: dict[str, Case] = {
    "buffer": Case(StateInBuffer, 1),
    "buffer_in_place": Case(StateInBufferInPlace, 1),
    "optional": Case(StateInOptional, 1),
    "list": Case(StateInList, 1),
    "dict": Case(StateInDict, 1),
    "tuple": Case(StateInTuple, 1),
    "count": Case(CountInAttribute, 1),
}
