"""The layers of an ONNX file: recurrent nodes, linear ones, embeddings, convolutions, standardisation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from zoo.weights.arrays import to_tensor
from zoo.weights.layers import REVERSE, FileModel, Layer
from zoo.weights.onnx_directions import find_join_objections
from zoo.weights.onnx_graph import MOVES, Graph, attributes, read_onnx, title
from zoo.weights.onnx_recurrent import GATES, find_kind, find_objections, read_tensors


@dataclass
class _Found:
    """A layer, with what decides whether it is one direction of the layer before it."""

    layer: Layer
    source: str = ""
    direction: str = ""
    node: Any = None


def read_onnx_layers(path: str | Path) -> FileModel:
    """Read the layers of an ONNX file.

    Raises:
        WeightsError: the file is not an ONNX model.
    """
    return find_onnx_layers(Graph(read_onnx(path)))


def find_onnx_layers(graph: Graph) -> FileModel:
    """Return the layers of a graph, and what among its nodes is none."""
    found: list[_Found] = []
    faults: list[str] = []
    used: set[int] = set()  # nodes that belong to the layer of another node
    for node in graph.nodes:
        if id(node) in used or all(name in graph.constants for name in node.output if name):
            continue
        if node.op_type in GATES:
            _add_recurrent(graph, node, found, faults)
        else:
            layer, parts = _read_plain(graph, node)
            if layer is not None:
                found.append(_Found(layer))
                used |= {id(part) for part in parts}
            else:
                faults += _weights_without_layer(graph, node)
    for one in found:
        if one.direction == "reverse":
            faults.append(f"{one.layer.name} runs in reverse alone, which no layer of the zoo does")
    return FileModel([one.layer for one in found], faults)


def _add_recurrent(graph: Graph, node: Any, found: list[_Found], faults: list[str]) -> None:
    """Read a recurrent node, which may be the other direction of the one before it."""
    reasons = find_objections(graph, node)
    if reasons:
        faults += reasons
        return
    direction = attributes(node).get("direction", "forward")
    tensors = read_tensors(graph, node)
    one = _Found(Layer(title(node), find_kind(node), tensors), graph.source(node.input[0]), direction, node)
    last = found[-1] if found else None
    pair = {"forward", "reverse"}
    if (
        last is None
        or last.source != one.source
        or {last.direction, direction} != pair
        or last.layer.kind != one.layer.kind
    ):
        if direction == "reverse":
            one.layer = Layer(title(node), find_kind(node), _reversed(tensors))
        found.append(one)
        return
    ahead, back = (last, one) if direction == "reverse" else (one, last)
    faults += find_join_objections(graph, ahead.node, back.node)
    forward, reverse = (
        (last.layer.tensors, _reversed(tensors)) if direction == "reverse" else (tensors, last.layer.tensors)
    )
    found[-1] = _Found(
        Layer(f"{last.layer.name} and {title(node)}", one.layer.kind, {**forward, **reverse}), one.source
    )


def _reversed(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name + REVERSE: tensor for name, tensor in tensors.items()}


def _read_plain(graph: Graph, node: Any) -> tuple[Layer | None, list[Any]]:
    """Return the layer of a node that is not recurrent, and the nodes that belong to it; None if it has no weights."""
    constants = [graph.constants.get(name) for name in node.input]
    given = attributes(node)
    if node.op_type == "Gemm" and constants[0] is None and constants[1] is not None:
        scaled = given.get("alpha", 1.0) != 1.0 or given.get("beta", 1.0) != 1.0 or given.get("transA")
        bias = constants[2] if len(constants) > 2 else None
        if scaled or (len(constants) > 2 and bias is None):
            return None, []
        weight = constants[1] if given.get("transB") else constants[1].T
        return _linear(node, weight, bias), []
    if node.op_type == "MatMul" and constants[0] is None and constants[1] is not None and constants[1].ndim == 2:
        add = graph.only_taker(node.output[0], "Add")
        bias = None if add is None else _other(graph, add, node.output[0])
        if bias is None or bias.shape != constants[1].shape[1:]:
            return _linear(node, constants[1].T, None), []
        return _linear(node, constants[1].T, bias), [add]
    table = constants[0]
    if node.op_type == "Gather" and table is not None and table.ndim == 2 and table.dtype.kind == "f":
        return (
            (Layer(title(node), "embedding", {"weight": to_tensor(table)}), []) if not given.get("axis") else (None, [])
        )
    if node.op_type == "Conv" and constants[1] is not None and constants[1].ndim == 3:
        plain = given.get("group", 1) == 1 and set(given.get("dilations", [1])) == {1} == set(given.get("strides", [1]))
        bias = constants[2] if len(constants) > 2 else None
        return (Layer(title(node), "conv", _with_bias(constants[1], bias)), []) if plain else (None, [])
    if node.op_type == "Sub" and constants[0] is None and constants[1] is not None and constants[1].ndim:
        divide = graph.only_taker(node.output[0], "Div")
        std = None if divide is None else _other(graph, divide, node.output[0])
        if std is not None:
            mean = np.broadcast_to(constants[1].reshape(-1), std.size)
            return Layer(title(node), "standardize", {"mean": to_tensor(mean), "std": to_tensor(std.reshape(-1))}), [
                divide
            ]
    return None, []


def _other(graph: Graph, node: Any, value: str) -> np.ndarray | None:
    """Return the constant that a node of two inputs takes beside a value."""
    return next((graph.constants[name] for name in node.input if name != value and name in graph.constants), None)


def _linear(node: Any, weight: np.ndarray, bias: np.ndarray | None) -> Layer:
    return Layer(title(node), "linear", _with_bias(weight, bias))


def _with_bias(weight: np.ndarray, bias: np.ndarray | None) -> dict[str, Tensor]:
    tensors = {"weight": to_tensor(weight)}
    if bias is not None:
        tensors["bias"] = to_tensor(bias.reshape(-1))
    return tensors


def _weights_without_layer(graph: Graph, node: Any) -> list[str]:
    """Return one line for every constant of a node that is as large as a weight, and for a graph inside a node."""
    if any(attribute.HasField("g") for attribute in node.attribute):
        return [f"{title(node)} holds a graph of its own, which is not read"]
    if node.op_type in MOVES or node.op_type == "Concat":
        return []
    constants = {name: graph.constants[name] for name in node.input if name in graph.constants}
    return [
        f"unexpected {title(node)}: {name} {list(a.shape)}"
        for name, a in constants.items()
        if a.dtype.kind == "f" and a.size > 1
    ]
