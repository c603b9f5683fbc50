"""Classes of users: what their `forward` takes and returns."""

from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn


class OneTensor(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(4, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0])


class BareRNN(nn.Module):
    """All of its names begin with rnn."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(4, 5, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


class OutputAndState(BareRNN):
    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        return self.rnn(x)


class OutputAndPair(OneTensor):
    def forward(self, x: Tensor) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        y, state = self.rnn(x)
        return self.head(y), state


class StateInAndOut(BareRNN):
    def forward(self, x: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        return self.rnn(x, h)


class PairInAndOut(OneTensor):
    def forward(self, x: Tensor, state: Optional[Tuple[Tensor, Tensor]] = None) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        y, state = self.rnn(x, state)
        return self.head(y), state


class ListInAndOut(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.GRU(4, 5, batch_first=True), nn.GRU(5, 6, batch_first=True)

    def forward(self, x: Tensor, states: Optional[List[Tensor]] = None) -> Tuple[Tensor, List[Tensor]]:
        a: Optional[Tensor] = None
        b: Optional[Tensor] = None
        if states is not None:
            a, b = states[0], states[1]
        y, h = self.first(x, a)
        y, g = self.second(y, b)
        return y, [h, g]


class WithLengths(OneTensor):
    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        y = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=x.size(1))[0]
        return self.head(y)


class DictResult(BareRNN):
    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        y, h = self.rnn(x)
        return {"y": y, "h": h}


class OneNumber(nn.Module):
    """Regression of one number for a sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.head = nn.GRU(4, 5, batch_first=True), nn.Linear(5, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0][:, -1])


class Hooked(OneTensor):
    """A hook in Python's own words, which TorchScript cannot compile."""

    def __init__(self) -> None:
        super().__init__()
        self.head.register_forward_hook(lambda module, inputs, output: output * 2)


class NaNWhereScripted(BareRNN):
    def forward(self, x: Tensor) -> Tensor:
        y = self.rnn(x)[0]
        if torch.jit.is_scripting():
            return y * float("nan")
        return y


class LastStep(OneTensor):
    """Does nothing with its lengths, and so gives what it sees in the padding."""

    def forward(self, x: Tensor, lengths: Optional[Tensor] = None) -> Tensor:
        return self.head(self.rnn(x)[0][:, -1])


class LastStepAndState(BareRNN):
    def forward(
        self, x: Tensor, lengths: Optional[Tensor] = None, state: Optional[Tensor] = None
    ) -> Tuple[Tensor, Tensor]:
        return self.rnn(x, state)


class ChannelsFirst(nn.Module):
    """Its steps are the last dimension of its input."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(4, 5, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(x.transpose(1, 2), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


class Pairs(BareRNN):
    """Takes only an even number of steps."""

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0].unflatten(1, [-1, 2]).sum(2)


class Squeezed(OneTensor):
    """Loses its batch where that is one row."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0])[:, :, :1].squeeze()


class HalfOutput(OneTensor):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0]).half()


class Autocast(OneTensor):
    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.head(self.rnn(x)[0])


class ComplexOutput(OneTensor):
    def forward(self, x: Tensor) -> Tensor:
        y = self.head(self.rnn(x)[0])
        return torch.complex(y, y)
