"""Initial weights for every layer of a module. A stacked (gates * hidden, n) weight is filled gate by gate."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn

from zoo.init.biases import check_biases, fill_bias_, fill_gate_biases_
from zoo.init.layers import cell_spec, find_cell, gate_blocks, has_recurrent_matrix
from zoo.init.options import Init, InitError, check_seed, to_options
from zoo.init.schemes import Role, find_scheme

# They give a square block a form of its own, where others only draw numbers.
FORMS = ("orthogonal", "identity")


@torch.no_grad()
def init_weights_(
    module: nn.Module,
    init: str | Init = "uniform",
    *,
    seed: int | None = None,
    zero_bias: bool | None = None,
    forget_bias: float | None = None,
) -> nn.Module:
    """Initialise every recurrent and linear layer of a module in place; embeddings become N(0, 1).

    Args:
        module: any module; layers of other types stay as they are.
        init: the name of a scheme, or an `Init` with options.
        seed: makes the result repeatable, without using the global generator; None draws from the global one.
        zero_bias, forget_bias: as in `Init`, whose values they replace.

    Returns:
        The module.

    Raises:
        InitError: the scheme does not exist, the layers cannot take the scheme or an option, or a value is wrong.
    """
    options = to_options(init)
    if zero_bias is not None:
        options = dataclasses.replace(options, zero_bias=zero_bias)
    if forget_bias is not None:
        options = dataclasses.replace(options, forget_bias=forget_bias)
    find_scheme(options.scheme)
    _check_options(module, options)
    generator = None if seed is None else torch.Generator().manual_seed(check_seed(seed))
    for layer in module.modules():
        if find_cell(layer) is not None:
            _init_recurrent_(layer, options, generator)
        elif isinstance(layer, nn.Linear):
            _init_linear_(layer, options, generator)
        elif isinstance(layer, nn.Embedding):
            nn.init.normal_(layer.weight, generator=generator)
            if layer.padding_idx is not None:
                layer.weight[layer.padding_idx] = 0.0
    _override_(module, options, generator)
    return module


def _check_options(module: nn.Module, options: Init) -> None:
    layers = [layer for layer in module.modules() if find_cell(layer) is not None]
    gated = sorted({type(layer).__name__ for layer in layers if cell_spec(layer).num_gates > 1})
    own_past = sorted({type(layer).__name__ for layer in layers if not has_recurrent_matrix(layer)})
    if options.scheme == "identity" and own_past:
        raise InitError(f"init 'identity' needs a recurrent matrix, and {', '.join(own_past)} has none: use 'kaiming'")
    if options.scheme == "identity" and gated:
        raise InitError(
            f"init 'identity' is for nn.RNN, which then keeps its state from step to step; got {', '.join(gated)}: "
            "use 'orthogonal' for gated layers"
        )
    check_biases(layers, options)


def _role(name: str) -> Role | None:
    """Return the role of a recurrent layer's parameter, or None where the layer itself gives it a start."""
    roles: dict[str, Role] = {"weight_ih": "input", "weight_hh": "recurrent", "weight_hr": "projection"}
    return next((role for prefix, role in roles.items() if name.startswith(prefix)), None)


def _blocks(layer: Any, name: str, weight: Tensor, scheme: str) -> Iterator[tuple[Tensor, Role]]:
    """Yield the parts of a recurrent layer's weight that a scheme fills one by one, with their roles."""
    role = _role(name)
    assert role is not None
    if role == "projection":
        yield weight, role
    elif role == "recurrent" and scheme in FORMS and hasattr(layer, "recurrent_blocks"):
        for block, own in layer.recurrent_blocks():
            yield block, role if own else "input"
    else:
        for block in gate_blocks(layer, weight):
            yield block, role


def _init_recurrent_(layer: Any, options: Init, generator: torch.Generator | None) -> None:
    bound = 1.0 / math.sqrt(layer.hidden_size)
    for name, parameter in layer.named_parameters(recurse=False):
        if _role(name) is not None:
            for block, role in _blocks(layer, name, parameter, options.scheme):
                find_scheme(options.scheme)(block, role, generator)
        elif name.startswith("bias"):
            fill_bias_(parameter, bound, options, generator)
            fill_gate_biases_(layer, name, parameter, options, generator)


def _init_linear_(layer: nn.Linear, options: Init, generator: torch.Generator | None) -> None:
    find_scheme(options.scheme)(layer.weight, "linear", generator)
    if layer.bias is not None:
        fill_bias_(layer.bias, 1.0 / math.sqrt(layer.in_features), options, generator)


def _override_(module: nn.Module, options: Init, generator: torch.Generator | None) -> None:
    """Fill the parameters whose names have a pattern."""
    for pattern, start in options.overrides.items():
        found = False
        for place, layer in module.named_modules():
            for name, parameter in layer.named_parameters(recurse=False):
                if fnmatchcase(f"{place}.{name}".lstrip("."), pattern) or fnmatchcase(name, pattern):
                    found = True
                    _fill_(layer, name, parameter, pattern, start, generator)
        if not found:
            names = ", ".join(sorted({name for name, _ in module.named_parameters()})[:8])
            raise InitError(f"no parameter has the pattern {pattern!r} of overrides; the first names are {names}")


def _fill_(
    layer: nn.Module, name: str, parameter: Tensor, pattern: str, start: str | float, generator: torch.Generator | None
) -> None:
    if not isinstance(start, str):
        nn.init.constant_(parameter, float(start))
        return
    scheme = find_scheme(start)
    if find_cell(layer) is not None and _role(name) is not None:
        for block, role in _blocks(layer, name, parameter, start):
            scheme(block, role, generator)
    elif parameter.dim() == 2:
        scheme(parameter, "linear", generator)
    else:
        raise InitError(
            f"overrides[{pattern!r}] is the scheme {start!r}, which fills matrices, and {name} has the shape "
            f"{list(parameter.shape)}; give a number"
        )
