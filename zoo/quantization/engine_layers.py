"""Layers whose weights are packed for the fused engine, in the file too. They need the project's operators."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.ops import operators, pack
from zoo.quantization.frames import HiddenCellFrame, HiddenFrame, LSTMCellFrame, LSTMFrame
from zoo.quantization.int8_numbers import count_steps
from zoo.quantization.stored_cells import is_written_cell, store_cell
from zoo.quantization.stored_numbers import HalfTensors, KeptTensors, Store, halve
from zoo.quantization.stored_state import PackedState, StoredState
from zoo.quantization.windows import cut_windows, read_windows


class InputScale(nn.Module):
    """Multiplies the channels of an input, where a recipe smooths a layer (`smoothing.py`)."""

    def __init__(self, scale: Tensor) -> None:
        super().__init__()
        self.scale: Tensor
        self.register_buffer("scale", scale)

    def forward(self, input: Tensor) -> Tensor:
        return input * self.scale


class EngineLSTM(PackedState):
    """The core of an LSTM."""

    def __init__(self, layer: nn.LSTM, precision: str) -> None:
        super().__init__(pack(layer, precision))
        self.input_scale: nn.Module = nn.Identity()
        self.bidirectional, self.batch_first = layer.bidirectional, layer.batch_first

    def forward(
        self, input: Tensor, h: Tensor, c: Tensor, batch_sizes: Optional[Tensor]
    ) -> Tuple[Tensor, Tensor, Tensor]:
        input = self.input_scale(input)
        if batch_sizes is None:
            return torch.ops.zoo.lstm(input, h, c, self.packed, self.bidirectional, self.batch_first)
        return torch.ops.zoo.lstm_packed_sequence(input, batch_sizes, h, c, self.packed, self.bidirectional)


class EngineHidden(PackedState):
    """The core of a GRU or an RNN."""

    def __init__(self, layer: nn.RNNBase, precision: str) -> None:
        super().__init__(pack(layer, precision))
        self.input_scale: nn.Module = nn.Identity()
        self.is_gru = layer.mode == "GRU"
        self.bidirectional, self.batch_first = layer.bidirectional, layer.batch_first

    def forward(self, input: Tensor, h: Tensor, batch_sizes: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
        input = self.input_scale(input)
        if batch_sizes is None:
            if self.is_gru:
                return torch.ops.zoo.gru(input, h, self.packed, self.bidirectional, self.batch_first)
            return torch.ops.zoo.rnn(input, h, self.packed, self.bidirectional, self.batch_first)
        if self.is_gru:
            return torch.ops.zoo.gru_packed_sequence(input, batch_sizes, h, self.packed, self.bidirectional)
        return torch.ops.zoo.rnn_packed_sequence(input, batch_sizes, h, self.packed, self.bidirectional)


class EngineLSTMCell(PackedState):
    def __init__(self, packed: Tensor) -> None:
        super().__init__(packed)
        self.input_scale: nn.Module = nn.Identity()

    def forward(self, input: Tensor, h: Tensor, c: Tensor) -> Tuple[Tensor, Tensor]:
        return torch.ops.zoo.lstm_cell(self.input_scale(input), h, c, self.packed)


class EngineHiddenCell(PackedState):
    """The core of a GRU's cell or an RNN's."""

    def __init__(self, packed: Tensor, is_gru: bool) -> None:
        super().__init__(packed)
        self.input_scale: nn.Module = nn.Identity()
        self.is_gru = is_gru

    def forward(self, input: Tensor, h: Tensor) -> Tensor:
        input = self.input_scale(input)
        if self.is_gru:
            return torch.ops.zoo.gru_cell(input, h, self.packed)
        return torch.ops.zoo.rnn_cell(input, h, self.packed)


class EngineLinear(PackedState):
    """A linear layer in int8."""

    def __init__(self, packed: Tensor) -> None:
        super().__init__(packed)
        self.input_scale: nn.Module = nn.Identity()

    def forward(self, input: Tensor) -> Tensor:
        return torch.ops.zoo.linear(self.input_scale(input), self.packed)


class PackedHalves(StoredState):
    """Weights of a linear layer in bf16. The file has them unpacked, because packed ones fill blocks of 16 units."""

    def __init__(self, packed: Tensor) -> None:
        super().__init__()
        self.packed = packed

    def forward(self) -> Tensor:
        return self.packed

    @torch.jit.export
    def __getstate__(self) -> Tuple[List[Tensor], bool]:
        weight, bias = torch.ops.zoo.unpack_linear(self.packed)
        half = halve(weight, True)
        return [half, bias] if bool(bias.any()) else [half], self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[List[Tensor], bool]) -> None:
        bias: Optional[Tensor] = None
        if len(state[0]) > 1:
            bias = state[0][1]
        self.packed = torch.ops.zoo.pack_linear(state[0][0].float(), bias, "bf16")
        self.training = state[1]

    def get_parts(self) -> dict[str, Tensor]:
        weight, bias = operators().unpack_linear(self.packed)
        return {"weight": halve(weight, True), "bias": bias}

    def set_parts(self, parts: Mapping[str, Tensor]) -> None:
        self.packed = operators().pack_linear(parts["weight"].float(), parts["bias"], "bf16")

    def __reduce__(self) -> Any:
        """Copy and pickle as other modules do: Python would call the two methods above."""
        return _restore_halves, (self.packed, self.training)


def _restore_halves(packed: Tensor, training: bool) -> PackedHalves:
    return PackedHalves(packed).train(training)


class EngineHalfLinear(nn.Module):
    """A linear layer in bf16."""

    def __init__(self, packed: Tensor) -> None:
        super().__init__()
        self.weights = PackedHalves(packed)

    def forward(self, input: Tensor) -> Tensor:
        return torch.ops.zoo.linear(input, self.weights())


def make_linear(weight: Tensor, bias: Optional[Tensor], precision: str) -> nn.Module:
    """Return a linear layer with weights (units, columns) in "bf16" or "int8"."""
    packed = operators().pack_linear(weight.detach(), None if bias is None else bias.detach(), precision)
    return EngineHalfLinear(packed) if precision == "bf16" else EngineLinear(packed)


class EngineConv1d(nn.Module):
    """A convolution as the product of its weights with each window, which is a row of activations."""

    def __init__(self, layer: nn.Conv1d, precision: str) -> None:
        super().__init__()
        self.product = make_linear(layer.weight.flatten(1), layer.bias, precision)
        self.size, self.stride, self.dilation, self.padding = read_windows(layer)

    def forward(self, input: Tensor) -> Tensor:
        rows = cut_windows(input, self.size, self.stride, self.dilation, self.padding)
        return self.product(rows).transpose(-2, -1)  # (..., units, T')


class RoundedEmbedding(nn.Module):
    """Rows of 16 bits, or of 8 bits with a scale for each row.

    They are not called `weight`: a module that reads the weights of its embedding would take steps for numbers.
    """

    def __init__(self, layer: nn.Embedding, precision: str) -> None:
        super().__init__()
        weight = layer.weight.detach()
        self.rows: Tensor
        self.scales: Tensor
        if precision == "bf16":
            self.register_buffer("rows", weight.bfloat16())
            self.register_buffer("scales", torch.ones(1))
        else:
            rows, scales = count_steps(weight)
            self.register_buffer("rows", rows)
            self.register_buffer("scales", scales)
        self.scaled = precision != "bf16"

    def forward(self, input: Tensor) -> Tensor:
        rows = functional.embedding(input, self.rows).float()
        return rows * functional.embedding(input, self.scales) if self.scaled else rows


def pack_cell(cell: Any, precision: str) -> Tensor:
    """Pack the weights of an `nn.LSTMCell`, `nn.GRUCell` or `nn.RNNCell`."""
    weights = [cell.weight_ih, cell.weight_hh, *([cell.bias_ih, cell.bias_hh] if cell.bias else [])]
    name = type(cell).__name__.removesuffix("Cell").lower()
    nonlinearity = [cell.nonlinearity] if isinstance(cell, nn.RNNCell) else []
    packed: Tensor = getattr(operators(), f"pack_{name}")(
        [weight.detach() for weight in weights], cell.bias, 1, False, precision, *nonlinearity
    )
    return packed


# How the cells that the engine does not have keep their matrices.
STORES: dict[str, Store] = {
    "bf16": partial(HalfTensors, wide=True),
    "int8": partial(KeptTensors, rounding=count_steps),
}


@torch.no_grad()
def make_engine_layer(layer: Any, precision: str) -> nn.Module:
    """Return a layer with the weights of another, packed in a precision, "bf16" or "int8".

    A written-out cell, which the engine does not have, gets its matrices rounded, and computes in float32.
    """
    if is_written_cell(layer):
        return store_cell(layer, STORES[precision])
    if isinstance(layer, nn.LSTM):
        return LSTMFrame(EngineLSTM(layer, precision), layer)
    if isinstance(layer, nn.RNNBase):
        return HiddenFrame(EngineHidden(layer, precision), layer)
    if isinstance(layer, nn.LSTMCell):
        return LSTMCellFrame(EngineLSTMCell(pack_cell(layer, precision)), layer.hidden_size)
    if isinstance(layer, nn.RNNCellBase):
        packed = pack_cell(layer, precision)
        return HiddenCellFrame(EngineHiddenCell(packed, isinstance(layer, nn.GRUCell)), layer.hidden_size)
    if isinstance(layer, nn.Conv1d):
        return EngineConv1d(layer, precision)
    if isinstance(layer, nn.Embedding):
        return RoundedEmbedding(layer, precision)
    return make_linear(layer.weight, layer.bias, precision)


def find_core(made: Any) -> Any:
    """Return the module with the packed weights of a layer that `make_engine_layer` gave; an embedding has none."""
    return made.product if isinstance(made, EngineConv1d) else getattr(made, "core", made)
