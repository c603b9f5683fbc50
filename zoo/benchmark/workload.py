"""The model and the input of a case, and the results that every contestant must give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from zoo.benchmark.cases import Case
from zoo.config.cells import CELLS
from zoo.errors import ZooError

Arrays = list[NDArray[np.float32]]


class DisagreementError(ZooError, RuntimeError):
    """A contestant computes something else, so that its time would mean nothing."""


class StatefulLstm(nn.Module):
    """`nn.LSTM` that takes and returns its states as plain tensors."""

    def __init__(self, layers: nn.LSTM) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, input: Tensor, h_0: Tensor, c_0: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        output, (h_n, c_n) = self.layers(input, (h_0, c_0))
        return output, h_n, c_n


class StatefulRecurrence(nn.Module):
    """`nn.GRU` or `nn.RNN`, with the same arguments as `StatefulLstm` but for c."""

    def __init__(self, layers: nn.RNNBase) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, input: Tensor, h_0: Tensor) -> tuple[Tensor, Tensor]:
        output, h_n = self.layers(input, h_0)
        return output, h_n


@dataclass(frozen=True, eq=False)
class Workload:
    """One model and its input, the same for all contestants.

    Args:
        case: what it was made for.
        model: takes `inputs` and returns as many outputs.
        layers: the recurrent layers of the model.
        inputs: input (seq_len, batch, features) and states (num_layers, batch, hidden_size).
        expected: the outputs of the eager model.
    """

    case: Case
    model: nn.Module
    layers: nn.RNNBase
    inputs: tuple[Tensor, ...]
    expected: Arrays

    @property
    def input_names(self) -> list[str]:
        return ["input", *(f"{name}_0" for name in CELLS[self.case.cell].state_names)]

    @property
    def output_names(self) -> list[str]:
        return ["output", *(f"{name}_n" for name in CELLS[self.case.cell].state_names)]

    def arrays(self) -> Arrays:
        """Return a copy of the inputs that a contestant may keep."""
        return [tensor.numpy().copy() for tensor in self.inputs]

    def empty_outputs(self) -> Arrays:
        return [np.empty_like(array) for array in self.expected]

    def check(self, name: str, results: Sequence[NDArray[np.float32]], tolerance: float) -> None:
        """Compare a contestant's results with the expected ones.

        Args:
            name: of the contestant.
            results: its outputs.
            tolerance: largest difference, as a share of the expected output's range.

        Raises:
            DisagreementError: a shape or a value differs.
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


@dataclass(frozen=True)
class Prepared:
    """A contestant that is ready to run one workload.

    Args:
        call: runs the workload once; this is what is timed.
        results: runs it once and returns its outputs.
        memory: what the contestant uses without keeping it alive itself.
    """

    call: Callable[[], object]
    results: Callable[[], Arrays]
    memory: object = None


def make_workload(case: Case, seed: int = 0) -> Workload:
    """Build the case's model with PyTorch's own initialisation, and random inputs and states."""
    torch.manual_seed(seed)
    layers: nn.RNNBase = getattr(nn, case.cell.upper())(case.features, case.hidden_size, case.num_layers)
    layers.eval().requires_grad_(False)
    model = (StatefulLstm(layers) if isinstance(layers, nn.LSTM) else StatefulRecurrence(layers)).eval()
    states = (case.num_layers, case.batch_size, case.hidden_size)
    inputs = [torch.randn(case.seq_len, case.batch_size, case.features)]
    inputs += [torch.randn(states).tanh() for _ in CELLS[case.cell].state_names]
    with torch.inference_mode():
        expected = [tensor.numpy().copy() for tensor in model(*inputs)]
    return Workload(case, model, layers, tuple(inputs), expected)
