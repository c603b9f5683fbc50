"""Writes small ONNX models: one recurrent node with drawn weights, and PyTorch's own export of a module."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import nn

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
INPUT, HIDDEN = 5, 4


def draw(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.5, shape).astype(np.float32)


def recurrent_model(
    op: str, *, directions: int = 1, bias: bool = True, peepholes: bool = False, start: float = 0.0, **attributes: Any
) -> onnx.ModelProto:
    """Return a model of one node: input (T, B, 5), output Y (T, D, B, 4)."""
    rows = GATES[op] * HIDDEN
    arrays = {"W": draw(directions, rows, INPUT, seed=1), "R": draw(directions, rows, HIDDEN, seed=2)}
    arrays |= {"B": draw(directions, 2 * rows, seed=3)} if bias else {}
    arrays |= {"P": draw(directions, 3 * HIDDEN, seed=4)} if peepholes else {}
    names = ["x", "W", "R", "B" if bias else "", "", "", "", "P" if peepholes else ""]
    if start:
        arrays["h"] = np.full((directions, 2, HIDDEN), start, np.float32)
        names[5] = "h"
    while not names[-1]:
        names.pop()
    if directions == 2:
        attributes["direction"] = "bidirectional"
    node = helper.make_node(op, names, ["y"], "cell", hidden_size=HIDDEN, **attributes)
    return model_of([node], arrays, ["steps", "rows", INPUT])


def model_of(nodes: list[onnx.NodeProto], arrays: dict[str, np.ndarray], dims: list[str | int]) -> onnx.ModelProto:
    float32 = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("x", float32, dims)],
        [helper.make_tensor_value_info("y", float32, None)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: onnx.ModelProto | Path, *arrays: np.ndarray) -> list[np.ndarray]:
    """Run a model in ONNX Runtime."""
    content = str(model) if isinstance(model, Path) else model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    feeds = {value.name: array for value, array in zip(session.get_inputs(), arrays, strict=True)}
    return list(session.run(None, feeds))


def export_with_torch(module: nn.Module, example: torch.Tensor, path: Path) -> Path:
    """Write PyTorch's own export of a module, with a dynamic batch and length."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter says that it is old, and that sizes may be fixed
        torch.onnx.export(
            module.eval(),
            (example,),
            str(path),
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": {0: "batch", 1: "steps"}},
            dynamo=False,
        )
    return path
