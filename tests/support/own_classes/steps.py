"""Classes of users: lengths, padding, chunks, and steps that see others."""

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from support.own_classes.forms import BareRNN, OneTensor


class NormalizedOverTime(BareRNN):
    """The mean that it takes away is that of the chunk."""

    def forward(self, x: Tensor, state: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        return self.rnn(x - x.mean(1, keepdim=True), state)


class BothWays(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(4, 5, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor, state: Optional[Tuple[Tensor, Tensor]] = None) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        return self.rnn(x, state)


class OneMoreStep(BareRNN):
    """Gives an output more than it has steps: its output has a free axis."""

    def forward(self, x: Tensor, state: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        y, h = self.rnn(x, state)
        return torch.cat([y, y[:, -1:]], 1), h


class NoSingleSteps(BareRNN):
    """Takes one step at the beginning of a sequence only."""

    def forward(self, x: Tensor, state: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        if state is not None and bool(state.any()) and x.size(1) < 2:
            raise ValueError("a later chunk needs two steps")
        return self.rnn(x, state)


class SeesPadding(BareRNN):
    """Reads its rows from the end, where padding is, though it knows their lengths."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return self.rnn(x.flip(1))[0] * lengths.view(-1, 1, 1)


class OneNumberForAllRows(BareRNN):
    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0].mean(0)


class ShortWindow(BareRNN):
    """The mean of the last 48 steps, with a state that keeps 40 of them: an error of the class."""

    def forward(self, x: Tensor, state: Optional[List[Tensor]] = None) -> Tuple[Tensor, List[Tensor]]:
        if state is None:
            state = [torch.zeros(1, x.size(0), 5), torch.zeros(40, x.size(0), 5)]
        y, h = self.rnn(x, state[0])
        seen = torch.cat([state[1].transpose(0, 1), y], 1)
        padded = nn.functional.pad(seen, [0, 0, 8, 0])
        return padded.unfold(1, 48, 1).mean(-1)[:, -y.size(1) :], [h, seen[:, -40:].transpose(0, 1)]


class HundredPositions(BareRNN):
    def __init__(self) -> None:
        super().__init__()
        self.position = nn.Embedding(100, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x + self.position(torch.arange(x.size(1))))[0]


class Packed(BareRNN):
    """Its rows come in any order, and none of length 0."""

    def run(self, x: Tensor, lengths: Tensor, h: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, h = self.rnn(packed, h)
        return nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=x.size(1))[0], h


class StateThenLengths(Packed):
    def forward(
        self, x: Tensor, hidden: Optional[Tensor] = None, lens: Optional[Tensor] = None
    ) -> Tuple[Tensor, Tensor]:
        if lens is None:
            return self.rnn(x, hidden)
        return self.run(x, lens, hidden)


class LengthsThenState(Packed):
    def forward(self, x: Tensor, lengths: Tensor, h0: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        return self.run(x, lengths, h0)


class StateThenLengthsWithoutStateOut(Packed):
    """Takes a state, but gives none back."""

    def forward(self, x: Tensor, state: Optional[Tensor] = None, lengths: Optional[Tensor] = None) -> Tensor:
        if lengths is None:
            return self.rnn(x, state)[0]
        return self.run(x, lengths, state)[0]


class Masked(OneTensor):
    def forward(self, x: Tensor, mask: Optional[Tensor] = None, lengths: Optional[Tensor] = None) -> Tensor:
        return self.head(self.rnn(x)[0])


class MaskedWithStateOut(BareRNN):
    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        return self.rnn(x)


class ValidConvolution(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(4, 4, 20)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(self.convolution(x.transpose(1, 2)).transpose(1, 2))[0])


class ValidConvolutionWithLengths(ValidConvolution):
    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        seen = self.convolution(x.transpose(1, 2)).transpose(1, 2)
        packed = nn.utils.rnn.pack_padded_sequence(seen, lengths - 19, batch_first=True, enforce_sorted=False)
        return self.head(self.rnn(packed)[1][0][-1])


class Stride(nn.Module):
    """One output for two steps."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(8, 5, batch_first=True)

    def forward(self, x: Tensor, state: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        half = x.size(1) // 2
        return self.rnn(x[:, : 2 * half].reshape(x.size(0), half, 8), state)


class SortedRows(BareRNN):
    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return self.rnn(nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True))[1][-1]
