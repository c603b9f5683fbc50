"""Recipe `float16`: weights in half precision in the file, float32 arithmetic. Any LibTorch runs the file."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, List, Optional, Tuple

import torch
from torch import _VF, Tensor, nn
from torch.nn import functional

from zoo.artifact.tolerances import FLOAT16_LIMIT, FP32, Tolerance
from zoo.quantization.frames import HiddenCellFrame, HiddenFrame, LSTMCellFrame, LSTMFrame
from zoo.quantization.recipe import Recipe, plain_objection, register_recipe, replace_layers

LARGEST = torch.finfo(torch.float16).max


class HalfTensor(nn.Module):
    """A matrix that takes two bytes a number in the file and is float32 in memory, rounded."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values: Tensor
        self.register_buffer("values", values.detach().half().float())

    def forward(self) -> Tensor:
        return self.values

    # TorchScript calls these two when it writes and reads a file.
    @torch.jit.export
    def __getstate__(self) -> Tuple[Tensor, bool]:
        return self.values.half(), self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[Tensor, bool]) -> None:
        self.values = state[0].float()
        self.training = state[1]

    def __reduce__(self) -> Any:
        """Copy and pickle as other modules do: Python would call the two methods above."""
        return _restore, (self.values, self.training)


def _restore(values: Tensor, training: bool) -> HalfTensor:
    return HalfTensor(values).train(training)


class FloatTensor(nn.Module):
    """A vector in float32."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values: Tensor
        self.register_buffer("values", values.detach().clone())

    def forward(self) -> Tensor:
        return self.values


class HalfLinear(nn.Module):
    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight = HalfTensor(layer.weight)
        self.bias = layer.bias

    def forward(self, input: Tensor) -> Tensor:
        return functional.linear(input, self.weight(), self.bias)


class HalfEmbedding(nn.Module):
    def __init__(self, layer: nn.Embedding) -> None:
        super().__init__()
        self.weight = HalfTensor(layer.weight)

    def forward(self, input: Tensor) -> Tensor:
        return functional.embedding(input, self.weight())


class HalfConv1d(nn.Module):
    """A convolution that sums in float64, so that a result does not change with the length of the input."""

    def __init__(self, layer: nn.Conv1d) -> None:
        super().__init__()
        self.weight = HalfTensor(layer.weight)
        self.bias = layer.bias
        self.stride, self.padding, self.dilation = layer.stride[0], layer.padding, layer.dilation[0]
        self.groups = layer.groups

    def forward(self, input: Tensor) -> Tensor:
        bias = self.bias
        summed = functional.conv1d(
            input.double(),
            self.weight().double(),
            None if bias is None else bias.double(),
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
        )
        return summed.to(input.dtype)


class HalfWeights(nn.Module):
    """The weights of a recurrent layer in the order of its `_flat_weights`; biases stay float32."""

    def __init__(self, weights: List[Tensor]) -> None:
        super().__init__()
        self.parts = nn.ModuleList([HalfTensor(w) if w.dim() == 2 else FloatTensor(w) for w in weights])

    def forward(self) -> List[Tensor]:
        weights: List[Tensor] = []
        for part in self.parts:
            weights.append(part())
        return weights


class HalfLSTM(nn.Module):
    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.weights = HalfWeights(layer._flat_weights)
        self.bias, self.num_layers = layer.bias, layer.num_layers
        self.bidirectional, self.batch_first = layer.bidirectional, layer.batch_first

    def forward(
        self, input: Tensor, h: Tensor, c: Tensor, batch_sizes: Optional[Tensor]
    ) -> Tuple[Tensor, Tensor, Tensor]:
        weights = self.weights()
        if batch_sizes is None:
            return _VF.lstm(
                input, [h, c], weights, self.bias, self.num_layers, 0.0, False, self.bidirectional, self.batch_first
            )
        return _VF.lstm(input, batch_sizes, [h, c], weights, self.bias, self.num_layers, 0.0, False, self.bidirectional)


class HalfHidden(nn.Module):
    """The core of a GRU or an RNN."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.weights = HalfWeights(layer._flat_weights)
        self.mode = layer.mode
        self.bias, self.num_layers = layer.bias, layer.num_layers
        self.bidirectional, self.batch_first = layer.bidirectional, layer.batch_first

    def forward(self, input: Tensor, h: Tensor, batch_sizes: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
        weights = self.weights()
        bias, layers, both, batch_first = self.bias, self.num_layers, self.bidirectional, self.batch_first
        if batch_sizes is None:
            if self.mode == "GRU":
                return _VF.gru(input, h, weights, bias, layers, 0.0, False, both, batch_first)
            if self.mode == "RNN_TANH":
                return _VF.rnn_tanh(input, h, weights, bias, layers, 0.0, False, both, batch_first)
            return _VF.rnn_relu(input, h, weights, bias, layers, 0.0, False, both, batch_first)
        if self.mode == "GRU":
            return _VF.gru(input, batch_sizes, h, weights, bias, layers, 0.0, False, both)
        if self.mode == "RNN_TANH":
            return _VF.rnn_tanh(input, batch_sizes, h, weights, bias, layers, 0.0, False, both)
        return _VF.rnn_relu(input, batch_sizes, h, weights, bias, layers, 0.0, False, both)


class HalfLSTMCell(nn.Module):
    def __init__(self, cell: nn.LSTMCell) -> None:
        super().__init__()
        self.weight_ih, self.weight_hh = HalfTensor(cell.weight_ih), HalfTensor(cell.weight_hh)
        self.bias_ih, self.bias_hh = cell.bias_ih, cell.bias_hh

    def forward(self, input: Tensor, h: Tensor, c: Tensor) -> Tuple[Tensor, Tensor]:
        return _VF.lstm_cell(input, [h, c], self.weight_ih(), self.weight_hh(), self.bias_ih, self.bias_hh)


class HalfHiddenCell(nn.Module):
    """The core of a GRU's cell or an RNN's."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.mode = cell.nonlinearity if isinstance(cell, nn.RNNCell) else "gru"
        self.weight_ih, self.weight_hh = HalfTensor(cell.weight_ih), HalfTensor(cell.weight_hh)
        self.bias_ih, self.bias_hh = cell.bias_ih, cell.bias_hh

    def forward(self, input: Tensor, h: Tensor) -> Tensor:
        weight_ih, weight_hh = self.weight_ih(), self.weight_hh()
        if self.mode == "gru":
            return _VF.gru_cell(input, h, weight_ih, weight_hh, self.bias_ih, self.bias_hh)
        if self.mode == "tanh":
            return _VF.rnn_tanh_cell(input, h, weight_ih, weight_hh, self.bias_ih, self.bias_hh)
        return _VF.rnn_relu_cell(input, h, weight_ih, weight_hh, self.bias_ih, self.bias_hh)


def halve(layer: Any) -> nn.Module:
    """Return a layer with its matrices in half precision."""
    if isinstance(layer, nn.LSTM):
        return LSTMFrame(HalfLSTM(layer), layer)
    if isinstance(layer, nn.RNNBase):
        return HiddenFrame(HalfHidden(layer), layer)
    if isinstance(layer, nn.LSTMCell):
        return LSTMCellFrame(HalfLSTMCell(layer), layer.hidden_size)
    if isinstance(layer, nn.RNNCellBase):
        return HiddenCellFrame(HalfHiddenCell(layer), layer.hidden_size)
    if isinstance(layer, nn.Conv1d):
        return HalfConv1d(layer)
    return HalfEmbedding(layer) if isinstance(layer, nn.Embedding) else HalfLinear(layer)


def objection(layer: Any) -> str | None:
    largest = max(float(p.detach().abs().max()) for p in layer.parameters())
    if largest > LARGEST:
        return f"has a weight of {largest:.3g}, more than float16 holds"
    return plain_objection(layer)


def convert(model: nn.Module, names: Collection[str]) -> nn.Module:
    return replace_layers(model, names, halve)


register_recipe(
    Recipe(
        name="float16",
        description="float16 weights in the file, half its size, float32 arithmetic; LSTM, GRU, RNN, cells, Linear, "
        "Embedding, Conv1d; for any LibTorch",
        objection=objection,
        layers=(nn.LSTM, nn.GRU, nn.RNN, nn.LSTMCell, nn.GRUCell, nn.RNNCell, nn.Linear, nn.Embedding, nn.Conv1d),
        convert=convert,
        limit=FLOAT16_LIMIT,
        replay=FP32,
        regrouped=Tolerance(1e-5, 1e-5),
    )
)
