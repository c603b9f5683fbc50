"""The model of a case and its input, and what is expected of everyone who runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from zoo.benchmark.cases import Case

Arrays = list[NDArray[np.float32]]


class DisagreementError(RuntimeError):
    """A contestant computes something else: its time would mean nothing."""


class StatefulLstm(nn.Module):
    """nn.LSTM with the state as plain tensors, in and out."""

    def __init__(self, layers: nn.LSTM) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, input: Tensor, h_0: Tensor, c_0: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        output, (h_n, c_n) = self.layers(input, (h_0, c_0))
        return output, h_n, c_n


class StatefulRecurrence(nn.Module):
    """nn.GRU or nn.RNN."""

    def __init__(self, layers: nn.RNNBase) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, input: Tensor, h_0: Tensor) -> tuple[Tensor, Tensor]:
        output, h_n = self.layers(input, h_0)
        return output, h_n


@dataclass(frozen=True, eq=False)
class Workload:
    """One model and its input, the same for all contestants.

    Attributes:
        model: takes `inputs` and returns as many outputs.
        inputs: input (seq_len, batch, features) and states (num_layers, batch, hidden_size).
        expected: what the eager model gives.
    """

    case: Case
    model: nn.Module
    layers: nn.RNNBase
    inputs: tuple[Tensor, ...]
    expected: Arrays

    @property
    def input_names(self) -> list[str]:
        return ["input", "h_0", "c_0"][: len(self.inputs)]

    @property
    def output_names(self) -> list[str]:
        return ["output", "h_n", "c_n"][: len(self.inputs)]

    def arrays(self) -> Arrays:
        """A copy of the inputs, for a contestant to keep."""
        return [tensor.numpy().copy() for tensor in self.inputs]

    def empty_outputs(self) -> Arrays:
        return [np.empty_like(array) for array in self.expected]

    def check(self, name: str, results: Sequence[NDArray[np.float32]], tolerance: float) -> None:
        """Compare a contestant's results with the expected ones.

        Args:
            tolerance: largest difference, as a share of the expected output's range.

        Raises:
            DisagreementError: it computes something else.
        """
        for output, result, expected in zip(self.output_names, results, self.expected, strict=True):
            if result.shape != expected.shape:
                raise DisagreementError(f"{name}: expected {output} of shape {expected.shape}, got {result.shape}")
            range_ = float(expected.max() - expected.min())
            difference = float(np.abs(result - expected).max()) / max(range_, 1e-6)
            if not difference <= tolerance:
                raise DisagreementError(
                    f"{name} on {self.case.name}: {output} differs from LibTorch by {difference:.2g} of its range, "
                    f"expected at most {tolerance:.2g}"
                )


def make_workload(case: Case, seed: int = 0) -> Workload:
    """Build the case's model with PyTorch's own initialisation, and normal inputs and states."""
    torch.manual_seed(seed)
    module = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[case.kind]
    layers = module(case.features, case.hidden_size, case.num_layers).eval().requires_grad_(False)
    model = (StatefulLstm(layers) if isinstance(layers, nn.LSTM) else StatefulRecurrence(layers)).eval()
    states = (case.num_layers, case.batch_size, case.hidden_size)
    inputs = [torch.randn(case.seq_len, case.batch_size, case.features)]
    inputs += [torch.randn(states).tanh() for _ in range(2 if case.kind == "lstm" else 1)]
    with torch.inference_mode():
        expected = [tensor.numpy().copy() for tensor in model(*inputs)]
    return Workload(case, model, layers, tuple(inputs), expected)
