"""Rows of different lengths in ONNX: the same as `zoo.models.padding` says, on values of a graph."""

from __future__ import annotations

from zoo.onnx_export.graph import Graph


def arange(graph: Graph, count: str) -> str:
    """Return 0 .. count - 1, int64; `count` is int64 (1,)."""
    scalar = graph.op("Squeeze", count)
    return str(graph.op("Range", graph.constant(0), scalar, graph.constant(1)))


def step_mask(graph: Graph, lengths: str, like: str) -> str:
    """Return which steps of (B, T, ...) are valid, bool (B, T)."""
    steps = graph.op("Unsqueeze", arange(graph, graph.size(like, 1)), graph.constant([0]))  # (1, T)
    return str(graph.op("Less", steps, graph.op("Unsqueeze", lengths, graph.constant([1]))))


def mask_padding(graph: Graph, value: str, lengths: str, dtype: str = "float32") -> str:
    """Set to 0 every step of (B, T, F) at or after its row's length."""
    valid = graph.op("Unsqueeze", step_mask(graph, lengths, value), graph.constant([2]))  # (B, T, 1)
    return str(graph.op("Where", valid, value, graph.constant(0, dtype)))


def last_steps(graph: Graph, joined: str, lengths: str, kept: int) -> str:
    """Return the last `kept` valid steps (B, kept, F) of each row of (B, kept + T, F)."""
    first = graph.op("Unsqueeze", lengths, graph.constant([1]))  # (B, 1)
    places = graph.op("Add", first, graph.constant([list(range(kept))]))  # (B, kept)
    return gather_steps(graph, joined, places)


def gather_steps(graph: Graph, value: str, places: str) -> str:
    """Return the steps (B, K, F) of (B, T, F) at the places (B, K) of each row."""
    index = graph.op("Unsqueeze", places, graph.constant([2]))  # (B, K, 1)
    shape = graph.op("Concat", graph.op("Shape", places), graph.size(value, 2), axis=0)
    return str(graph.op("GatherElements", value, graph.op("Expand", index, shape), axis=1))


def add_axis(graph: Graph, value: str, axis: int) -> str:
    return str(graph.op("Unsqueeze", value, graph.constant([axis])))


def drop_axis(graph: Graph, value: str, axis: int) -> str:
    return str(graph.op("Squeeze", value, graph.constant([axis])))
