"""What an ONNX model computes, by ONNX Runtime: the reference of an import."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.importing.onnx_data_path import find_unproved_nodes
from zoo.importing.reference import Reference
from zoo.weights.errors import WeightsError
from zoo.weights.onnx_graph import MOVES, Graph
from zoo.weights.onnx_recurrent import GATES

ACTIVATIONS = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"}


def onnx_reference(model: Any, graph: Graph) -> tuple[Reference, list[str]]:
    """Return what an ONNX model computes, and one line for every input and node that no model of the zoo has."""
    session = _open(model)
    given = session.get_inputs()
    states, lengths = _find_other_inputs(graph)
    main = [value for value in given if value.name not in states | lengths]
    faults = [f"input {value.name} beside {main[0].name}, which no model of the zoo has" for value in main[1:]]
    output = session.get_outputs()[0].name
    last = _find_activation(graph, output)
    faults += find_unproved_nodes(graph, main[0].name, output, last)
    batch_axis = 0 if _is_batch_first(graph, main[0].name) else 1
    dims = tuple(size if isinstance(size, int) and size > 0 else None for size in main[0].shape)

    def run(x: np.ndarray) -> np.ndarray:
        feeds = {main[0].name: x.astype(_dtype(main[0].type))}
        for value in given:
            if value.name in states:
                sizes = [size if isinstance(size, int) else None for size in value.shape]
                feeds[value.name] = np.zeros([x.shape[batch_axis] if s is None else s for s in sizes], np.float32)
            elif value.name in lengths:
                feeds[value.name] = np.full(x.shape[batch_axis], x.shape[1 - batch_axis], _dtype(value.type))
        try:
            result: np.ndarray = session.run([output], feeds)[0]
        except Exception as error:  # ONNX Runtime raises errors of many kinds
            raise _refusal("fails to run", error) from error
        if result.ndim == 4:  # (T, directions, B, H), as a recurrent node gives it
            result = result.transpose(0, 2, 1, 3).reshape(result.shape[0], result.shape[2], -1)
        return result

    activation = "" if last is None else ACTIVATIONS[last.op_type]
    return Reference(dims, run, activation, "float32", 1e-5), faults


def _open(model: Any) -> Any:
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise WeightsError(f"proving ONNX: {error}; install it: pip install 'recurrent-zoo[onnx]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises errors of many kinds
        raise _refusal("refuses", error) from error


def _refusal(what: str, error: Exception) -> WeightsError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return WeightsError(f"ONNX Runtime {what} the model: {reason[:300]}")


def _dtype(type_name: str) -> np.dtype:
    """Return numpy's type for a name such as "tensor(int64)"."""
    name = type_name.removeprefix("tensor(").removesuffix(")")
    return np.dtype({"float": "float32", "double": "float64"}.get(name, name))


def _find_other_inputs(graph: Graph) -> tuple[set[str], set[str]]:
    """Return the inputs of the graph that are initial states, and those that are lengths."""
    recurrent = [node for node in graph.nodes if node.op_type in GATES]
    states = {_find_origin(graph, name) for node in recurrent for name in node.input[5:7] if name}
    lengths = {_find_origin(graph, name) for node in recurrent for name in node.input[4:5] if name}
    # Zeros of the input's batch size are computed from its shape.
    own = {_find_origin(graph, node.input[0]) for node in recurrent}
    return (states & graph.inputs) - own, (lengths & graph.inputs) - own


def _find_origin(graph: Graph, value: str) -> str:
    """Return the input of the graph, or the value without inputs, that a value is computed from first of all."""
    while (node := graph.maker.get(value)) is not None:
        value = next((name for name in node.input if name and name not in graph.constants), "")
    return value


def _is_batch_first(graph: Graph, input: str) -> bool:
    """Return whether an odd number of transpositions lies between the input and the first recurrent node."""
    value = next((node.input[0] for node in graph.nodes if node.op_type in GATES), input)
    swaps = 0
    while value != input and (node := graph.maker.get(value)) is not None:
        swaps += node.op_type == "Transpose"
        value = next((name for name in node.input if name not in graph.constants), "")
    return swaps % 2 == 1


def _find_activation(graph: Graph, output: str) -> Any | None:
    """Return the activation that the graph does last, beside moving numbers and hiding padding."""
    while (node := graph.maker.get(output)) is not None and node.op_type in MOVES | {"Where"}:
        output = node.input[1 if node.op_type == "Where" else 0]
    return node if node is not None and node.op_type in ACTIVATIONS else None
