"""The segment forecaster: segments cut from the end, one GRU over them, and one step of it for each future segment."""

from __future__ import annotations

from typing import Any

from zoo.onnx_export.features import add_linear
from zoo.onnx_export.graph import Graph
from zoo.onnx_export.stacks import add_stack
from zoo.onnx_export.steps import add_axis, arange, drop_axis, gather_steps, last_steps


def add_segment_forecaster(graph: Graph, module: Any, input: str, lengths: str) -> tuple[str, list[str]]:
    """Add (B, T, C) to forecasts (B, horizon, C), and the state h (1, B, C, H)."""
    variables, size = module.num_variables, module.segment_size
    std = graph.weight("front_end.std", module.front_end.std)
    counts = graph.op(
        "Max", graph.op("Div", lengths, graph.constant(size)), graph.constant(1)
    )  # segments of each row (B,)
    moves, last = _cut(graph, module, input, lengths, counts, std)
    rows = graph.op("Transpose", moves, perm=[0, 2, 1])  # (B, C, N * S)
    segments = graph.op(
        "Reshape", rows, graph.op("Concat", _rows(graph, input, variables), graph.constant([-1, size]), axis=0)
    )
    encoded = graph.op("Relu", add_linear(graph, "embedding", module.embedding, segments))  # (B * C, N, H)
    hidden = module.recurrence.hidden_size
    all_rows = _rows(graph, input, variables)
    start = _expand_zero(graph, graph.op("Concat", graph.constant([1]), all_rows, graph.constant([hidden]), axis=0))
    _, final = add_stack(graph, "recurrence", module.recurrence, encoded, _repeat(graph, counts, variables), [start])
    ahead = _decode(graph, module, final[0], all_rows)  # (B, C, segments ahead * S)
    forecast = graph.op("Transpose", ahead, perm=[0, 2, 1])  # (B, horizon, C)
    steps = graph.op("Mul", counts, graph.constant(size))
    if module.highway is not None:
        forecast = graph.op("Add", forecast, _add_highway(graph, module.highway, moves, steps))
    if module.seasonal_mean is not None:
        share = module.seasonal_share
        seasonal = _add_seasonal_mean(graph, module.seasonal_mean, moves, steps)
        learned = graph.op("Mul", forecast, graph.constant(1.0 - share, "float32"))
        forecast = graph.op("Add", learned, graph.op("Mul", seasonal, graph.constant(share, "float32")))
    state = graph.reshape(final[0], 1, -1, variables, hidden)
    return str(graph.op("Add", graph.op("Mul", forecast, std), last)), [state]


def _rows(graph: Graph, input: str, variables: int) -> str:
    """Return B * C, int64 (1,)."""
    return str(graph.op("Mul", graph.size(input, 0), graph.constant([variables])))


def _repeat(graph: Graph, values: str, times: int) -> str:
    """Return (B,) as (B * times,), each value several times over."""
    wide = graph.op("Mul", add_axis(graph, values, 1), graph.constant([[1] * times]))  # (B, times)
    return graph.reshape(wide, -1)


def _expand_zero(graph: Graph, shape: str) -> str:
    return str(graph.op("Expand", graph.constant(0.0, "float32"), shape))


def _cut(graph: Graph, module: Any, values: str, lengths: str, counts: str, std: str) -> tuple[str, str]:
    """Return standardised differences from the last value (B, N * S, C), and that value (B, 1, C)."""
    zero, one, size = graph.constant(0), graph.constant(1), graph.constant(module.segment_size)
    longest = graph.op("Mul", graph.op("ReduceMax", counts, keepdims=0), size)
    steps = add_axis(graph, arange(graph, add_axis(graph, longest, 0)), 0)  # (1, N * S)
    first = graph.op("Sub", lengths, graph.op("Mul", counts, size))
    place = graph.op("Add", add_axis(graph, first, 1), steps)  # (B, N * S)
    inside = graph.op("And", graph.op("GreaterOrEqual", place, zero),
                      graph.op("Less", place, add_axis(graph, lengths, 1)))  # fmt: skip
    most = graph.op("Sub", drop_axis(graph, graph.size(values, 1), 0), one)
    index = graph.op("Min", graph.op("Max", place, zero), most)
    end = add_axis(graph, graph.op("Max", graph.op("Sub", lengths, one), zero), 1)  # (B, 1)
    empty = graph.op("Equal", add_axis(graph, add_axis(graph, lengths, 1), 2), zero)  # (B, 1, 1)
    mean = graph.weight("front_end.mean", module.front_end.mean)
    last = graph.op("Where", empty, mean, gather_steps(graph, values, end))
    moves = graph.op("Div", graph.op("Sub", gather_steps(graph, values, index), last), std)
    return str(graph.op("Where", add_axis(graph, inside, 2), moves, graph.constant(0.0, "float32"))), str(last)


def _decode(graph: Graph, module: Any, h: str, all_rows: str) -> str:
    """Run one step of the same GRU from h (1, B * C, H) for each future segment."""
    count, variables, hidden = module.num_segments, module.num_variables, module.recurrence.hidden_size
    code = graph.weight("code", module._code().detach().flatten(0, 1).unsqueeze(1))  # (C * segments, 1, H)
    total = graph.op("Mul", all_rows, graph.constant([count]))  # B * C * segments
    batch = graph.op("Div", all_rows, graph.constant([variables]))
    steps = graph.op(
        "Tile", code, graph.op("Concat", batch, graph.constant([1, 1]), axis=0)
    )  # (B * C * segments, 1, H)
    wide = graph.op("Expand", graph.reshape(h, -1, 1, hidden), graph.constant([1, count, hidden]))
    start = graph.reshape(wide, 1, -1, hidden)  # (1, B * C * segments, H)
    ones = graph.op("Expand", graph.constant(1), total)
    ahead, _ = add_stack(graph, "recurrence", module.recurrence, steps, ones, [start])  # (B * C * segments, 1, H)
    return graph.reshape(add_linear(graph, "head", module.head, ahead), -1, variables, count * module.segment_size)


def _last_periods(graph: Graph, module: Any, input: str, steps: str) -> str:
    """Return the last steps of each row, period by period: (B, N * S, C) to (B, periods, period, C)."""
    pads = graph.constant([0, module.window, 0, 0, 0, 0])
    last = last_steps(graph, graph.op("Pad", input, pads), steps, module.window)  # (B, window, C)
    shape = graph.constant([module.window // module.period, module.period, -1])
    return str(graph.op("Reshape", last, graph.op("Concat", graph.size(last, 0), shape, axis=0)))


def _add_highway(graph: Graph, module: Any, input: str, steps: str) -> str:
    """Add the weighted sums of the last periods: (B, N * S, C) to (B, horizon, C)."""
    turned = graph.op("Transpose", _last_periods(graph, module, input, steps), perm=[0, 2, 3, 1])  # (B, period, C, P)
    product = graph.op("MatMul", turned, graph.weight("highway.weight.T", module.weight.detach().T))  # (.., ahead)
    back = graph.op("Transpose", product, perm=[0, 3, 1, 2])  # (B, ahead, period, C)
    shape = graph.op("Concat", graph.size(input, 0), graph.constant([-1]), graph.size(input, 2), axis=0)
    return str(graph.op("Reshape", back, shape))


def _add_seasonal_mean(graph: Graph, module: Any, input: str, steps: str) -> str:
    """Add the mean of the same position in the last whole periods: (B, N * S, C) to (B, horizon, C)."""
    periods = module.window // module.period
    split = _last_periods(graph, module, input, steps)  # (B, P, period, C)
    whole = graph.op("Min", graph.op("Div", steps, graph.constant(module.period)), graph.constant(periods))  # (B,)
    place = graph.constant([list(range(periods, 0, -1))])  # (1, P): 1 is the latest
    inside = graph.op("LessOrEqual", place, add_axis(graph, whole, 1))  # (B, P)
    shares = graph.op("Unsqueeze", graph.cast(inside, "float32"), graph.constant([2, 3]))
    total = graph.op("ReduceSum", graph.op("Mul", split, shares), graph.constant([1]), keepdims=0)  # (B, period, C)
    count = graph.cast(graph.op("Max", whole, graph.constant(1)), "float32")
    mean = graph.op("Div", total, graph.op("Unsqueeze", count, graph.constant([1, 2])))
    return str(graph.op("Tile", mean, graph.constant([1, module.repeats, 1])))
