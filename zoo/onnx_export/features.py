"""What comes before and after the stack: front ends, pooling, and labels of a CTC model."""

from __future__ import annotations

from typing import Any

from torch import nn

from zoo.models import front_end, pooling
from zoo.models.units import Units
from zoo.onnx_export.graph import Graph, OnnxError
from zoo.onnx_export.steps import add_axis, drop_axis, mask_padding, step_mask


def add_front_end(graph: Graph, name: str, module: Any, input: str, lengths: str) -> str:
    """Add a front end: the input (B, T, ...) becomes features (B, T, I)."""
    if isinstance(module, front_end.FloatFrontEnd):
        return input
    if isinstance(module, front_end.StandardizingFrontEnd):
        moved = graph.op("Sub", input, graph.weight(f"{name}.mean", module.get_buffer("mean")))
        return str(graph.op("Div", moved, graph.weight(f"{name}.std", module.get_buffer("std"))))
    if isinstance(module, front_end.TokenFrontEnd):
        tokens = drop_axis(graph, mask_padding(graph, add_axis(graph, input, 2), lengths, "int64"), 2)
        return add_embedding(graph, f"{name}.embedding", module.embedding, tokens)
    raise OnnxError(f"{name} is {type(module).__name__}, which has no ONNX form here")


def add_embedding(graph: Graph, name: str, module: nn.Embedding, tokens: str) -> str:
    return str(graph.op("Gather", graph.weight(f"{name}.weight", module.weight), tokens, axis=0))


def add_linear(graph: Graph, name: str, module: Any, input: str) -> str:
    """Add a linear layer over the last dimension."""
    if type(module) is not nn.Linear:
        raise OnnxError(f"{name} is {type(module).__name__}, expected a float nn.Linear; export the float model")
    product = graph.op("MatMul", input, graph.weight(f"{name}.weight.T", module.weight.T))
    return product if module.bias is None else str(graph.op("Add", product, graph.weight(f"{name}.bias", module.bias)))


def add_units(graph: Graph, name: str, module: nn.Module, input: str) -> str:
    """Add the units of the numbers that a model gives: input * std + mean, over the last dimension."""
    if isinstance(module, nn.Identity):
        return input
    if not isinstance(module, Units):
        raise OnnxError(f"{name} is {type(module).__name__}, which has no ONNX form here")
    scaled = graph.op("Mul", input, graph.weight(f"{name}.std", module.get_buffer("std")))
    return str(graph.op("Add", scaled, graph.weight(f"{name}.mean", module.get_buffer("mean"))))


def add_pooling(
    graph: Graph, name: str, module: Any, features: str, final: str, lengths: str, state: list[str]
) -> tuple[str, list[str]]:
    """Add a pooling: features (B, T, F) become one vector (B, F); the state is as in `zoo.models.pooling`."""
    if isinstance(module, pooling.LastPooling):
        return final, state
    if isinstance(module, pooling.MeanPooling):
        return _add_mean(graph, features, lengths, state)
    valid = add_axis(graph, step_mask(graph, lengths, features), 2)  # (B, T, 1)
    if isinstance(module, pooling.MaxPooling):
        hidden = graph.op("Where", valid, features, graph.constant(module.nothing_seen, "float32"))
        highest = graph.op("Max", state[0], graph.op("ReduceMax", hidden, axes=[1], keepdims=0))
        unseen = graph.op("LessOrEqual", highest, graph.constant(module.nothing_seen, "float32"))
        pooled = graph.op("Where", unseen, graph.constant(0.0, "float32"), highest)
        return drop_axis(graph, pooled, 0), [highest]
    if isinstance(module, pooling.AttentionPooling):
        return _add_attention(graph, name, module, features, valid, state)
    raise OnnxError(f"{name} is {type(module).__name__}, which has no ONNX form here")


def _add_mean(graph: Graph, features: str, lengths: str, state: list[str]) -> tuple[str, list[str]]:
    mean, count = state  # (1, B, F), (1, B, 1)
    steps = graph.op("Unsqueeze", graph.cast(lengths, "float32"), graph.constant([0, 2]))  # (1, B, 1)
    count = graph.op("Add", count, steps)
    total = add_axis(graph, graph.op("ReduceSum", features, graph.constant([1]), keepdims=0), 0)  # (1, B, F)
    moved = graph.op("Sub", total, graph.op("Mul", steps, mean))
    mean = graph.op("Add", mean, graph.op("Div", moved, graph.op("Max", count, graph.constant(1.0, "float32"))))
    return drop_axis(graph, mean, 0), [mean, count]


def _add_attention(
    graph: Graph, name: str, module: Any, features: str, valid: str, state: list[str]
) -> tuple[str, list[str]]:
    largest, total, mean = (drop_axis(graph, part, 0) for part in state)  # (B, 1), (B, 1), (B, F)
    nothing = graph.constant(module.nothing_seen, "float32")
    axis = graph.constant([1])
    scores = graph.op(
        "Where", valid, _add_scores(graph, f"{name}.scores", module.scores, features), nothing
    )  # (B, T, 1)
    highest = graph.op("Max", largest, graph.op("Round", graph.op("ReduceMax", scores, axes=[1], keepdims=0)))
    shares = graph.op("Exp", graph.op("Sub", scores, graph.op("Unsqueeze", highest, axis)))
    shares = graph.op("Where", graph.op("LessOrEqual", scores, nothing), graph.constant(0.0, "float32"), shares)
    added = graph.op("ReduceSum", shares, axis, keepdims=0)  # (B, 1)
    kept = graph.op("Mul", total, graph.op("Exp", graph.op("Sub", largest, highest)))
    total = graph.op("Add", kept, added)
    weighted = graph.op("ReduceSum", graph.op("Mul", shares, features), axis, keepdims=0)  # (B, F)
    moved = graph.op("Sub", weighted, graph.op("Mul", added, mean))
    mean = graph.op("Add", mean, graph.op("Div", moved, graph.op("Max", total, graph.constant(1e-30, "float32"))))
    return mean, [add_axis(graph, part, 0) for part in (highest, total, mean)]


def _add_scores(graph: Graph, name: str, module: Any, features: str) -> str:
    if isinstance(module, pooling.AdditiveScores):
        hidden = graph.op("Tanh", add_linear(graph, f"{name}.hidden", module.hidden, features))
        return add_linear(graph, f"{name}.vector", module.vector, hidden)
    if isinstance(module, pooling.DotProductScores):
        key = add_linear(graph, f"{name}.key", module.key, features)
        scores = add_linear(graph, f"{name}.query", module.query, key)
        return str(graph.op("Mul", scores, graph.constant(module.scale, "float32")))
    raise OnnxError(f"{name} is {type(module).__name__}, which has no ONNX form here")


def add_ctc_labels(graph: Graph, output: str, lengths: str) -> str:
    """Add what `zoo.decode_ctc` does with log-probabilities (B, T, labels): int64 (B, labels of the longest row)."""
    best = graph.op("ArgMax", output, axis=2, keepdims=0)  # (B, T)
    zero, one = graph.constant(0), graph.constant(1)
    first = graph.op("Mul", graph.slice(best, 1, 0, 1), zero)
    before = graph.op("Concat", first, graph.slice(best, 1, 0, -1), axis=1)
    changed = graph.op("Not", graph.op("Equal", best, before))
    begins = graph.op("And", graph.op("And", graph.op("Not", graph.op("Equal", best, zero)), changed),
                      step_mask(graph, lengths, best))  # fmt: skip
    numbers = graph.op("CumSum", graph.cast(begins, "int64"), graph.constant(1))  # 1 for the first label of a row
    place = graph.op("Where", begins, numbers, zero)
    longest = graph.op("ReduceMax", numbers, keepdims=0)
    width = graph.op("Unsqueeze", graph.op("Add", longest, one), graph.constant([0]))
    shape = graph.op("Concat", graph.size(best, 0), width, axis=0)
    empty = graph.op("Expand", graph.constant(-1), shape)
    # Steps where no label begins write to column 0, which is cut off.
    filled = graph.op("ScatterElements", empty, place, graph.op("Sub", best, one), axis=1)
    return graph.slice(filled, 1, 1, 2**31)
