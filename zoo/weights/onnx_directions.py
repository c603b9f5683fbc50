"""How an ONNX graph joins two recurrent nodes that read the same input in two directions."""

from __future__ import annotations

from typing import Any

from zoo.weights.onnx_graph import MOVES, Graph, title

# What may come between a recurrent node and the join: a choice of steps, and padding that is hidden.
PASSED = MOVES | {"Gather", "Slice", "Where"}


def find_join_objections(graph: Graph, forward: Any, reverse: Any) -> list[str]:
    """Return why two nodes are no layer of both directions, whose features are the forward ones and then the others."""
    first, second = _find_joins(graph, forward), _find_joins(graph, reverse)
    common = first.keys() & second.keys()
    names = f"{title(forward)}, which runs forward, and {title(reverse)}, which runs in reverse"
    if not common:
        return [f"{names}, read the same input and are not joined by a Concat, as the directions of a layer are"]
    if any(len(graph.maker[join].input) != 2 or (first[join], second[join]) != ({0}, {1}) for join in common):
        return [f"{names}, are joined by a Concat in another order; expected (forward, reverse) and nothing else"]
    return []


def _find_joins(graph: Graph, node: Any) -> dict[str, set[int]]:
    """Return the outputs of the Concat nodes that a node's steps and last step reach, and at which of their inputs."""
    joins: dict[str, set[int]] = {}
    names = [name for name in node.output[:2] if name]
    seen = set(names)
    while names:
        name = names.pop()
        for taker in graph.takers.get(name, []):
            if taker.op_type == "Concat":
                places = {place for place, own in enumerate(taker.input) if own == name}
                joins.setdefault(taker.output[0], set()).update(places)
            elif taker.op_type in PASSED and taker.output[0] not in seen:
                seen.add(taker.output[0])
                names.append(taker.output[0])
    return joins
