"""The spectral radius of each recurrent block: above 1 a linear recurrence would explode, far below 1 it forgets."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from zoo.init.layers import cell_spec, find_cell, gate_blocks


@torch.no_grad()
def spectral_radii(model: nn.Module) -> dict[str, float]:
    """Return the largest absolute eigenvalue of each recurrent block, (H, H), as "layer.gate".

    With a projection, the block is that of h before it, weight_hh weight_hr. A cell whose units see their own past
    only has a vector `recurrence`; its eigenvalues are the vector's elements. A cell with clocks has a block for each,
    "layer.clock_0" and so on.

    Args:
        model: an eager float model.
    """
    return {name: _radius(block) for module, layer in model.named_modules() for name, block in _blocks(module, layer)}


def _blocks(name: str, layer: Any) -> list[tuple[str, Tensor]]:
    if find_cell(layer) is None:
        return []
    own = dict(layer.named_parameters(recurse=False))
    prefix = f"{name}." if name else ""
    found = []
    if hasattr(layer, "recurrent_blocks"):
        squares = [block for block, own_past in layer.recurrent_blocks() if own_past]
        return [(f"{prefix}clock_{k}", block) for k, block in enumerate(squares)]
    for key, weight in own.items():
        if key == "recurrence":
            found.append((f"{prefix}recurrence", weight.diag()))
        elif key.startswith("weight_hh"):
            part = key.removeprefix("weight_hh").removeprefix("_")  # l0_reverse, or nothing for a cell
            projection = own.get(key.replace("weight_hh", "weight_hr"))
            for gate, block in zip(cell_spec(layer).gate_names, gate_blocks(layer, weight), strict=True):
                whole = block if projection is None else block @ projection
                found.append((f"{prefix}{part}{'.' if part else ''}{gate}", whole))
    return found


def _radius(block: Tensor) -> float:
    return float(torch.linalg.eigvals(block.double().cpu()).abs().max())
