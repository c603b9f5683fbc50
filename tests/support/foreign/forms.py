"""Forms in which recurrence is written, kinds of numbers, and kinds of results."""

import warnings
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from support.foreign.case import FEATURES, UNITS, Case, Plain, zeros
from support.foreign.recurrence import Functional
from zoo.artifact.torchscript import without_notices


class FunctionalLSTM(nn.Module):
    """torch.lstm after checks of the user's own, with an optional state."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(FEATURES, UNITS)

    def forward(self, x: Tensor, state: Optional[Tuple[Tensor, Tensor]] = None) -> Tensor:
        if x.dim() != 3:
            raise ValueError("three dimensions, please")
        assert x.size(2) == 6, "six features, please"
        if state is None:
            state = (torch.zeros(1, x.size(0), 8), torch.zeros(1, x.size(0), 8))
        w = [self.rnn.weight_ih_l0, self.rnn.weight_hh_l0, self.rnn.bias_ih_l0, self.rnn.bias_hh_l0]
        return torch.lstm(x, [state[0], state[1]], w, True, 1, 0.0, False, False, True)[0]


class FunctionalRNN(nn.Module):
    """Both nonlinearities in one file, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(FEATURES, FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        w = [self.rnn.weight_ih_l0, self.rnn.weight_hh_l0, self.rnn.bias_ih_l0, self.rnn.bias_hh_l0]
        h = torch.zeros(1, x.size(0), x.size(2))
        y, h = torch.rnn_tanh(x, h, w, True, 1, 0.0, False, False, True)
        return torch.rnn_relu(y, h, w, True, 1, 0.0, False, False, True)[0]


class NormalizedWeights(Functional):
    """weight_norm written out: constants once the file is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.size = nn.Parameter(torch.ones(3 * UNITS, 1))

    def forward(self, x: Tensor) -> Tensor:
        w_hh = torch._weight_norm(self.rnn.weight_hh_l0, self.size, 0)
        w = [self.rnn.weight_ih_l0, w_hh, self.rnn.bias_ih_l0, self.rnn.bias_hh_l0]
        return torch.gru(x, torch.zeros(1, x.size(0), 8), w, True, 1, 0.0, False, False, True)[0]


class TwoLayersWithoutBias(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(FEATURES, UNITS, 2, bias=False, batch_first=True, bidirectional=True, proj_size=3)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


class StepsFirst(nn.Module):
    """The layer takes the steps in dimension 0, the model in dimension 1."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(FEATURES, UNITS, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x.transpose(0, 1))[0].transpose(0, 1)


class StackOfCells(nn.Module):
    """Cells of several kinds in a list, with dropout between that is off."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.ModuleList([nn.GRUCell(FEATURES, UNITS), nn.RNNCell(UNITS, UNITS)])
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        states = [torch.zeros(x.size(0), 8), torch.zeros(x.size(0), 8)]
        steps: List[Tensor] = []
        for step in x.unbind(1):
            for i, cell in enumerate(self.cells):
                states[i] = cell(step, states[i])
                step = self.dropout(states[i])
            steps.append(step)
        return torch.stack(steps, 1)


class CellThatStopsEarly(nn.Module):
    """A loop whose end depends on the data, and a state that stays in the module."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(FEATURES, UNITS)
        self.register_buffer("h", torch.zeros(2, UNITS))

    def forward(self, x: Tensor) -> Tensor:
        t = 0
        while t < x.size(1) and float(self.h.abs().max()) < 0.9:
            self.h = self.cell(x[:, t], self.h)
            t += 1
        return self.h


class CellWrittenOut(nn.Module):
    """An LSTM of linear layers with a layer norm, as TorchScript's own examples have it."""

    def __init__(self) -> None:
        super().__init__()
        self.x2h, self.h2h = nn.Linear(FEATURES, 4 * UNITS), nn.Linear(UNITS, 4 * UNITS, bias=False)
        self.norm = nn.LayerNorm(UNITS)

    def forward(self, x: Tensor) -> Tensor:
        h, c = torch.zeros(x.size(0), 8), torch.zeros(x.size(0), 8)
        steps: List[Tensor] = []
        for t in range(x.size(1)):
            i, f, g, o = (self.x2h(x[:, t]) + self.h2h(h)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(self.norm(c))
            steps.append(h)
        return torch.stack(steps, 1)


class PackedWithState(nn.Module):
    """Packed sequences, with the state of each row carried inside."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(FEATURES, UNITS, batch_first=True)
        self.register_buffer("h", zeros())

    def forward(self, x: Tensor) -> Tensor:
        lengths = torch.arange(x.size(1), x.size(1) - x.size(0), -1)
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        y, self.h = self.rnn(packed, self.h)
        return pad_packed_sequence(y, batch_first=True, total_length=x.size(1))[0]


class RowsOfTheirOwnLength(Plain):
    """Rows are cut, padded again, and run one by one."""

    def forward(self, x: Tensor) -> Tensor:
        rows: List[Tensor] = []
        for i in range(x.size(0)):
            rows.append(self.rnn(x[i : i + 1, : x.size(1) - i])[0][0])
        return pad_sequence(rows, batch_first=True)


class SequenceWithoutBatch(Plain):
    """Two dimensions go into the layer."""

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x[0])[0]


def traced() -> torch.jit.ScriptModule:
    with warnings.catch_warnings():  # of the layer's own checks
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        return torch.jit.trace(Plain().eval(), torch.randn(2, 5, FEATURES))


def quantized() -> nn.Module:
    with without_notices():
        return torch.ao.quantization.quantize_dynamic(Plain().eval(), {nn.GRU})


class In(Plain):
    """Computes in another type than it takes."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.rnn = self.rnn.to(dtype)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x.to(self.dtype))[0].float()


class DoubleBeside(Plain):
    """Only the head is in float64, and the result too."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(UNITS, 3).double()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0].double())


class WritesItsResult(Plain):
    """In place, on what the layer gives."""

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x)
        y.mul_(2)
        y[:, 0] = 1.0
        h.zero_()
        return y + h.transpose(0, 1)


class WritesItsInput(Plain):
    """The caller's tensor changes."""

    def forward(self, x: Tensor) -> Tensor:
        x.mul_(0.5)
        return self.rnn(x)[0]


class Pair(NamedTuple):
    y: Tensor
    h: Tensor


class NamedPair(Plain):
    def forward(self, x: Tensor) -> Pair:
        y, h = self.rnn(x)
        return Pair(y, h)


class NumbersBeside(Plain):
    def forward(self, x: Tensor) -> Tuple[Tensor, int, float, bool]:
        return self.rnn(x)[0], x.size(1), 0.5, True


class OneThingTwice(Plain):
    """The same tensor at two places of the result, and inside a dict of lists."""

    def forward(self, x: Tensor) -> Dict[str, List[Tensor]]:
        y = self.rnn(x)[0]
        return {"a": [y, y], "b": [y[:, -1], x]}


class NothingBeside(Plain):
    def forward(self, x: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        return self.rnn(x)[0], None


FLOAT = "expected float32"
CASES = {
    "functional_lstm": Case(FunctionalLSTM, 1),
    "functional_rnn": Case(FunctionalRNN, 2),
    "normalized_weights": Case(NormalizedWeights, 1),
    "two_layers_without_bias": Case(TwoLayersWithoutBias, 2),
    "steps_first": Case(StepsFirst, 1),
    "stack_of_cells": Case(StackOfCells, 2),
    "cell_that_stops_early": Case(CellThatStopsEarly, 1),
    "cell_written_out": Case(CellWrittenOut, refusal="no recurrent layer"),
    "packed_with_state": Case(PackedWithState, 1),
    "rows_of_their_own_length": Case(RowsOfTheirOwnLength, 1),
    "sequence_without_batch": Case(SequenceWithoutBatch, 1),
    "traced": Case(traced, 1),
    "quantized": Case(quantized, left="PyTorch quantized it"),
    "half": Case(lambda: In(torch.float16), left="Half"),
    "bfloat16": Case(lambda: In(torch.bfloat16), left="BFloat16"),
    "double_beside": Case(DoubleBeside, 1),
    "writes_its_result": Case(WritesItsResult, 1),
    "writes_its_input": Case(WritesItsInput, 1),
    "named_pair": Case(NamedPair, 1),
    "numbers_beside": Case(NumbersBeside, 1),
    "one_thing_twice": Case(OneThingTwice, 1),
    "nothing_beside": Case(NothingBeside, 1),
}
