"""One step of a cell, written in PyTorch, as nodes of ONNX: the step is traced, and each of its operators has a row."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.passes.shape_prop import ShapeProp

from zoo.onnx_export.graph import Graph, OnnxError

Step = Callable[[Tensor, list[Tensor]], list[Tensor]]
BATCH = 3  # of the trace; a second trace with another size shows whether anything depends on it

SAME_TYPE = {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "maximum": "Max", "minimum": "Min", "pow": "Pow"}
COMPARED = {"gt": "Greater", "lt": "Less", "ge": "GreaterOrEqual", "le": "LessOrEqual", "eq": "Equal"}
UNARY = {
    "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "exp": "Exp", "log": "Log", "neg": "Neg", "sqrt": "Sqrt",
    "abs": "Abs", "reciprocal": "Reciprocal", "softplus": "Softplus", "floor": "Floor", "logical_not": "Not",
    "bitwise_not": "Not", "sign": "Sign", "cos": "Cos", "sin": "Sin",
}  # fmt: skip
UNCHANGED = ("clone", "detach", "alias", "contiguous", "lift_fresh_copy", "lift_fresh")


class StepConverter:
    """Turns a traced step into nodes.

    Args:
        graph: where the nodes go.
        names: of the parameters in the file, by identity.
        batch: of the trace.
    """

    def __init__(self, graph: Graph, names: dict[int, str], batch: int) -> None:
        self.graph = graph
        self.names = names
        self.batch = batch
        self.values: dict[fx.Node, Any] = {}  # a value of the graph, a list of them, or a Tensor that is a constant

    def convert(self, module: fx.GraphModule, inputs: Sequence[str]) -> list[str]:
        """Add the nodes of a trace for the given inputs; return its results."""
        given = iter(inputs)
        for node in module.graph.nodes:
            if node.op == "placeholder":
                self.values[node] = next(given)
            elif node.op == "get_attr":
                self.values[node] = getattr(module, str(node.target))
            elif node.op == "output":
                return [self.value(part) for part in node.args[0]]
            else:
                self.values[node] = self._call(node)
                if self._changes_first(node):
                    self.values[node.args[0]] = self.values[node]
        raise AssertionError("a trace ends with its output")

    def value(self, argument: Any, dtype: torch.dtype = torch.float32) -> str:
        """Return an argument as a value of the graph."""
        if isinstance(argument, fx.Node):
            argument = self.values[argument]
        if isinstance(argument, str):
            return argument
        if isinstance(argument, Tensor):
            if id(argument) in self.names:
                return self.graph.weight(self.names[id(argument)], argument)
            return self.graph.constant(argument.detach().numpy(), _name(argument.dtype))
        return self.graph.constant(argument, _name(dtype))

    def _call(self, node: fx.Node) -> Any:
        if node.target is operator.getitem:
            whole, place = self.values[node.args[0]], node.args[1]  # type: ignore[index]
            return whole[place]
        constants = [self.values[n] for n in node.all_input_nodes]
        if all(isinstance(value, Tensor) for value in constants):
            return self._fold(node)
        name = str(node.target).split(".")[1].removesuffix("_")
        if name in SAME_TYPE:
            return self._same_type(node, SAME_TYPE[name], node.args[:2])
        if name in UNARY:
            return self.graph.op(UNARY[name], self.value(node.args[0]))
        if name in COMPARED:
            dtype = _type(node.args[0])
            return self.graph.op(COMPARED[name], self.value(node.args[0]), self.value(node.args[1], dtype))
        if name in UNCHANGED:
            return self.value(node.args[0])
        handler = getattr(self, f"on_{name}", None)
        if handler is None:
            raise OnnxError(f"operator {node.target} of a cell's step has no ONNX form here")
        return handler(node, *node.args, **node.kwargs)

    def _changes_first(self, node: fx.Node) -> bool:
        """Return whether an operator writes its result over its first argument, as `add_` does."""
        return str(node.target).split(".")[1].endswith("_") if node.target is not operator.getitem else False

    def _fold(self, node: fx.Node) -> Any:
        """Compute what depends on parameters alone; the result is a weight called after the first of them."""

        def tensor_of(argument: Any) -> Any:
            return fx.node.map_arg(argument, lambda n: self.values[n])

        result = node.target(*tensor_of(node.args), **tensor_of(node.kwargs))  # type: ignore[operator]
        source = next(
            (self.names[id(self.values[n])] for n in node.all_input_nodes if id(self.values[n]) in self.names), ""
        )
        if isinstance(result, Tensor) and source:
            self.names[id(result)] = self.graph.new_name(f"{source}.{str(node.target).split('.')[1]}")
        return result

    def _same_type(self, node: fx.Node, op: str, pair: Sequence[Any]) -> str:
        if node.kwargs.get("alpha", 1) != 1 or node.kwargs.get("rounding_mode"):
            raise OnnxError(f"operator {node.target} of a cell's step with {dict(node.kwargs)} has no ONNX form here")
        dtype = _type(node)
        values = []
        for part in pair:
            value = self.value(part, dtype)
            if isinstance(part, fx.Node) and _type(part) != dtype:
                value = self.graph.cast(value, _name(dtype))
            values.append(value)
        return str(self.graph.op(op, *values))

    def on_rsub(self, node: fx.Node, a: Any, b: Any, **_: Any) -> str:
        return self._same_type(node, "Sub", (b, a))

    def on_mm(self, node: fx.Node, a: Any, b: Any) -> str:
        return str(self.graph.op("MatMul", self.value(a), self.value(b)))

    def on_addmm(self, node: fx.Node, bias: Any, a: Any, b: Any) -> str:
        return str(self.graph.op("Add", self.on_mm(node, a, b), self.value(bias)))

    def on_where(self, node: fx.Node, condition: Any, a: Any, b: Any) -> str:
        dtype = _type(node)
        return str(self.graph.op("Where", self.value(condition), self.value(a, dtype), self.value(b, dtype)))

    def on_clamp(self, node: fx.Node, a: Any, low: Any = None, high: Any = None) -> str:
        bounds = ["" if bound is None else self.value(bound, _type(node)) for bound in (low, high)]
        return str(self.graph.op("Clip", self.value(a), *bounds))

    def on_clamp_min(self, node: fx.Node, a: Any, low: Any) -> str:
        return self.on_clamp(node, a, low)

    def on_logical_and(self, node: fx.Node, a: Any, b: Any) -> str:
        return str(self.graph.op("And", self.value(a), self.value(b)))

    def on_logical_or(self, node: fx.Node, a: Any, b: Any) -> str:
        return str(self.graph.op("Or", self.value(a), self.value(b)))

    def on_split(self, node: fx.Node, a: Any, size: int, dim: int = 0) -> list[str]:
        total = _shape(a)[dim]
        return self.on_split_with_sizes(node, a, [min(size, total - k) for k in range(0, total, size)], dim)

    def on_split_with_sizes(self, node: fx.Node, a: Any, sizes: Sequence[int], dim: int = 0) -> list[str]:
        value, count = self.value(a), len(sizes)
        parts = self.graph.op("Split", value, self.graph.constant(list(sizes)), outputs=count, axis=dim)
        return [parts] if count == 1 else list(parts)

    on_unsafe_split, on_unsafe_split_with_sizes = on_split, on_split_with_sizes

    def on_slice(self, node: fx.Node, a: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> str:
        size = _shape(a)[dim]
        first, last = _place(start, 0, size), _place(end, size, size)
        if step != 1:
            raise OnnxError("a slice with a step other than 1 in a cell's step has no ONNX form here")
        return self.value(a) if (first, last) == (0, size) else self.graph.slice(self.value(a), dim, first, last)

    def on_select(self, node: fx.Node, a: Any, dim: int, place: int) -> str:
        return str(self.graph.op("Gather", self.value(a), self.graph.constant(place), axis=dim))

    def on_cat(self, node: fx.Node, parts: Sequence[Any], dim: int = 0) -> str:
        return str(self.graph.op("Concat", *[self.value(part) for part in parts], axis=dim))

    def on_unsqueeze(self, node: fx.Node, a: Any, dim: int) -> str:
        return str(self.graph.op("Unsqueeze", self.value(a), self.graph.constant([dim])))

    def on_squeeze(self, node: fx.Node, a: Any, dim: Any) -> str:
        dims = [dim] if isinstance(dim, int) else list(dim)
        return str(self.graph.op("Squeeze", self.value(a), self.graph.constant(dims)))

    def on_view(self, node: fx.Node, a: Any, sizes: Sequence[int]) -> str:
        # Only the first size may depend on the number of rows: they, or rows times columns. It takes what is left.
        return self.graph.reshape(self.value(a), -1, *list(sizes)[1:])

    on_reshape = on__unsafe_view = on_view

    def on_expand(self, node: fx.Node, a: Any, sizes: Sequence[int]) -> str:
        if list(sizes) != list(_shape(a)):
            raise OnnxError("an expansion in a cell's step has no ONNX form here; let the operators broadcast")
        return self.value(a)

    def on_mean(self, node: fx.Node, a: Any, dims: Sequence[int], keepdim: bool = False, **_: Any) -> str:
        return str(self.graph.op("ReduceMean", self.value(a), axes=list(dims), keepdims=int(keepdim)))

    def on_sum(self, node: fx.Node, a: Any, dims: Sequence[int], keepdim: bool = False, **_: Any) -> str:
        axes = self.graph.constant(list(dims))
        return str(self.graph.op("ReduceSum", self.value(a), axes, keepdims=int(keepdim)))

    def on__softmax(self, node: fx.Node, a: Any, dim: int, half_to_float: bool) -> str:
        return str(self.graph.op("Softmax", self.value(a), axis=dim))

    def on_native_layer_norm(
        self, node: fx.Node, a: Any, sizes: Sequence[int], scale: Any, bias: Any, eps: float
    ) -> list[str]:
        given = torch.ones(list(sizes)) if scale is None else scale
        inputs = [self.value(a), self.value(given)] + ([] if bias is None else [self.value(bias)])
        return [self.graph.op("LayerNormalization", *inputs, axis=-len(sizes), epsilon=eps)]

    def on_log_sigmoid_forward(self, node: fx.Node, a: Any) -> list[str]:
        below = self.graph.op("Softplus", self.graph.op("Neg", self.value(a)))  # log(1 + exp(-a))
        return [self.graph.op("Neg", below)]

    def on__to_copy(self, node: fx.Node, a: Any, **_: Any) -> str:
        return self.graph.cast(self.value(a), _name(_type(node)))

    def on_zeros_like(self, node: fx.Node, a: Any, **_: Any) -> str:
        return str(self.graph.op("Mul", self.value(a), self.graph.constant(0, _name(_type(a)))))

    def on_ones_like(self, node: fx.Node, a: Any, **_: Any) -> str:
        return str(self.graph.op("Add", self.on_zeros_like(node, a), self.graph.constant(1, _name(_type(a)))))


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _type(node: Any) -> torch.dtype:
    return node.meta["tensor_meta"].dtype


def _shape(node: Any) -> torch.Size:
    return node.meta["tensor_meta"].shape


def _place(place: Any, default: int, size: int) -> int:
    if place is None:
        return default
    return max(0, place + size) if place < 0 else min(place, size)


def trace_step(step: Step, input_size: int, state_sizes: Sequence[int], batch: int = BATCH) -> fx.GraphModule:
    """Trace a step for inputs (batch, input_size) and states (batch, size)."""

    def flat(x: Tensor, *state: Tensor) -> list[Tensor]:
        return list(step(x, list(state)))

    examples = [torch.randn(batch, input_size), *[torch.randn(batch, size) for size in state_sizes]]
    with torch.no_grad():
        traced: fx.GraphModule = make_fx(flat)(*examples)
        traced.graph.eliminate_dead_code()
        ShapeProp(traced).propagate(*examples)
    return traced


def add_step(
    graph: Graph, step: Step, names: dict[int, str], inputs: Sequence[str], input_size: int, state_sizes: Sequence[int]
) -> list[str]:
    """Add the nodes of one step.

    Args:
        graph: where they go.
        step: takes (B, input_size) and the states (B, size); returns the states.
        names: of its parameters in the file, by identity.
        inputs: the values of input and states.
        input_size: features of the input.
        state_sizes: of each state.

    Returns:
        The values of the states after the step.

    Raises:
        OnnxError: an operator has no ONNX form here, or the step depends on the number of rows.
    """
    again = Graph()
    once = StepConverter(Graph(), dict(names), BATCH)
    other = StepConverter(again, dict(names), BATCH + 2)
    probe = [f"input_{k}" for k in range(len(inputs))]
    traced = trace_step(step, input_size, state_sizes)
    once.convert(traced, probe)
    other.convert(trace_step(step, input_size, state_sizes, BATCH + 2), probe)
    if [str(node) for node in once.graph.nodes] != [str(node) for node in again.nodes]:
        raise OnnxError("a cell's step depends on the number of rows, which ONNX leaves open")
    return StepConverter(graph, dict(names), BATCH).convert(traced, inputs)


def parameter_names(module: nn.Module, prefix: str) -> dict[int, str]:
    """Return the names of a module's parameters and buffers, by identity."""
    dot = f"{prefix}." if prefix else ""
    named = [*module.named_parameters(), *module.named_buffers()]
    return {id(tensor): dot + name for name, tensor in named}
