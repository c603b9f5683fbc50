"""A graph of ONNX in the making: nodes, weights and constants, each value by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from torch import Tensor

from zoo.errors import ZooError

# ONNX Runtime 1.14 of 2023 and all later ones read it; Scan, the recurrent nodes and Where have their last form there.
OPSET, IR_VERSION = 17, 8
TYPES = {
    "float32": onnx.TensorProto.FLOAT,
    "float64": onnx.TensorProto.DOUBLE,
    "int64": onnx.TensorProto.INT64,
    "int32": onnx.TensorProto.INT32,
    "bool": onnx.TensorProto.BOOL,
}


class OnnxError(ZooError, ValueError):
    """A model cannot be expressed in ONNX, or an ONNX file does not give the numbers that it recorded."""


class Graph:
    """The nodes so far. A value is the name of a node's output, of a weight, or of an input.

    Args:
        outer: the graph around this one, for the body of a Scan: weights and constants go there.
    """

    def __init__(self, outer: Graph | None = None) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.outer = outer
        self.arrays: dict[str, np.ndarray] = {}
        self._shared: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._count = 0

    def new_name(self, stem: str) -> str:
        if self.outer is not None:
            return self.outer.new_name(stem)
        self._count += 1
        return f"{stem}_{self._count}"

    def op(self, op_type: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; return the name of its output, or a list of names if it has several.

        Args:
            op_type: such as "Add".
            inputs: values; an empty name where an optional one is left out.
            outputs: how many.
            attributes: of the node. `body=graph` is a graph of its own.
        """
        name = self.new_name(op_type)
        names = [name] if outputs == 1 else [f"{name}_{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(op_type, list(inputs), names, name, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, value: Any, dtype: str = "int64") -> str:
        """Return the value of a constant; equal ones are stored once."""
        array = np.asarray(value, dtype)
        if self.outer is not None:
            return self.outer.constant(array, dtype)
        key = (dtype, array.shape, array.tobytes())
        if key not in self._shared:
            self._shared[key] = self.new_name("constant")
            self.arrays[self._shared[key]] = array
        return self._shared[key]

    def weight(self, name: str, tensor: Tensor | np.ndarray) -> str:
        """Return the value of a weight, which has a name of its own in the file."""
        if self.outer is not None:
            return self.outer.weight(name, tensor)
        array = tensor.detach().cpu().numpy() if isinstance(tensor, Tensor) else tensor
        if name in self.arrays and not np.array_equal(self.arrays[name], array):
            name = self.new_name(name)
        self.arrays[name] = np.ascontiguousarray(array)
        return name

    def cast(self, value: str, dtype: str) -> str:
        return str(self.op("Cast", value, to=TYPES[dtype]))

    def reshape(self, value: str, *sizes: int) -> str:
        """Reshape as ONNX does: 0 keeps a dimension, and -1 takes what is left."""
        return str(self.op("Reshape", value, self.constant(sizes)))

    def slice(self, value: str, axis: int, start: int | str, stop: int | str) -> str:
        """Return the part of a value between two places of an axis; each is a number or a value of shape (1,)."""
        bounds = [place if isinstance(place, str) else self.constant([place]) for place in (start, stop)]
        return str(self.op("Slice", value, *bounds, self.constant([axis])))

    def size(self, value: str, axis: int) -> str:
        """Return the size of a dimension, int64 (1,)."""
        return str(self.op("Shape", value, start=axis, end=axis + 1))

    def rename(self, value: str, name: str) -> None:
        """Give a value the name of an output."""
        self.nodes.append(helper.make_node("Identity", [value], [name], f"to_{name}"))

    def to_model(self, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto], name: str) -> Any:
        """Return the model, without metadata."""
        tensors = [numpy_helper.from_array(array, key) for key, array in self.arrays.items()]
        graph = helper.make_graph(self.nodes, name, inputs, outputs, tensors)
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="recurrent-zoo",
        )


def describe(name: str, dtype: str, dims: Sequence[int | str]) -> onnx.ValueInfoProto:
    """Return name, type and dimensions of an input or output."""
    return helper.make_tensor_value_info(name, TYPES[dtype], dims)
