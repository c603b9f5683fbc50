"""What lies between the layers of a deep stack: norms in front of a layer, and joins of its result and its input."""

from __future__ import annotations

from typing import Any

import torch

from zoo.models.joins import Highway, Residual
from zoo.models.sequence_norm import SequenceNorm
from zoo.onnx_export.graph import Graph


def add_norm(graph: Graph, name: str, norm: Any, features: str) -> str:
    """Return (..., F) as a layer takes it: normalised by the running statistics, where the stack does that."""
    if not isinstance(norm, SequenceNorm):
        return features
    scale = torch.rsqrt(norm.running_var + norm.epsilon) * norm.gain
    centred = graph.op("Sub", features, graph.weight(f"{name}.running_mean", norm.running_mean))
    scaled = graph.op("Mul", centred, graph.weight(f"{name}.scale", scale))
    return str(graph.op("Add", scaled, graph.weight(f"{name}.shift", norm.shift)))


def add_join(graph: Graph, name: str, join: Any, step: str, entered: str) -> str:
    """Return the join of a layer's result and of what entered it, both (..., directions * H)."""
    if isinstance(join, Residual):
        return str(graph.op("Add", entered, step))
    if not isinstance(join, Highway):
        return step
    sums = []
    for direction, gate in enumerate(join.gates):
        weight: Any = gate.weight
        size = len(weight)
        part = graph.slice(entered, -1, direction * size, (direction + 1) * size)
        sums.append(graph.op("MatMul", part, graph.weight(f"{name}.gates.{direction}.weight_t", weight.T)))
    both = graph.op("Concat", *sums, axis=-1) if len(sums) > 1 else sums[0]
    t = graph.op("Sigmoid", graph.op("Add", both, graph.weight(f"{name}.start", join.start)))
    rest = graph.op("Mul", graph.op("Sub", graph.constant(1.0, "float32"), t), entered)
    return str(graph.op("Add", graph.op("Mul", t, step), rest))
