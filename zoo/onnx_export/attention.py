"""Stacks with self-attention over a window of steps on top, as `zoo.models.window_attention` has it.

The scores of all pairs of steps are computed, T * T for each head, and those outside of the window are left out.
"""

from __future__ import annotations

from typing import Any

from zoo.models.window_attention import AttentiveStack
from zoo.onnx_export.features import add_linear
from zoo.onnx_export.graph import Graph
from zoo.onnx_export.stacks import add_stack, final_step
from zoo.onnx_export.steps import add_axis, arange, drop_axis, last_steps, mask_padding


def add_whole_stack(
    graph: Graph, name: str, stack: Any, features: str, lengths: str, states: list[str]
) -> tuple[str, list[str]]:
    """Add a recurrent stack, and the attention over it if it has one; see `zoo.onnx_export.stacks.add_stack`.

    The last two states of an attentive one are its last outputs (window, B, F), and how many they are (1, B, 1).
    """
    if not isinstance(stack, AttentiveStack):
        return add_stack(graph, name, stack, features, lengths, states)
    output, inner = add_stack(graph, f"{name}.stack", stack.stack, features, lengths, states[:-2])
    tail, seen = states[-2:]
    joined = graph.op("Concat", graph.op("Transpose", tail, perm=[1, 0, 2]), output, axis=1)  # (B, window + T, F)
    attended = _attend(graph, f"{name}.attention", stack.attention, joined, stack.window, _unseen(graph, stack, seen))
    kept = graph.op("Transpose", last_steps(graph, joined, lengths, stack.window), perm=[1, 0, 2])
    steps = graph.op("Unsqueeze", graph.cast(lengths, "float32"), graph.constant([0, 2]))  # (1, B, 1)
    count = graph.op("Min", graph.op("Add", seen, steps), graph.constant(stack.window, "float32"))
    return mask_padding(graph, attended, lengths), [*inner, kept, count]


def whole_final(graph: Graph, name: str, stack: Any, states: list[str]) -> str:
    """Return a stack's output at each row's last valid step (B, F), from its states."""
    if not isinstance(stack, AttentiveStack):
        return final_step(graph, stack, states[0])
    steps = graph.op("Transpose", states[-2], perm=[1, 0, 2])  # (B, window, F)
    unseen = _unseen(graph, stack, states[-1])
    return drop_axis(graph, _attend(graph, f"{name}.attention", stack.attention, steps, stack.window - 1, unseen), 1)


def _unseen(graph: Graph, stack: Any, seen: str) -> str:
    """Return how many steps at the beginning of a window each row has not seen, int64 (B,)."""
    return str(graph.op("Sub", graph.constant(stack.window), graph.reshape(graph.cast(seen, "int64"), -1)))


def _attend(graph: Graph, name: str, module: Any, steps: str, first: int, unseen: str) -> str:
    """Return the outputs (B, S - first, F) of the steps (B, S, F) from `first` on."""
    size, heads = module.output.in_features, module.num_heads
    mixed = add_linear(
        graph, f"{name}.query_key_value", module.query_key_value, _norm(graph, f"{name}.norm", module.norm, steps)
    )
    parts = graph.op("Transpose", graph.reshape(mixed, 0, 0, 3, heads, size // heads), perm=[2, 0, 3, 1, 4])
    query, key, value = (drop_axis(graph, part, 0) for part in graph.op("Split", parts, outputs=3, axis=0))
    query = graph.slice(query, 2, first, 2**31)  # (B, heads, Q, D); key and value are (B, heads, S, D)
    scores = graph.op("MatMul", query, graph.op("Transpose", key, perm=[0, 1, 3, 2]))
    scores = graph.op("Mul", scores, graph.constant(module.scale, "float32"))  # (B, heads, Q, S)
    places = arange(graph, graph.size(steps, 1))  # (S,)
    now = add_axis(graph, graph.slice(places, 0, first, 2**31), 1)  # (Q, 1)
    old = graph.op("LessOrEqual", places, graph.op("Sub", now, graph.constant(module.window)))
    outside = graph.op("Or", graph.op("Greater", places, now), old)  # (Q, S)
    missing = graph.op("Less", places, graph.op("Unsqueeze", unseen, graph.constant([1, 2, 3])))  # (B, 1, 1, S)
    hidden = graph.op("Or", outside, missing)  # (B, 1, Q, S)
    weights = graph.op("Softmax", graph.op("Where", hidden, graph.constant(module.no_score, "float32"), scores), axis=3)
    attended = graph.op("Transpose", graph.op("MatMul", weights, value), perm=[0, 2, 1, 3])
    output = add_linear(graph, f"{name}.output", module.output, graph.reshape(attended, 0, 0, size))
    output = graph.op("Add", graph.slice(steps, 1, first, 2**31), output)
    norm, wide, _, narrow = module.feed_forward
    hidden_layer = add_linear(
        graph, f"{name}.feed_forward.1", wide, _norm(graph, f"{name}.feed_forward.0", norm, output)
    )
    return str(
        graph.op("Add", output, add_linear(graph, f"{name}.feed_forward.3", narrow, graph.op("Relu", hidden_layer)))
    )


def _norm(graph: Graph, name: str, module: Any, value: str) -> str:
    weights = [graph.weight(f"{name}.weight", module.weight), graph.weight(f"{name}.bias", module.bias)]
    return str(graph.op("LayerNormalization", value, *weights, axis=-1, epsilon=module.eps))
