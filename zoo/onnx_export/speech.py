"""The backbone of speech models: frames of samples, their spectrum as one product, mel bands, a causal convolution.

As in `zoo.models.log_mel` and `zoo.models.speech`, spectrum and convolution are summed in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.onnx_export.attention import add_whole_stack
from zoo.onnx_export.convolutions import add_causal_convolution, unfold
from zoo.onnx_export.graph import Graph
from zoo.onnx_export.steps import add_axis, drop_axis, last_steps, mask_padding


def add_speech_backbone(
    graph: Graph, name: str, module: Any, input: str, lengths: str, states: list[str]
) -> tuple[str, list[str]]:
    """Add samples (B, T, hop) to features of the stack (B, T, F)."""
    input = mask_padding(graph, input, lengths)
    frames, samples_n = _add_log_mel(graph, f"{name}.log_mel", module.log_mel, input, lengths, states[0])
    features, frames_n = add_causal_convolution(
        graph, f"{name}.convolution", module.convolution, frames, lengths, states[1]
    )
    output, stack_n = add_whole_stack(graph, f"{name}.stack", module.stack, features, lengths, states[2:])
    return output, [samples_n, frames_n, *stack_n]


def spectrum_matrix(window: np.ndarray) -> np.ndarray:
    """Return (size, 2 * (size // 2 + 1)): a windowed frame times this is the real and imaginary part of each bin."""
    size = len(window)
    angles = 2.0 * np.pi * (np.arange(size)[:, None] * np.arange(size // 2 + 1)[None, :] % size) / size
    return window[:, None] * np.concatenate([np.cos(angles), -np.sin(angles)], axis=1)


def _add_log_mel(graph: Graph, name: str, module: Any, input: str, lengths: str, tail: str) -> tuple[str, str]:
    joined = graph.op(
        "Concat", drop_axis(graph, tail, 0), graph.op("Flatten", input, axis=1), axis=1
    )  # (B, reach + T * hop)
    frames = unfold(graph, joined, graph.size(input, 1), module.hop, module.window_size)  # (B, T, window_size)
    matrix = graph.weight(f"{name}.spectrum", spectrum_matrix(module.window.numpy()))
    parts = graph.op("MatMul", graph.cast(frames, "float64"), matrix)  # (B, T, 2 * bins)
    bins = module.window_size // 2 + 1
    real, imaginary = graph.op("Split", parts, graph.constant([bins, bins]), outputs=2, axis=2)
    power = graph.op("Add", graph.op("Mul", real, real), graph.op("Mul", imaginary, imaginary))
    bands = graph.op("MatMul", power, graph.weight(f"{name}.filters", module.filters))  # (B, T, num_mels)
    logarithm = graph.op("Log", graph.op("Add", bands, graph.constant(module.floor, "float64")))
    moved = graph.op("Sub", graph.cast(logarithm, "float32"), graph.weight(f"{name}.mean", module.mean))
    features = graph.op("Div", moved, graph.weight(f"{name}.std", module.std))
    samples = graph.op("Mul", lengths, graph.constant(module.hop))
    kept = last_steps(graph, add_axis(graph, joined, 2), samples, module.reach)  # (B, reach, 1)
    return features, add_axis(graph, drop_axis(graph, kept, 2), 0)
