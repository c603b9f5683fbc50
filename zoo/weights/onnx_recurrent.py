"""Recurrent nodes of ONNX in PyTorch's layout: LSTM, GRU and RNN, in one direction or both."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from zoo.weights.arrays import to_tensor
from zoo.weights.layers import REVERSE
from zoo.weights.onnx_graph import Graph, attributes, title

# Where each of PyTorch's gates is in ONNX: i o f c to i f g o, and z r h to r z n.
GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
ACTIVATIONS = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"], "RNN": ["tanh"]}
PEEPHOLES = ("peephole_i", "peephole_o", "peephole_f")


def find_objections(graph: Graph, node: Any) -> list[str]:
    """Return why no layer takes a recurrent node, one line each."""
    given = attributes(node)
    name, size = title(node), ACTIVATIONS[node.op_type]
    found = [f"{name}: {key}={given[key]}, which no layer of the zoo has" for key in ("clip",) if given.get(key)]
    directions = 2 if given.get("direction") == "bidirectional" else 1
    activations = [a.lower() for a in given.get("activations", [])] or size * directions
    allowed = [size * directions] + ([["relu"] * directions] if node.op_type == "RNN" else [])
    if activations not in allowed:
        found.append(f"{name}: activations {', '.join(activations)}, expected {', '.join(allowed[0])}")
    for place, what in ((1, "W"), (2, "R"), (3, "B"), (7, "P")):
        if _input(node, place) and _input(node, place) not in graph.constants:
            found.append(f"{name}: its weights {what} are computed by the model, expected constants")
    if given.get("input_forget") and _input(node, 7):
        found.append(f"{name}: peepholes with input_forget=1, which no layer of the zoo has")
    for place in (5, 6) if node.op_type == "LSTM" else (5,):
        start = graph.constants.get(graph.source(_input(node, place)))
        if start is not None and start.any():
            found.append(f"{name}: its initial state {_input(node, place)} {list(start.shape)} is not 0")
    return found


def _input(node: Any, place: int) -> str:
    return node.input[place] if place < len(node.input) else ""


def find_kind(node: Any) -> str:
    given = attributes(node)
    if node.op_type == "LSTM":
        return "peephole_lstm" if _input(node, 7) else "coupled_lstm" if given.get("input_forget") else "lstm"
    if node.op_type == "GRU":
        return "gru" if given.get("linear_before_reset") else "reset_before_gru"
    return "rnn_relu" if given.get("activations", ["Tanh"])[0].lower() == "relu" else "rnn"


def read_tensors(graph: Graph, node: Any) -> dict[str, Tensor]:
    """Return the weights of a node in PyTorch's layout, for one direction or both."""
    kind, order = find_kind(node), GATES[node.op_type]
    weight_ih, weight_hh = graph.constants[node.input[1]], graph.constants[node.input[2]]  # (D, gates * H, I), (.., H)
    bias = graph.constants.get(_input(node, 3))  # (D, 2 * gates * H)
    peepholes = graph.constants.get(_input(node, 7))  # (D, 3 * H)
    tensors: dict[str, Tensor] = {}
    for direction in range(len(weight_ih)):
        suffix = REVERSE if direction else ""
        parts = {"weight_ih": weight_ih[direction], "weight_hh": weight_hh[direction]}
        if bias is not None:
            parts["bias_ih"], parts["bias_hh"] = np.split(bias[direction], 2)
        for name, array in parts.items():
            blocks = np.split(array, len(order))
            rows = [blocks[k] for k in order]
            if kind == "coupled_lstm":  # f = 1 - i = sigmoid(-(what i sees)), and no rows for i
                rows = [-blocks[0], blocks[3], blocks[1]]
            tensors[name + suffix] = to_tensor(np.concatenate(rows))
        if peepholes is not None:
            for name, array in zip(PEEPHOLES, np.split(peepholes[direction], 3), strict=True):
                tensors[name + suffix] = to_tensor(array)
    return tensors
