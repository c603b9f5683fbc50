"""Classes as people write them, for `zoo script module:Class`."""

import warnings
from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm


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


class RequiredState(BareRNN):
    def forward(self, x: Tensor, h: Tensor) -> Tuple[Tensor, Tensor]:
        return self.rnn(x, h)


class LearnedBeginning(BareRNN):
    """None stands for a state that is not zero."""

    def forward(self, x: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        if h is None:
            h = torch.ones(1, x.size(0), 5)
        return self.rnn(x, h)


class DictResult(BareRNN):
    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        y, h = self.rnn(x)
        return {"y": y, "h": h}


class Double(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        self.double()


class Half(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        self.half()


class OldWeightNorm(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        with warnings.catch_warnings():  # people still have such models
            warnings.simplefilter("ignore", FutureWarning)
            self.head = weight_norm(self.head)


class OldSpectralNorm(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        self.head = spectral_norm(self.head)


class NewWeightNorm(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        parametrizations.weight_norm(self.rnn, "weight_hh_l0")
        parametrizations.orthogonal(self.head)


class Symmetric(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight.triu() + weight.triu(1).transpose(-1, -2)


class OwnParametrization(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.square = nn.Linear(4, 4)
        parametrize.register_parametrization(self.square, "weight", Symmetric())

    def forward(self, x: Tensor) -> Tensor:
        return self.square(x)


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


class TinyLearnedBeginning(BareRNN):
    def forward(self, x: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        if h is None:
            h = torch.ones(1, x.size(0), 5)
        y, h = self.rnn(x, h)
        return y * 1e-7, h


class LateLearnedBeginning(nn.Module):
    """Gives the input 20 steps later, and ones before it; the state shows it earlier than the output does."""

    def forward(self, x: Tensor, past: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        if past is None:
            past = torch.cat([torch.zeros(15, x.size(0), 4), torch.ones(5, x.size(0), 4)])
        seen = torch.cat([past, x.transpose(0, 1)])
        return seen[: x.size(1)].transpose(0, 1), seen[-20:]


class OtherInitialState(BareRNN):
    """Keeps the contract, but for its `initial_state`."""

    def forward(
        self, x: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        h: Optional[Tensor] = None
        if state is not None:
            h = state[0]
        y, h = self.rnn(x, h)
        return y, [h]

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [torch.ones(1, batch_size, 5)]


class WrongInitialState(OtherInitialState):
    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [torch.zeros(2, batch_size, 5)]


class NaNWhereScripted(BareRNN):
    def forward(self, x: Tensor) -> Tensor:
        y = self.rnn(x)[0]
        if torch.jit.is_scripting():
            return y * float("nan")
        return y


class DoubleState(BareRNN):
    def __init__(self) -> None:
        super().__init__()
        self.double()

    def forward(self, x: Tensor, hx: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        return self.rnn(x, hx)


class Counter(nn.Module):
    """A state of integers."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor, state: Optional[List[Tensor]] = None) -> Tuple[Tensor, List[Tensor]]:
        if state is None:
            state = [torch.zeros(1, x.size(0), 1, dtype=torch.long)]
        count = (state[0].squeeze(0) + torch.arange(x.size(1))) % 7
        return self.head(x) + count.unsqueeze(2), [state[0] + x.size(1)]


class UnnamedState(BareRNN):
    def forward(self, x: Tensor, z: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        return self.rnn(x, z)


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


class Pairs(BareRNN):
    """Takes only an even number of steps."""

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0].unflatten(1, [-1, 2]).sum(2)


class SortedRows(BareRNN):
    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return self.rnn(nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True))[1][-1]


class ListedLayers(nn.Module):
    """Keeps layers where PyTorch does not look for them."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(5, 3)
        self.layers = [nn.GRU(4, 5, batch_first=True), self.head]
        self.others = {"scale": (nn.Parameter(torch.ones(3)),)}

    def forward(
        self, x: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        return self.head(self.layers[0](x)[0]) * self.others["scale"][0], []


class Squeezed(OneTensor):
    """Loses its batch where that is one row."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0])[:, :, :1].squeeze()


class Pruned(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        prune.l1_unstructured(self.head, "weight", 0.5)
        prune.random_unstructured(self.rnn, "weight_hh_l0", 0.5)


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


class CellState(nn.Module):
    """A cell's own state (batch, size)."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(4, 5)

    def forward(self, x: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        steps: List[Tensor] = []
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
            steps.append(h)
        y = torch.stack(steps, 1)
        return y, y[:, -1]


class BatchFirstState(CellState):
    def forward(self, x: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        y, h = super().forward(x, None if h is None else h[:, 0])
        return y, h.unsqueeze(1)


class CellStateInContract(CellState):
    def forward(
        self, x: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        y, h = super().forward(x, None if state is None else state[0])
        return y, [h]


class GrowingState(nn.Module):
    """The state is all steps so far."""

    def forward(self, x: Tensor, state: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        if state is None:
            state = torch.zeros(0, x.size(0), 4)
        state = torch.cat([state, x.transpose(0, 1)])
        return state.cumsum(0)[-x.size(1) :].transpose(0, 1), state


class StateInABuffer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(4, 5)
        self.register_buffer("last", torch.zeros(1, 5))

    def forward(self, x: Tensor) -> Tensor:
        h = self.last.expand(x.size(0), 5)
        steps: List[Tensor] = []
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
            steps.append(h)
        self.last = h[:1]
        return torch.stack(steps, 1)
