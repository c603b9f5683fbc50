"""Layers that keep their matrices in a format of their own and compute in float32. Any LibTorch runs them.

`store` makes a module of a list of weights, as `stored_numbers.py` has them. The module holds the list itself:
LibTorch's freezing does not take one that is put together in every call for a constant, and then the fused engine would
leave the layer.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any, Optional, Tuple

import torch
from torch import _VF, Tensor, nn
from torch.nn import functional

from zoo.quantization.frames import HiddenCellFrame, HiddenFrame, LSTMCellFrame, LSTMFrame
from zoo.quantization.recipe import Convert, plain_objection, replace_layers
from zoo.quantization.stored_cells import is_written_cell, store_cell
from zoo.quantization.stored_numbers import Store

LAYERS = (nn.LSTM, nn.GRU, nn.RNN, nn.LSTMCell, nn.GRUCell, nn.RNNCell, nn.Linear, nn.Embedding, nn.Conv1d)
LARGEST = torch.finfo(torch.float16).max


def stored_objection(layer: nn.Module) -> str | None:
    """Return which weight half precision does not hold, or why the layer is none of PyTorch's plain ones, or None."""
    largest = max(float(p.detach().abs().max()) for p in layer.parameters())
    if largest > LARGEST:
        return f"has a weight of {largest:.3g}, more than float16 holds"
    return plain_objection(layer)


def storing(store: Store) -> Convert:
    """Return the conversion of a recipe that keeps all matrices by `store`."""

    def convert(model: nn.Module, names: Collection[str]) -> nn.Module:
        return replace_layers(model, names, partial(make_stored_layer, store=store))

    return convert


class StoredLinear(nn.Module):
    def __init__(self, layer: nn.Linear, store: Store) -> None:
        super().__init__()
        self.weight = store([layer.weight])
        self.bias = layer.bias

    def forward(self, input: Tensor) -> Tensor:
        return functional.linear(input, self.weight()[0], self.bias)


class StoredEmbedding(nn.Module):
    def __init__(self, layer: nn.Embedding, store: Store) -> None:
        super().__init__()
        self.weight = store([layer.weight])

    def forward(self, input: Tensor) -> Tensor:
        return functional.embedding(input, self.weight()[0])


class StoredConv1d(nn.Module):
    """A convolution that sums in float64, so that a result does not change with the length of the input."""

    def __init__(self, layer: nn.Conv1d, store: Store) -> None:
        super().__init__()
        self.weight = store([layer.weight])
        self.bias = layer.bias
        self.stride, self.padding, self.dilation = layer.stride, layer.padding, layer.dilation
        self.groups = layer.groups

    def forward(self, input: Tensor) -> Tensor:
        bias = self.bias
        summed = functional.conv1d(
            input.double(),
            self.weight()[0].double(),
            None if bias is None else bias.double(),
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
        )
        return summed.to(input.dtype)


class StoredLSTM(nn.Module):
    def __init__(self, layer: Any, store: Store) -> None:
        super().__init__()
        self.weights = store(layer._flat_weights)
        self.bias, self.num_layers = layer.bias, layer.num_layers
        self.bidirectional, self.batch_first = layer.bidirectional, layer.batch_first

    def forward(
        self, input: Tensor, h: Tensor, c: Tensor, batch_sizes: Optional[Tensor]
    ) -> Tuple[Tensor, Tensor, Tensor]:
        bias, layers, both, batch_first = self.bias, self.num_layers, self.bidirectional, self.batch_first
        if batch_sizes is None:
            return _VF.lstm(input, [h, c], self.weights(), bias, layers, 0.0, False, both, batch_first)
        return _VF.lstm(input, batch_sizes, [h, c], self.weights(), bias, layers, 0.0, False, both)


class StoredHidden(nn.Module):
    """The core of a GRU or an RNN."""

    def __init__(self, layer: Any, store: Store) -> None:
        super().__init__()
        self.weights = store(layer._flat_weights)
        self.mode = layer.mode
        self.bias, self.num_layers = layer.bias, layer.num_layers
        self.bidirectional, self.batch_first = layer.bidirectional, layer.batch_first

    def forward(self, input: Tensor, h: Tensor, batch_sizes: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
        bias, layers, both, batch_first = self.bias, self.num_layers, self.bidirectional, self.batch_first
        if batch_sizes is None:
            if self.mode == "GRU":
                return _VF.gru(input, h, self.weights(), bias, layers, 0.0, False, both, batch_first)
            if self.mode == "RNN_TANH":
                return _VF.rnn_tanh(input, h, self.weights(), bias, layers, 0.0, False, both, batch_first)
            return _VF.rnn_relu(input, h, self.weights(), bias, layers, 0.0, False, both, batch_first)
        if self.mode == "GRU":
            return _VF.gru(input, batch_sizes, h, self.weights(), bias, layers, 0.0, False, both)
        if self.mode == "RNN_TANH":
            return _VF.rnn_tanh(input, batch_sizes, h, self.weights(), bias, layers, 0.0, False, both)
        return _VF.rnn_relu(input, batch_sizes, h, self.weights(), bias, layers, 0.0, False, both)


class StoredLSTMCell(nn.Module):
    def __init__(self, cell: nn.LSTMCell, store: Store) -> None:
        super().__init__()
        self.weights = store([cell.weight_ih, cell.weight_hh])
        self.bias_ih, self.bias_hh = cell.bias_ih, cell.bias_hh

    def forward(self, input: Tensor, h: Tensor, c: Tensor) -> Tuple[Tensor, Tensor]:
        weight_ih, weight_hh = self.weights()
        return _VF.lstm_cell(input, [h, c], weight_ih, weight_hh, self.bias_ih, self.bias_hh)


class StoredHiddenCell(nn.Module):
    """The core of a GRU's cell or an RNN's."""

    def __init__(self, cell: Any, store: Store) -> None:
        super().__init__()
        self.mode = cell.nonlinearity if isinstance(cell, nn.RNNCell) else "gru"
        self.weights = store([cell.weight_ih, cell.weight_hh])
        self.bias_ih, self.bias_hh = cell.bias_ih, cell.bias_hh

    def forward(self, input: Tensor, h: Tensor) -> Tensor:
        weight_ih, weight_hh = self.weights()
        if self.mode == "gru":
            return _VF.gru_cell(input, h, weight_ih, weight_hh, self.bias_ih, self.bias_hh)
        if self.mode == "tanh":
            return _VF.rnn_tanh_cell(input, h, weight_ih, weight_hh, self.bias_ih, self.bias_hh)
        return _VF.rnn_relu_cell(input, h, weight_ih, weight_hh, self.bias_ih, self.bias_hh)


@torch.no_grad()
def make_stored_layer(layer: Any, store: Store) -> nn.Module:
    """Return a layer whose matrices are kept by `store`."""
    if is_written_cell(layer):
        return store_cell(layer, store)
    if isinstance(layer, nn.LSTM):
        return LSTMFrame(StoredLSTM(layer, store), layer)
    if isinstance(layer, nn.RNNBase):
        return HiddenFrame(StoredHidden(layer, store), layer)
    if isinstance(layer, nn.LSTMCell):
        return LSTMCellFrame(StoredLSTMCell(layer, store), layer.hidden_size)
    if isinstance(layer, nn.RNNCellBase):
        return HiddenCellFrame(StoredHiddenCell(layer, store), layer.hidden_size)
    if isinstance(layer, nn.Conv1d):
        return StoredConv1d(layer, store)
    return StoredEmbedding(layer, store) if isinstance(layer, nn.Embedding) else StoredLinear(layer, store)
