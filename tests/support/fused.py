"""What the tests of the fused operators share: modules, their packed weights, both ways to run them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from zoo.ops import engine_tables, operators, reference

ops = operators()

ROWS = {row["name"]: row for row in engine_tables()["cells"]}
CELLS = tuple(ROWS)
# Cells that PyTorch has a layer for; the others are run as their reference equation says.
TORCH_LAYERS: dict[str, Callable[..., nn.RNNBase]] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn_tanh": partial(nn.RNN, nonlinearity="tanh"),
    "rnn_relu": partial(nn.RNN, nonlinearity="relu"),
}
PROJECTING = tuple(name for name, row in ROWS.items() if row["projects"])


class WrittenOut(nn.Module):
    """A stack of any cell by its reference equation, with what the tests use of `nn.RNNBase`."""

    proj_size = 0

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        self.mode, self.input_size, self.hidden_size, self.num_layers = (
            cell.upper(),
            input_size,
            hidden_size,
            num_layers,
        )
        self.num_layers, self.bias = num_layers, bias
        self.batch_first, self.bidirectional = batch_first, bidirectional
        rows, bound = ROWS[cell]["num_gates"] * hidden_size, hidden_size**-0.5
        directions = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            width = input_size if layer == 0 else hidden_size * len(directions)
            for end in directions:
                for name, size in (("ih", width), ("hh", hidden_size)):
                    weight = torch.empty(rows, size).uniform_(-bound, bound)
                    self.register_parameter(f"weight_{name}_l{layer}{end}", nn.Parameter(weight))
                for name in ("ih", "hh") if bias else ():
                    weight = torch.empty(rows).uniform_(-bound, bound)
                    self.register_parameter(f"bias_{name}_l{layer}{end}", nn.Parameter(weight))

    @property
    def _flat_weights(self) -> list[Tensor]:
        return list(self.parameters())

    def forward(self, input: Tensor | PackedSequence, state: Tensor | tuple[Tensor, ...] | None = None):
        weights = self._flat_weights
        if not self.bias:
            zero = weights[0].new_zeros(weights[0].shape[0])
            weights = [tensor for pair in zip(*[iter(weights)] * 2, strict=True) for tensor in (*pair, zero, zero)]
        if state is None:
            packed, rows = isinstance(input, PackedSequence), 0 if self.batch_first else 1
            batch = input.batch_sizes[0] if packed else input.shape[rows]
            state = tuple(torch.zeros_like(part) for part in make_states(self, int(batch)))
        states = state if isinstance(state, tuple) else (state,)
        options = (states, weights, self.num_layers, self.bidirectional)
        equation = reference.CELLS[self.mode.lower()]
        if isinstance(input, PackedSequence):
            output, *final = reference.run_packed_sequence(equation, input.data, input.batch_sizes, *options)
            output = PackedSequence(output, input.batch_sizes)
        else:
            output, *final = reference.run_padded(equation, input, *options, self.batch_first)
        return output, tuple(final) if len(final) > 1 else final[0]


def make_module(cell: str, input_size: int, hidden_size: int, **options) -> nn.RNNBase:
    """A float32 module with weights large enough to make gates saturate now and then."""
    make = TORCH_LAYERS.get(cell, partial(WrittenOut, cell))
    return make(input_size, hidden_size, **options).requires_grad_(False)


def cell_row(module: nn.RNNBase) -> dict[str, Any]:
    """The engine's row for the cell of a module."""
    return ROWS[module.mode.lower()]


def make_states(module: nn.RNNBase, batch: int) -> tuple[Tensor, ...]:
    layers = module.num_layers * (2 if module.bidirectional else 1)
    h_0 = torch.randn(layers, batch, module.proj_size or module.hidden_size)
    if cell_row(module)["has_c"]:
        return h_0, torch.randn(layers, batch, module.hidden_size)
    return (h_0,)


def operator_name(module: nn.RNNBase) -> str:
    return cell_row(module)["op"]


def run_fused(module: nn.RNNBase, input: Tensor | PackedSequence, states: tuple[Tensor, ...], packed: Tensor):
    if isinstance(input, PackedSequence):
        operator = getattr(ops, operator_name(module) + "_packed_sequence")
        return operator(input.data, input.batch_sizes, *states, packed, module.bidirectional)
    return getattr(ops, operator_name(module))(input, *states, packed, module.bidirectional, module.batch_first)


def run_double(module: nn.RNNBase, input: Tensor | PackedSequence, states: tuple[Tensor, ...]):
    """The module's own result in float64, flattened like the operator's."""
    double = make_module(module.mode.lower(), *module_sizes(module), **module_options(module)).double()
    double.load_state_dict(module.state_dict())
    states = tuple(state.double() for state in states)
    output, final = double(input.to(torch.float64), states if len(states) > 1 else states[0])
    if isinstance(output, PackedSequence):
        output = output.data
    return (output, *final) if isinstance(final, tuple) else (output, final)


def module_sizes(module: nn.RNNBase) -> tuple[int, int]:
    return module.input_size, module.hidden_size


def module_options(module: nn.RNNBase) -> dict:
    options = {name: getattr(module, name) for name in ("num_layers", "bias", "batch_first", "bidirectional")}
    if module.proj_size:
        options["proj_size"] = module.proj_size
    return options


def worst_error(results, expected) -> float:
    """Largest difference, as a share of the largest expected value."""
    return max(
        ((a.double() - b).abs().max() / b.abs().max().clamp(min=1e-30)).item()
        for a, b in zip(results, expected, strict=True)
    )
