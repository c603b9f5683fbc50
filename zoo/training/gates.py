"""The gates of recurrent layers on real input. A layer whose gates are all near 0 or 1 no longer learns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from zoo.config.cells import CELLS

Recorder = Callable[[nn.RNNBase, tuple[Any, ...], Any], None]  # a forward hook
# Enough for a histogram.
MAX_ROWS, MAX_STEPS = 8, 100


@torch.no_grad()
def record_gates(model: nn.Module, input: Tensor, lengths: Tensor | None = None) -> dict[str, Tensor]:
    """Run a model on a few rows and return what the gates of each recurrent layer's first level were.

    Args:
        model: keeps the contract of `zoo.models`, batch first.
        input: a batch; its first rows are taken.
        lengths: of the rows, or None.

    Returns:
        "layer.gate" to values, flat.
    """
    found: dict[str, Tensor] = {}
    hooks = [
        module.register_forward_hook(_recorder(name, found))
        for name, module in model.named_modules()
        if isinstance(module, nn.RNNBase)
    ]
    training = model.training
    model.eval()
    try:
        model(input[:MAX_ROWS], None if lengths is None else lengths[:MAX_ROWS])
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    return found


def _recorder(name: str, found: dict[str, Tensor]) -> Recorder:
    def record(layer: nn.RNNBase, inputs: tuple[Any, ...], output: Any) -> None:
        steps = inputs[0]
        if isinstance(steps, PackedSequence):
            steps = pad_packed_sequence(steps, batch_first=True)[0]
        for gate, values in first_level_gates(layer, steps[:MAX_ROWS, :MAX_STEPS].float()).items():
            found[f"{name}.{gate}"] = values.flatten()

    return record


def first_level_gates(layer: Any, input: Tensor) -> dict[str, Tensor]:
    """Return the gates (B, T, H) of a layer's first level, forward direction, from the zero state.

    Args:
        layer: an `nn.LSTM`, `nn.GRU` or `nn.RNN` without projection.
        input: (B, T, I).
    """
    if layer.proj_size:
        return {}
    names = CELLS[layer.mode.partition("_")[0].lower()].gate_names
    w_ih, w_hh = layer.weight_ih_l0, layer.weight_hh_l0
    x = input @ w_ih.T + (layer.bias_ih_l0 if layer.bias else 0)  # (B, T, gates * H)
    h = c = input.new_zeros(input.size(0), layer.hidden_size)
    steps = []
    for t in range(input.size(1)):
        u = h @ w_hh.T + (layer.bias_hh_l0 if layer.bias else 0)
        a, b = x[:, t].chunk(len(names), 1), u.chunk(len(names), 1)
        if layer.mode == "LSTM":
            i, f, o = (torch.sigmoid(a[k] + b[k]) for k in (0, 1, 3))
            g = torch.tanh(a[2] + b[2])
            c = f * c + i * g
            h = o * torch.tanh(c)
            gates = [i, f, g, o]
        elif layer.mode == "GRU":
            r, z = torch.sigmoid(a[0] + b[0]), torch.sigmoid(a[1] + b[1])
            n = torch.tanh(a[2] + r * b[2])
            h = (1 - z) * n + z * h
            gates = [r, z, n]
        else:
            h = torch.relu(a[0] + b[0]) if layer.mode == "RNN_RELU" else torch.tanh(a[0] + b[0])
            gates = [h]
        steps.append(torch.stack(gates))
    stacked = torch.stack(steps, dim=2)  # (gates, B, T, H)
    return dict(zip(names, stacked, strict=True))
