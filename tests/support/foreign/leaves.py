"""Modules of which random modules are made: every one takes and gives (batch, steps, WIDTH)."""

from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn

from support.foreign.objects import Memory

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


LEAVES = [
    *(GRU, BidirectionalLSTM, Cells, Functional, ScalesItsWeights, Head, Normalized, CountsCalls, KeepsBuffer),
    *(KeepsMean, KeepsView, KeepsOptional, KeepsList, KeepsDict, KeepsTuple, KeepsObject, ReadsItsMode),
]
