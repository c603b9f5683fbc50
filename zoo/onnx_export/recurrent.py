"""Recurrent stacks as native LSTM, GRU and RNN nodes, a node for each layer with both directions.

Inside, values are (T, B, F), as the nodes want them. A row of length 0 runs one step, which is undone, as in
`zoo.models.recurrent`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor, nn

from zoo.onnx_export.graph import Graph

# Where each of ONNX' gates is in PyTorch: i f g o to i o f c, and r z n to z r h.
GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN": (0,)}
OPS: dict[type[nn.Module], str] = {nn.LSTM: "LSTM", nn.GRU: "GRU", nn.RNN: "RNN"}


class Lengths:
    """The lengths of the rows as nodes want them.

    Args:
        graph: where they are computed.
        lengths: int64 (B,).
    """

    def __init__(self, graph: Graph, lengths: str) -> None:
        self.plain = lengths
        self.for_nodes = graph.cast(graph.op("Max", lengths, graph.constant(1)), "int32")
        self._graph = graph
        self._ended = ""

    def keep_ended(self, state_n: str, state_0: str) -> str:
        """Return the new state (L, B, H) for rows that had a step, and the old one for rows that had none."""
        graph = self._graph
        if not self._ended:
            ended = graph.op("Less", self.plain, graph.constant(1))
            self._ended = graph.op("Unsqueeze", ended, graph.constant([0, 2]))  # (1, B, 1)
        return str(graph.op("Where", self._ended, state_0, state_n))


def reorder(array: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """Return the blocks of rows of an array, one for each gate, in another order."""
    blocks = np.split(array, len(order))
    return np.concatenate([blocks[k] for k in order])


def stack_directions(tensors: list[Tensor], order: tuple[int, ...]) -> np.ndarray:
    """Return the weights of the directions of a layer in ONNX' order of gates, (D, gates * H, ...)."""
    return np.stack([reorder(tensor.detach().cpu().numpy(), order) for tensor in tensors])


def add_node(
    graph: Graph, op: str, name: str, weights: dict[str, np.ndarray], input: str, lengths: Lengths | None,
    states: list[str],
    **attributes: Any,
) -> tuple[str, list[str]]:  # fmt: skip
    """Add one recurrent node.

    Args:
        graph: where it goes.
        op: "LSTM", "GRU" or "RNN".
        name: of the layer; its weights in the file are called after it.
        weights: by ONNX' names: W (D, gates * H, I), R (D, gates * H, H), and where there are any B and P.
        input: (T, B, I).
        lengths: of the rows; None where all are whole.
        states: each (D, B, H).
        attributes: of the node.

    Returns:
        The output (T, B, D * H), and the states after the last steps, each (D, B, H).
    """
    directions, _, hidden_size = weights["R"].shape
    given = {key: graph.weight(f"{name}.{key}", array) for key, array in weights.items()}
    inputs = [input, given["W"], given["R"], given.get("B", ""), lengths.for_nodes if lengths else "", *states]
    if "P" in given:
        inputs += [given["P"]]
    if directions == 2:
        attributes["direction"] = "bidirectional"
    output, *finals = graph.op(
        op, *inputs, outputs=1 + len(states), hidden_size=hidden_size, **attributes
    )  # output (T, D, B, H)
    if lengths is None and directions == 1:
        return graph.op("Squeeze", output, graph.constant([1])), finals
    side_by_side = graph.reshape(graph.op("Transpose", output, perm=[0, 2, 1, 3]), 0, 0, directions * hidden_size)
    if lengths is None:
        return side_by_side, finals
    return side_by_side, [lengths.keep_ended(n, s) for n, s in zip(finals, states, strict=True)]


def add_layers(graph: Graph, name: str, rnn: nn.RNNBase, input: str, lengths: Lengths | None, states: list[str]) -> Any:
    """Add the layers of an `nn.LSTM`, `nn.GRU` or `nn.RNN` without a projection.

    Args:
        graph: where they go.
        name: of the module.
        rnn: the module.
        input: (T, B, I).
        lengths: of the rows; None where all are whole.
        states: each (layers * D, B, H).

    Returns:
        The output (T, B, D * H), and the states after the last steps.
    """
    op = OPS[type(rnn)]
    directions = 2 if rnn.bidirectional else 1
    attributes: dict[str, Any] = {"linear_before_reset": 1} if op == "GRU" else {}
    if rnn.mode == "RNN_RELU":
        attributes["activations"] = ["Relu"] * directions
    finals: list[list[str]] = []
    for layer in range(rnn.num_layers):
        suffixes = [f"_l{layer}", f"_l{layer}_reverse"][:directions]

        def of(kind: str, suffixes: list[str] = suffixes) -> np.ndarray:
            return stack_directions([getattr(rnn, kind + suffix) for suffix in suffixes], GATES[op])

        weights = {"W": of("weight_ih"), "R": of("weight_hh")}
        if rnn.bias:
            weights["B"] = np.concatenate([of("bias_ih"), of("bias_hh")], axis=1)
        own = layer * directions, (layer + 1) * directions
        rows = [graph.slice(state, 0, *own) for state in states] if rnn.num_layers > 1 else states
        input, final = add_node(graph, op, f"{name}.l{layer}", weights, input, lengths, rows, **attributes)
        finals.append(final)
    if rnn.num_layers == 1:
        return input, finals[0]
    joined = [graph.op("Concat", *[final[k] for final in finals], axis=0) for k in range(len(states))]
    return input, joined
