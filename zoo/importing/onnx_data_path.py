"""Which nodes of an ONNX graph the numbers of its input pass, and whether drawn inputs can prove them.

A clip, or a choice by a threshold, gives on the drawn inputs what no node at all gives, and something else on larger
ones. So the nodes between the layers may only move numbers, pool them, or be linear in them: what is linear and agrees
on drawn inputs agrees on all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.importing.reference import PROBES
from zoo.weights.onnx_graph import MOVES, Graph, attributes, import_onnx, title
from zoo.weights.onnx_recurrent import GATES

LINEAR = {"Add", "Concat", "Sub", "Sum"}
FIRST = {"Conv", "Div", "Gather", "GatherElements", "GatherND", "Gemm", "MatMul", "Neg", "ReverseSequence", "Slice"}
FIRST |= {"GlobalAveragePool", "GlobalMaxPool", "ReduceMax", "ReduceMean", "ReduceSum", "Split", "Tile"}
# The inputs through which the numbers may come; through others they would decide what is moved, or by what is divided.
PLACES: dict[str, set[int]] = {
    **{op_type: {0} for op_type in (MOVES - {"Cast"}) | FIRST},
    **{op_type: {0, 5, 6} for op_type in GATES},
    "Where": {1, 2},
}
# What chooses some of the numbers by a place or a count, which the graph may compute.
CUTS = {"Gather", "GatherElements", "GatherND", "Pad", "Slice", "Split"}
# What computes such a place as a sum of multiples of sizes. Drawn inputs have two lengths, and two points fix a line.
OF_SIZES = MOVES | {
    "Add",
    "Concat",
    "ConstantOfShape",
    "Gather",
    "Mul",
    "Neg",
    "Range",
    "Slice",
    "Split",
    "Sub",
    "Tile",
}
# Steps of the longest drawn input, and where a limit means the end.
LONGEST, ENDLESS = max(steps for _, steps in PROBES), 2**31 - 1
NO_NUMBER = -1e30  # Every number of a model is above it.
# Types that keep tokens; a rounded float shows in the proof.
TYPES = ("FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "INT32", "INT64")


def find_unproved_nodes(graph: Graph, input: str, output: str, last: Any | None) -> list[str]:
    """Return one line for every node between the input and the output that a proof on drawn inputs does not settle.

    Args:
        graph: which is read.
        input: whose numbers are followed; what is computed from its shape alone depends on no number.
        output: which is compared.
        last: the activation after the last layer.
    """
    leading = _find_leading(graph, output)
    data = {input}
    faults = []
    for node in graph.nodes:
        places = {place for place, name in enumerate(node.input) if name in data}
        if not places or node.op_type in ("Shape", "Size"):
            continue
        if node.op_type == "LessOrEqual" and _with_no_number(graph, node, places):
            continue  # whether a row has seen a step: no number of it decides that
        data.update(name for name in node.output if name)
        if id(node) in leading and node is not last and not _is_proved(graph, node, places):
            faults.append(
                f"{title(node)} is between the input and the output, where a model of the zoo has layers, pooling and "
                "one activation at the end; export the file without it, and compute it outside the model"
            )
    return faults


def _find_leading(graph: Graph, output: str) -> set[int]:
    """Return the nodes that an output is computed by."""
    found: set[int] = set()
    names = [output]
    while names:
        node = graph.maker.get(names.pop())
        if node is not None and id(node) not in found:
            found.add(id(node))
            names += [name for name in node.input if name]
    return found


def _is_proved(graph: Graph, node: Any, places: set[int]) -> bool:
    """Return whether a node moves, pools or is linear in what comes through these places of its inputs."""
    if node.domain not in ("", "ai.onnx"):
        return False
    if node.op_type == "Cast":
        return import_onnx().TensorProto.DataType.Name(attributes(node)["to"]) in TYPES
    if node.op_type == "Mul":
        return len(places) == 1
    if node.op_type == "Max":
        return _with_no_number(graph, node, places)
    if node.op_type == "Slice" and _cuts_unseen(graph, node):
        return False
    if node.op_type in CUTS and not all(
        _is_line(graph, name) for place, name in enumerate(node.input) if name and place not in places
    ):
        return False
    if node.op_type == "Gather" and places == {1}:  # an embedding; a table of whole numbers may join tokens
        table = graph.constants.get(node.input[0])
        return table is not None and table.dtype.kind == "f"
    return node.op_type in LINEAR or places <= PLACES.get(node.op_type, set())


def _is_line(graph: Graph, value: str) -> bool:
    """Return whether what a graph computes from sizes grows in proportion to them: a smallest of two does not.

    What comes from another input, such as lengths, is no size.
    """
    names, seen = [value], set()
    while names:
        name = names.pop()
        node = graph.maker.get(name)
        if name in seen or name in graph.constants or node is None or node.op_type in ("Constant", "Shape", "Size"):
            continue
        seen.add(name)
        computed = [one for one in node.input if one and one not in graph.constants]
        if node.op_type not in OF_SIZES or (node.op_type == "Mul" and len(computed) > 1):
            return False
        names += computed
    return True


def _with_no_number(graph: Graph, node: Any, places: set[int]) -> bool:
    """Return whether one input is met by constants below every number: a running maximum that has seen nothing."""
    least = [graph.constants.get(graph.source(name)) for k, name in enumerate(node.input) if k not in places]
    return len(places) == 1 and all(a is not None and a.size and a.max() <= NO_NUMBER for a in least)


def _cuts_unseen(graph: Graph, node: Any) -> bool:
    """Return whether a slice takes so many steps that no drawn input has more of them, and it may pass as nothing.

    Steps are on axis 0 or 1; features, which are cut into gates and directions, on a later one.
    """
    found = attributes(node)  # where old files have the places
    names = ("starts", "ends", "axes")
    sources = dict(zip(names, node.input[1:], strict=False))
    places = {
        name: found.get(name) if name not in sources else graph.constants.get(graph.source(sources[name]))
        for name in names
    }
    starts, ends = (np.empty(0) if (place := places[name]) is None else np.ravel(place) for name in names[:2])
    axes = np.arange(max(len(starts), len(ends))) if places["axes"] is None else np.ravel(places["axes"])
    limits = [int(limit) for row in (starts, ends) for axis, limit in zip(axes, row, strict=False) if axis in (0, 1)]
    return any(LONGEST < abs(limit) < ENDLESS for limit in limits)
