"""Recurrent stacks of every kind: PyTorch's layers, residual stacks, and cells that are written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from zoo.models.cells import CoupledLSTMCell, PeepholeLSTMCell, ResetBeforeGRUCell
from zoo.models.cells.torch_cells import TorchHiddenCell, TorchLSTMCell
from zoo.models.learned_state import LearnedStateStack
from zoo.models.recurrent import HiddenStack, LSTMStack
from zoo.models.residual import JoinedStack
from zoo.models.written import CellLayer, WrittenStack
from zoo.onnx_export.aten import Step, parameter_names
from zoo.onnx_export.graph import Graph, OnnxError
from zoo.onnx_export.joins import add_join, add_norm
from zoo.onnx_export.recurrent import OPS, Lengths, add_layers, add_node, reorder
from zoo.onnx_export.scan import add_scan, join_rows, projected_step, take_row
from zoo.onnx_export.steps import add_axis, mask_padding, step_mask

Layers = tuple[str, list[str]]  # the output (T, B, F), and the states after the last steps


class Rows:
    """What all layers of a stack need to know of the rows of a batch.

    Args:
        graph: where it is computed.
        lengths: int64 (B,).
        features: a value (B, T, ...).
    """

    def __init__(self, graph: Graph, lengths: str, features: str) -> None:
        self.lengths = Lengths(graph, lengths)
        self.valid = add_axis(
            graph, graph.op("Transpose", step_mask(graph, lengths, features), perm=[1, 0]), 2
        )  # (T, B, 1)


def add_stack(
    graph: Graph, name: str, stack: nn.Module, features: str, lengths: str, states: list[str]
) -> tuple[str, list[str]]:
    """Add a recurrent stack.

    Args:
        graph: where it goes.
        name: of the stack in the model.
        stack: one of `zoo.models`.
        features: (B, T, F).
        lengths: int64 (B,).
        states: each (rows, B, size).

    Returns:
        The output (B, T, F), 0 at padded steps, and the states after the last steps.

    Raises:
        OnnxError: the stack, or a cell of it, cannot be expressed in ONNX.
    """
    if isinstance(stack, LearnedStateStack):  # what it learned are the states that a file begins with
        return add_stack(graph, f"{name}.stack", stack.stack, features, lengths, states)
    steps = graph.op("Transpose", features, perm=[1, 0, 2])
    output, finals = _add_layers(graph, name, stack, steps, Rows(graph, lengths, features), states)
    return mask_padding(graph, graph.op("Transpose", output, perm=[1, 0, 2]), lengths), finals


def final_step(graph: Graph, stack: Any, state: str) -> str:
    """Return the stack's output at each row's last valid step (B, F), from its state h (rows, B, H)."""
    if isinstance(stack, LearnedStateStack):
        return final_step(graph, stack.stack, state)
    directions = stack.num_directions
    if not isinstance(stack, JoinedStack):
        return _side_by_side(graph, state, -directions, 2**31)
    last = _side_by_side(graph, state, 0, directions)
    for k in range(1, stack.num_layers):
        step = _side_by_side(graph, state, k * directions, (k + 1) * directions)
        last = add_join(graph, f"joins.{k}", stack.joins[k], step, last)
    return last


def _side_by_side(graph: Graph, state: str, first: int, end: int) -> str:
    """Return the directions of one layer (B, D * H) from its rows of h (rows, B, H)."""
    rows = graph.op("Transpose", graph.slice(state, 0, first, end), perm=[1, 0, 2])  # (B, D, H)
    return str(graph.op("Flatten", rows, axis=1))


def _add_layers(graph: Graph, name: str, stack: Any, steps: str, rows: Rows, states: list[str]) -> Layers:
    if isinstance(stack, LSTMStack | HiddenStack):
        rnn: Any = stack.rnn
        if type(rnn) is nn.LSTM and rnn.proj_size:
            return _add_projected(graph, f"{name}.rnn", rnn, steps, rows, states)
        if type(rnn) in OPS:
            return add_layers(graph, f"{name}.rnn", rnn, steps, rows.lengths, states)
        raise OnnxError(
            f"{name}.rnn is {type(rnn).__name__}: quantized layers have no ONNX form; export the float model"
        )
    if isinstance(stack, JoinedStack):
        return _add_joined(graph, name, stack, steps, rows, states)
    if isinstance(stack, WrittenStack):
        return _add_written(graph, name, stack, steps, rows, states)
    raise OnnxError(f"{name} is {type(stack).__name__}, which has no ONNX form here")


def _add_joined(graph: Graph, name: str, stack: Any, steps: str, rows: Rows, states: list[str]) -> Layers:
    directions = stack.num_directions
    finals = []
    for k, layer in enumerate(stack.layers):
        part = [graph.slice(state, 0, k * directions, (k + 1) * directions) for state in states]
        entering = add_norm(graph, f"{name}.norms.{k}", stack.norms[k], steps)
        output, final = _add_layers(graph, f"{name}.layers.{k}", layer, entering, rows, part)
        steps = add_join(graph, f"joins.{k}", stack.joins[k], output, steps)
        finals.append(final)
    return steps, [graph.op("Concat", *[final[i] for final in finals], axis=0) for i in range(len(states))]


def _add_projected(graph: Graph, name: str, rnn: nn.LSTM, steps: str, rows: Rows, states: list[str]) -> Layers:
    names = parameter_names(rnn, name)
    directions = 2 if rnn.bidirectional else 1
    sizes = [rnn.proj_size, rnn.hidden_size]
    finals: list[list[str]] = []
    for layer in range(rnn.num_layers):
        outputs = []
        features = rnn.input_size if layer == 0 else directions * rnn.proj_size
        for direction in range(directions):
            step = projected_step(rnn, layer, "_reverse" if direction else "")
            start = [take_row(graph, state, len(finals)) for state in states]
            output, final = add_scan(
                graph, step, names, steps, rows.valid, start, features, sizes, reverse=direction == 1
            )
            outputs.append(output)
            finals.append(final)
        steps = graph.op("Concat", *outputs, axis=2) if directions == 2 else outputs[0]
    return steps, [join_rows(graph, [final[i] for final in finals]) for i in range(len(states))]


def _add_written(graph: Graph, name: str, stack: Any, steps: str, rows: Rows, states: list[str]) -> Layers:
    directions = stack.num_directions
    finals: list[list[str]] = []
    layers: Sequence[Any] = list(stack.layers)
    for first in range(0, len(layers), directions):
        pair = layers[first : first + directions]
        # A node mixes no states of two steps, as zoneout does.
        native = None if pair[0].zoneout.probability else NATIVE.get(type(pair[0].cell_module))
        if native is not None:
            part = [graph.slice(state, 0, first, first + directions) for state in states]
            op, weights, attributes = native(pair)
            steps, final = add_node(
                graph, op, f"{name}.layers.{first}", weights, steps, rows.lengths, part, **attributes
            )
            finals.append(final)
            continue
        outputs = []
        for k, layer in enumerate(pair, start=first):
            cell = layer.cell_module
            columns = getattr(cell, "columns", 1)  # of a grid, whose weights and sizes are those of one column
            start = [take_row(graph, state, k) for state in states]
            names = parameter_names(cell, f"{name}.layers.{k}.cell_module")
            own: Any = cell.rnn if isinstance(cell, TorchLSTMCell | TorchHiddenCell) else cell
            features, sizes = columns * own.weight_ih.shape[1], [columns * own.hidden_size] * len(states)
            try:
                output, final = add_scan(
                    graph, mixed_step(layer), names, steps, rows.valid, start, features, sizes, layer.reverse
                )
            except OnnxError as error:
                named = getattr(cell, "cell", type(own).__name__)
                raise OnnxError(f"{name}.layers.{k}, cell {named!r}: {error}") from error
            outputs.append(output)
            finals.append([add_axis(graph, value, 0) for value in final])
        steps = graph.op("Concat", *outputs, axis=2) if directions == 2 else outputs[0]
    return steps, [graph.op("Concat", *[final[i] for final in finals], axis=0) for i in range(len(states))]


def mixed_step(layer: CellLayer) -> Step:
    """Return one step of a layer: the cell, and the zoneout that mixes its states with those before."""
    cell, zoneout = layer.cell_module, layer.zoneout

    def step(input: Tensor, state: list[Tensor]) -> list[Tensor]:
        after: list[Tensor] = zoneout(cell(input, state), state)
        return after

    return step


Node = tuple[str, dict[str, np.ndarray], dict[str, Any]]  # the node's type, its weights and its attributes


def _weights(pair: Sequence[CellLayer], order: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return W, R and B of a layer's directions in ONNX' order of gates."""

    def of(kind: str) -> np.ndarray:
        return np.stack([reorder(getattr(layer.cell_module, kind).detach().numpy(), order) for layer in pair])

    weights = {"W": of("weight_ih"), "R": of("weight_hh")}
    if pair[0].cell_module.bias:
        weights["B"] = np.concatenate([of("bias_ih"), of("bias_hh")], axis=1)
    return weights


def _peephole_node(pair: Sequence[CellLayer]) -> Node:
    weights = _weights(pair, (0, 3, 1, 2))
    names = ("peephole_i", "peephole_o", "peephole_f")
    weights["P"] = np.stack(
        [np.concatenate([getattr(layer.cell_module, n).detach().numpy() for n in names]) for layer in pair]
    )
    return "LSTM", weights, {}


def _coupled_node(pair: Sequence[CellLayer]) -> Node:
    """With input_forget=1, ONNX has f = 1 - i. Then i = 1 - f = sigmoid(-a) takes the rows of f with another sign."""

    def spread(array: np.ndarray) -> np.ndarray:
        f, g, o = np.split(array, 3, axis=1)  # (D, H, ...) each
        return np.concatenate([-f, o, np.zeros_like(f), g], axis=1)  # i o f c

    weights = _weights(pair, (0, 1, 2))
    made = {name: spread(weights[name]) for name in ("W", "R")}
    if "B" in weights:
        made["B"] = np.concatenate([spread(half) for half in np.split(weights["B"], 2, axis=1)], axis=1)
    return "LSTM", made, {"input_forget": 1}


def _reset_before_node(pair: Sequence[CellLayer]) -> Node:
    return "GRU", _weights(pair, (1, 0, 2)), {"linear_before_reset": 0}


# The written-out cells that ONNX has a node for.
NATIVE: dict[type[nn.Module], Callable[[Sequence[CellLayer]], Node]] = {
    PeepholeLSTMCell: _peephole_node,
    CoupledLSTMCell: _coupled_node,
    ResetBeforeGRUCell: _reset_before_node,
}
