"""An ONNX graph as the reader of its layers needs it: constants are computed, and each value knows who takes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from zoo.weights.errors import WeightsError

# Nodes that give numbers on as they are; only places and shapes change.
MOVES = {"Cast", "Dropout", "Expand", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
# What exporters compute weights with; other nodes of constants are left alone.
FOLDED = MOVES | {"Add", "Concat", "Gather", "Mul", "Slice", "Split", "Sub"}


def import_onnx() -> Any:
    """Return the package `onnx`, with its evaluator of single nodes.

    Raises:
        WeightsError: it is not installed.
    """
    try:
        import onnx
        import onnx.reference  # the package does not load it itself
    except ModuleNotFoundError as error:
        raise WeightsError(f"reading ONNX: {error}; install it: pip install 'recurrent-zoo[onnx]'") from error
    return onnx


def read_onnx(path: str | Path) -> Any:
    """Read an ONNX file, with weights that lie beside it.

    Raises:
        WeightsError: it is not an ONNX model.
    """
    onnx = import_onnx()
    try:
        model = onnx.load(str(path))
    except Exception as error:  # protobuf and onnx raise errors of many kinds
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise WeightsError(f"{path} is not a readable ONNX model: {reason[:160]}") from error
    if not model.graph.node:
        raise WeightsError(f"{path} is not a readable ONNX model: its graph has no nodes")
    return model


class Graph:
    """The nodes of a graph, in the order of the data, with the constants among its values.

    Args:
        model: an ONNX model.
    """

    def __init__(self, model: Any) -> None:
        onnx = import_onnx()
        self.nodes: list[Any] = list(model.graph.node)
        self.inputs = {value.name for value in model.graph.input}
        self.constants: dict[str, np.ndarray] = {
            tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer
        }
        self.inputs -= self.constants.keys()  # old files list weights among the inputs
        self.maker = {name: node for node in self.nodes for name in node.output}
        self.takers: dict[str, list[Any]] = {}
        for node in self.nodes:
            for name in node.input:
                self.takers.setdefault(name, []).append(node)
        for node in self.nodes:
            self._fold(node, model)

    def _fold(self, node: Any, model: Any) -> None:
        """Compute a node whose inputs are all constants."""
        onnx = import_onnx()
        if node.op_type == "Constant":
            value = attributes(node).get("value")
            if value is not None:
                self.constants[node.output[0]] = onnx.numpy_helper.to_array(value)
            return
        names = [name for name in node.input if name]
        if node.op_type not in FOLDED or not names or not all(name in self.constants for name in names):
            return
        types = {name: onnx.helper.np_dtype_to_tensor_dtype(self.constants[name].dtype) for name in names}
        graph = onnx.helper.make_graph(
            [node],
            "folded",
            [onnx.helper.make_tensor_value_info(name, type, None) for name, type in types.items()],
            [onnx.ValueInfoProto(name=name) for name in node.output if name],
        )
        single = onnx.helper.make_model(graph, opset_imports=model.opset_import)
        results = onnx.reference.ReferenceEvaluator(single).run(None, {name: self.constants[name] for name in names})
        self.constants.update(zip([name for name in node.output if name], results, strict=True))

    def only_taker(self, value: str, op_type: str) -> Any | None:
        """Return the node of a type that takes a value, where nothing else takes it."""
        takers = self.takers.get(value, [])
        return takers[0] if len(takers) == 1 and takers[0].op_type == op_type else None

    def source(self, value: str) -> str:
        """Return where the numbers of a value come from, through nodes that only move them."""
        while (node := self.maker.get(value)) is not None and node.op_type in MOVES:
            value = node.input[0]
        return value


def attributes(node: Any) -> dict[str, Any]:
    """Return the attributes of a node by name, text as str."""
    onnx = import_onnx()
    found = {}
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        if isinstance(value, bytes):
            value = value.decode()
        elif isinstance(value, list | tuple) and value and isinstance(value[0], bytes):
            value = [item.decode() for item in value]
        found[attribute.name] = value
    return found


def title(node: Any) -> str:
    """Return what messages call a node."""
    return f"{node.op_type} {node.name or node.output[0]}"
