"""Convolutions over the steps, each as one product of a step and those around it, summed in float64.

As in `zoo.models.convolution`; ONNX Runtime has no convolution in float64.
"""

from __future__ import annotations

from typing import Any

from zoo.models.convolution import CausalConvolutions, CentredConvolutions
from zoo.onnx_export.graph import Graph, OnnxError
from zoo.onnx_export.steps import add_axis, arange, last_steps, mask_padding


def unfold(graph: Graph, joined: str, count: str, hop: int, size: int) -> str:
    """Return windows (B, T, size, ...) of (B, N, ...): window t begins at t * hop; `count` is T, int64 (1,)."""
    starts = add_axis(graph, graph.op("Mul", arange(graph, count), graph.constant(hop)), 1)  # (T, 1)
    places = graph.op("Add", starts, graph.constant([list(range(size))]))  # (T, size)
    return str(graph.op("Gather", joined, places, axis=1))


def add_causal_convolution(
    graph: Graph, name: str, module: Any, input: str, lengths: str, tail: str
) -> tuple[str, str]:
    """Add a convolution over a step and those before it: (B, T, I) and the tail (reach, B, I) to (B, T, channels)."""
    before = graph.op("Transpose", tail, perm=[1, 0, 2])  # (B, reach, I)
    joined = graph.op("Concat", before, input, axis=1)  # (B, reach + T, I)
    output = _convolve(graph, f"{name}.convolution", module.convolution, joined, input)
    kept = last_steps(graph, joined, lengths, module.reach)
    return output, str(graph.op("Transpose", kept, perm=[1, 0, 2]))


def _convolve(graph: Graph, name: str, convolution: Any, around: str, input: str) -> str:
    """Add the products and relu for as many windows of `around` as `input` has steps."""
    size = convolution.kernel_size[0]
    windows = unfold(graph, around, graph.size(input, 1), 1, size)  # (B, T, size, I)
    flat = graph.reshape(windows, 0, 0, size * convolution.in_channels)
    weight = convolution.weight.detach().double().permute(2, 1, 0).flatten(0, 1)  # (size * I, channels)
    product = graph.op("MatMul", graph.cast(flat, "float64"), graph.weight(f"{name}.weight", weight))
    total = graph.op("Add", product, graph.weight(f"{name}.bias", convolution.bias.detach().double()))
    return str(graph.op("Relu", graph.cast(total, "float32")))


def add_convolutions(
    graph: Graph, name: str, module: Any, input: str, lengths: str, tails: list[str]
) -> tuple[str, list[str]]:
    """Add the convolutions of a CNN-LSTM, one after the other.

    Args:
        graph: where they go.
        name: of the module.
        module: causal ones, or centred ones, which have no tails.
        input: (B, T, I), 0 at padded steps.
        lengths: int64 (B,).
        tails: of each causal one, (reach, B, features).

    Returns:
        The output (B, T, channels), and the new tails.
    """
    if isinstance(module, CausalConvolutions):
        made = []
        for k, stage in enumerate(module.stages):
            input, tail = add_causal_convolution(graph, f"{name}.stages.{k}", stage, input, lengths, tails[k])
            made.append(tail)
        return input, made
    if not isinstance(module, CentredConvolutions):
        raise OnnxError(f"{name} is {type(module).__name__}, which has no ONNX form here")
    for k, centred in enumerate(module.stages):
        reach: Any = centred.reach
        masked = mask_padding(graph, input, lengths)
        around = graph.op("Pad", masked, graph.constant([0, reach, 0, 0, reach, 0]))  # (B, reach + T + reach, I)
        input = _convolve(graph, f"{name}.stages.{k}.convolution", centred.convolution, around, input)
    return input, []
