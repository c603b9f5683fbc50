"""PyTorch's layers written out in Python, with a function on both factors of each product.

The function can keep the activations, which calibrates a recipe, or round them, which trains for it. A layer shares its
parameters with the one that it replaces. Its matrices are called `input`, `hidden` and `projection`, in a stack behind
the number of the layer and direction: `1.hidden`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.ops import reference
from zoo.quantization.frames import HiddenCellFrame, HiddenFrame, LSTMCellFrame, LSTMFrame
from zoo.quantization.windows import cut_windows, read_windows


@dataclass(frozen=True)
class Factors:
    """What becomes of both factors of a product.

    Args:
        weight: gets the name of a matrix and the matrix (units, columns), once in each call of its layer.
        rows: gets the name of the matrix and the activations (..., columns), in each product.
    """

    weight: Callable[[str, Tensor], Tensor]
    rows: Callable[[str, Tensor], Tensor]


class Matrix:
    """Stands for a weight in `zoo.ops.reference`, which writes `x @ weight.T`."""

    def __init__(self, name: str, weight: Tensor, factors: Factors) -> None:
        self.name, self.weight, self.factors = name, factors.weight(name, weight), factors

    @property
    def T(self) -> Matrix:
        return self

    def __rmatmul__(self, rows: Tensor) -> Tensor:
        return self.factors.rows(self.name, rows) @ self.weight.T


class WrittenRecurrent(nn.Module):
    """The core of an LSTM, a GRU or an RNN, in the sense of `zoo.quantization.frames`."""

    def __init__(self, layer: Any, factors: Factors) -> None:
        super().__init__()
        self.layer, self.factors = layer, factors
        self.cell = reference.CELLS[layer.mode.lower()]

    def forward(self, input: Tensor, *states_and_sizes: Any) -> tuple[Tensor, ...]:
        *states, batch_sizes = states_and_sizes
        layer, directions = self.layer, 2 if self.layer.bidirectional else 1
        time_dim = 1 if layer.batch_first else 0
        steps = input.unbind(time_dim) if batch_sizes is None else input.split(batch_sizes.tolist())
        finals: list[tuple[Tensor, ...]] = []
        for k in range(layer.num_layers):
            if k and layer.dropout and layer.training:
                steps = [functional.dropout(step, layer.dropout) for step in steps]
            own = slice(k * directions, (k + 1) * directions)
            weights = [weight for d in range(directions) for weight in self.weights(k, d)]
            outputs, final = reference.run_stack(
                self.cell, steps, tuple(state[own] for state in states), weights, 1, layer.bidirectional
            )
            steps = outputs
            finals.append(final)
        output = torch.cat(list(steps)) if batch_sizes is not None else torch.stack(list(steps), time_dim)
        return output, *(torch.cat(parts) for parts in zip(*finals, strict=True))

    def weights(self, k: int, direction: int) -> list[Any]:
        """Return the weights of a layer and direction as the reference takes them."""
        layer, suffix = self.layer, f"l{k}{'_reverse' if direction else ''}"
        index = k * (2 if layer.bidirectional else 1) + direction
        found: dict[str, Any] = {name: getattr(layer, f"weight_{name}_{suffix}", None) for name in ("ih", "hh", "hr")}
        names = {"ih": "input", "hh": "hidden", "hr": "projection"}
        matrices = [Matrix(f"{index}.{names[n]}", w, self.factors) for n, w in found.items() if w is not None]
        if layer.bias:
            biases = [getattr(layer, f"bias_{name}_{suffix}") for name in ("ih", "hh")]
        else:
            biases = [found["ih"].new_zeros(len(found["ih"]))] * 2
        return [*matrices[:2], *biases, *matrices[2:]]


class WrittenCell(nn.Module):
    """The core of a cell."""

    def __init__(self, cell: Any, factors: Factors) -> None:
        super().__init__()
        self.layer, self.factors = cell, factors
        kind = f"rnn_{cell.nonlinearity}" if isinstance(cell, nn.RNNCell) else type(cell).__name__[:-4].lower()
        self.cell = reference.CELLS[kind]

    def forward(self, input: Tensor, *states: Tensor) -> Any:
        layer = self.layer
        matrices: list[Any] = [
            Matrix("0.input", layer.weight_ih, self.factors),
            Matrix("0.hidden", layer.weight_hh, self.factors),
        ]
        zeros = layer.weight_ih.new_zeros(len(layer.weight_ih))
        biases = [layer.bias_ih, layer.bias_hh] if layer.bias else [zeros, zeros]
        new = self.cell(input, states, [*matrices, *biases])
        return new if len(new) > 1 else new[0]


class WrittenLinear(nn.Module):
    def __init__(self, layer: nn.Linear, factors: Factors) -> None:
        super().__init__()
        self.layer, self.factors = layer, factors

    def forward(self, input: Tensor) -> Tensor:
        weight = self.factors.weight("input", self.layer.weight)
        return functional.linear(self.factors.rows("input", input), weight, self.layer.bias)


class WrittenEmbedding(nn.Module):
    def __init__(self, layer: nn.Embedding, factors: Factors) -> None:
        super().__init__()
        self.layer, self.factors = layer, factors

    def forward(self, input: Tensor) -> Tensor:
        weight = self.factors.weight("rows", self.layer.weight)
        return functional.embedding(input, weight, self.layer.padding_idx)


class WrittenConv1d(nn.Module):
    """A convolution as the product of its weights with each window, which is a row of activations."""

    def __init__(self, layer: nn.Conv1d, factors: Factors) -> None:
        super().__init__()
        self.layer, self.factors = layer, factors

    def forward(self, input: Tensor) -> Tensor:
        layer = self.layer
        if layer.groups > 1:  # no recipe that takes groups rounds activations
            weight = self.factors.weight("input", layer.weight.flatten(1)).view_as(layer.weight)
            return functional.conv1d(
                input, weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups
            )
        rows = cut_windows(input, *read_windows(layer))
        weight = self.factors.weight("input", layer.weight.flatten(1))
        product = functional.linear(self.factors.rows("input", rows), weight, layer.bias)
        return product.transpose(-2, -1)  # (..., units, T')


def write_out(layer: Any, factors: Factors) -> nn.Module:
    """Return a layer that gives what another one does but for its factors, in the same mode, with its parameters."""
    if isinstance(layer, nn.LSTM):
        written: nn.Module = LSTMFrame(WrittenRecurrent(layer, factors), layer)
    elif isinstance(layer, nn.RNNBase):
        written = HiddenFrame(WrittenRecurrent(layer, factors), layer)
    elif isinstance(layer, nn.LSTMCell):
        written = LSTMCellFrame(WrittenCell(layer, factors), layer.hidden_size)
    elif isinstance(layer, nn.RNNCellBase):
        written = HiddenCellFrame(WrittenCell(layer, factors), layer.hidden_size)
    elif isinstance(layer, nn.Conv1d):
        written = WrittenConv1d(layer, factors)
    else:
        written = WrittenEmbedding(layer, factors) if isinstance(layer, nn.Embedding) else WrittenLinear(layer, factors)
    return written.train(layer.training)
