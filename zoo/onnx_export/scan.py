"""Cells that ONNX has no node for, and the LSTM with a projection: one step of them, as the body of a Scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onnx import helper
from torch import Tensor, nn
from torch.nn import functional

from zoo.onnx_export.aten import Step, add_step
from zoo.onnx_export.graph import Graph, describe
from zoo.onnx_export.steps import add_axis


def add_scan(
    graph: Graph, step: Step, names: dict[int, str], input: str, valid: str, states: Sequence[str], input_size: int,
    state_sizes: Sequence[int], reverse: bool,
) -> tuple[str, list[str]]:  # fmt: skip
    """Add a cell over the steps of a sequence, in one direction.

    Args:
        graph: where it goes.
        step: one step of the cell.
        names: of its parameters in the file, by identity.
        input: (T, B, I).
        valid: bool (T, B, 1); a row keeps its state where it is False.
        states: each (B, size).
        input_size: I.
        state_sizes: of each state.
        reverse: whether it begins with the last step.

    Returns:
        The output (T, B, H), which is the first state of each step, and the states after the last one.
    """
    body = Graph(outer=graph)
    before = [body.new_name("state") for _ in states]
    x, takes_part = body.new_name("step"), body.new_name("valid")
    after = add_step(body, step, names, [x, *before], input_size, state_sizes)
    kept = [body.op("Where", takes_part, new, old) for new, old in zip(after, before, strict=True)]
    output = body.op("Identity", kept[0])
    sizes = [*state_sizes, input_size]
    inputs = [describe(name, "float32", ["rows", size]) for name, size in zip([*before, x], sizes, strict=True)]
    inputs.append(describe(takes_part, "bool", ["rows", 1]))
    sizes = [*state_sizes, state_sizes[0]]
    made = [describe(name, "float32", ["rows", size]) for name, size in zip([*kept, output], sizes, strict=True)]
    nested = helper.make_graph(body.nodes, graph.new_name("step"), inputs, made)
    *finals, outputs = graph.op(
        "Scan", *states, input, valid, outputs=len(states) + 1, body=nested, num_scan_inputs=2,
        scan_input_directions=[int(reverse)] * 2, scan_output_directions=[int(reverse)],
    )  # fmt: skip
    return outputs, list(finals)


def projected_step(rnn: nn.LSTM, layer: int, suffix: str) -> Step:
    """Return one step of a layer and direction of an LSTM with a projection (Sak et al. 2014)."""
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    given: list[Any] = [getattr(rnn, f"{kind}_l{layer}{suffix}", None) for kind in kinds]
    weight_ih, weight_hh, bias_ih, bias_hh, weight_hr = given

    def step(input: Tensor, state: list[Tensor]) -> list[Tensor]:
        gates = functional.linear(input, weight_ih, bias_ih) + functional.linear(state[0], weight_hh, bias_hh)
        i, f, g, o = gates.chunk(4, dim=1)
        c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
        return [functional.linear(o.sigmoid() * c.tanh(), weight_hr), c]

    return step


def take_row(graph: Graph, state: str, row: int) -> str:
    """Return one row (B, size) of a state (rows, B, size)."""
    return str(graph.op("Gather", state, graph.constant(row), axis=0))


def join_rows(graph: Graph, rows: Sequence[str]) -> str:
    """Return rows (B, size) as a state (rows, B, size)."""
    return str(graph.op("Concat", *[add_axis(graph, row, 0) for row in rows], axis=0))
