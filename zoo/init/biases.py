"""Initial biases: zeros or PyTorch's own, the forget gate's, and those that follow from a range of time scales."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from zoo.init.layers import cell_spec, forget_gates, gate_blocks, keeping_gates
from zoo.init.options import Init, InitError


def check_biases(layers: list[Any], options: Init) -> None:
    """Refuse options for gates or biases that none of the recurrent layers has."""
    if options.start_of_forget is not None:
        name = "unit_forget" if options.unit_forget else "forget_bias"
        gated = [layer for layer in layers if forget_gates(layer)]
        if not gated:
            raise InitError(f"{name} needs an LSTM; the module has none")
        if not all(layer.bias for layer in gated):
            raise InitError(f"{name} needs bias=True; the module has an LSTM without biases")
    if options.chrono is not None:
        gated = [layer for layer in layers if keeping_gates(layer)]
        if not gated:
            raise InitError("chrono needs an LSTM or GRU, whose gates keep the state; the module has none")
        if not all(layer.bias for layer in gated):
            raise InitError("chrono needs bias=True; the module has an LSTM or GRU without biases")


def fill_bias_(bias: Tensor, bound: float, options: Init, generator: torch.Generator | None) -> None:
    """Fill a bias with 0, or uniform in +-bound."""
    if options.zero_bias or options.unit_forget:
        nn.init.zeros_(bias)
    else:
        nn.init.uniform_(bias, -bound, bound, generator=generator)


def fill_gate_biases_(
    layer: nn.Module, name: str, bias: Tensor, options: Init, generator: torch.Generator | None
) -> None:
    """Set the biases of the gates that forget or keep, in one stacked bias of a recurrent layer."""
    if cell_spec(layer).num_gates == 1:
        return
    blocks = list(gate_blocks(layer, bias))
    first_of_two = name.startswith("bias_ih")
    if options.start_of_forget is not None:
        for k in forget_gates(layer):
            blocks[k].fill_(options.start_of_forget if first_of_two else 0.0)
    if options.chrono is not None and keeping_gates(layer):
        scale = torch.zeros_like(blocks[0])
        if first_of_two:
            scale.uniform_(1.0, max(1.0, options.chrono - 1.0), generator=generator).log_()
        for k in keeping_gates(layer):
            blocks[k].copy_(scale)
        names = cell_spec(layer).gate_names
        if forget_gates(layer) and "input" in names:
            blocks[names.index("input")].copy_(-scale)
