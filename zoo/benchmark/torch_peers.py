"""The engine and stock LibTorch: one scripted and frozen module each, called alike."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from zoo.benchmark.prepared import Prepared
from zoo.benchmark.workload import Arrays, Workload
from zoo.ops import operators


def libtorch(workload: Workload, threads: int) -> Prepared:
    """The model scripted and frozen, as its users do."""
    del threads  # torch's own setting, one for the process
    return _prepare(workload.model, workload)


class FusedLstm(nn.Module):
    def __init__(self, packed: Tensor) -> None:
        super().__init__()
        self.packed = packed

    def forward(self, input: Tensor, h_0: Tensor, c_0: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return torch.ops.zoo.lstm(input, h_0, c_0, self.packed, False, False)


class FusedGru(nn.Module):
    def __init__(self, packed: Tensor) -> None:
        super().__init__()
        self.packed = packed

    def forward(self, input: Tensor, h_0: Tensor) -> tuple[Tensor, Tensor]:
        return torch.ops.zoo.gru(input, h_0, self.packed, False, False)


class FusedRnn(nn.Module):
    def __init__(self, packed: Tensor) -> None:
        super().__init__()
        self.packed = packed

    def forward(self, input: Tensor, h_0: Tensor) -> tuple[Tensor, Tensor]:
        return torch.ops.zoo.rnn(input, h_0, self.packed, False, False)


def engine(precision: str) -> Callable[[Workload, int], Prepared]:
    """The fused operators on the same weights, in a precision."""

    def prepare(workload: Workload, threads: int) -> Prepared:
        del threads
        return _prepare(_fused_model(workload.layers, precision), workload)

    return prepare


def _fused_model(layers: nn.RNNBase, precision: str) -> nn.Module:
    zoo_ops = operators()
    arguments = (layers._flat_weights, layers.bias, layers.num_layers, layers.bidirectional, precision)
    if isinstance(layers, nn.LSTM):
        return FusedLstm(zoo_ops.pack_lstm(*arguments)).eval()
    if isinstance(layers, nn.GRU):
        return FusedGru(zoo_ops.pack_gru(*arguments)).eval()
    return FusedRnn(zoo_ops.pack_rnn(*arguments, layers.nonlinearity)).eval()


def _prepare(model: nn.Module, workload: Workload) -> Prepared:
    frozen = torch.jit.freeze(torch.jit.script(model))
    forward, inputs = frozen.forward, workload.inputs

    def call() -> object:
        return forward(*inputs)

    def results() -> Arrays:
        return [tensor.numpy().copy() for tensor in forward(*inputs)]

    return Prepared(call, results)
