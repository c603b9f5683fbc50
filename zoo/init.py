"""Initialisation schemes. They fill a weight gate by gate, never a stacked (gates * hidden, n) weight as one matrix.

A scheme is a function that fills one block in place. It is told the role of the block:

- "input": a gate's (hidden, input) block of `weight_ih`
- "recurrent": a gate's (hidden, hidden or proj) block of `weight_hh`
- "projection": `weight_hr` (proj, hidden)
- "linear": the (out, in) weight of a head
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from zoo.config.cells import CELLS, CellSpec, find_cell_spec
from zoo.errors import ZooError

Role = Literal["input", "recurrent", "projection", "linear"]
Scheme = Callable[[Tensor, Role, torch.Generator | None], None]

RECURRENT_LAYERS = (nn.RNNBase, nn.RNNCellBase)


@dataclass(frozen=True)
class Init:
    """How weights are initialised.

    Args:
        scheme: a registered name; see `list_inits`.
        zero_bias: start all biases at 0; otherwise they are uniform in +-1/sqrt(hidden_size), as in PyTorch.
        forget_bias: the sum of the two biases of the forget gate, for the LSTM only (Jozefowicz et al. 2015 advise 1).
            It is set in `bias_ih`; the part in `bias_hh` is 0.
    """

    scheme: str = "uniform"
    zero_bias: bool = False
    forget_bias: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class InitError(ZooError, ValueError):
    """A scheme that does not exist, or one that the layers cannot take."""


_schemes: dict[str, Scheme] = {}


def register_init(name: str) -> Callable[[Scheme], Scheme]:
    """Return a decorator that registers a scheme under a name.

    Raises:
        ValueError: the name is taken.
    """

    def add(scheme: Scheme) -> Scheme:
        if name in _schemes:
            raise ValueError(f"initialisation {name!r} is registered already; choose another name")
        _schemes[name] = scheme
        return scheme

    return add


def list_inits() -> list[str]:
    """Return the names of all schemes, sorted."""
    return sorted(_schemes)


@register_init("uniform")
def uniform_(block: Tensor, role: Role, generator: torch.Generator | None) -> None:
    """PyTorch's own: uniform in +-1/sqrt(hidden_size), for a linear layer in +-1/sqrt(fan in)."""
    hidden = {"input": 0, "recurrent": 0, "projection": 1, "linear": 1}[role]
    bound = 1.0 / math.sqrt(block.size(hidden))
    nn.init.uniform_(block, -bound, bound, generator=generator)


@register_init("xavier_uniform")
def xavier_uniform_(block: Tensor, role: Role, generator: torch.Generator | None) -> None:
    """Variance 2 / (fan in + fan out), uniform (Glorot and Bengio 2010, eq. 16)."""
    nn.init.xavier_uniform_(block, generator=generator)


@register_init("xavier_normal")
def xavier_normal_(block: Tensor, role: Role, generator: torch.Generator | None) -> None:
    """Variance 2 / (fan in + fan out), normal (Glorot and Bengio 2010)."""
    nn.init.xavier_normal_(block, generator=generator)


@register_init("orthogonal")
def orthogonal_(block: Tensor, role: Role, generator: torch.Generator | None) -> None:
    """Recurrent blocks are orthogonal (Saxe et al. 2013), all others Xavier uniform."""
    if role == "recurrent":
        nn.init.orthogonal_(block, generator=generator)
    else:
        nn.init.xavier_uniform_(block, generator=generator)


@register_init("identity")
def identity_(block: Tensor, role: Role, generator: torch.Generator | None) -> None:
    """Recurrent blocks are the identity, input blocks normal with deviation 0.001 (IRNN, Le et al. 2015)."""
    if role == "recurrent":
        nn.init.eye_(block)
    elif role == "input":
        nn.init.normal_(block, std=1e-3, generator=generator)
    else:
        nn.init.xavier_uniform_(block, generator=generator)


@register_init("kaiming")
def kaiming_(block: Tensor, role: Role, generator: torch.Generator | None) -> None:
    """Variance 2 / fan in, normal (He et al. 2015, eq. 10)."""
    nn.init.kaiming_normal_(block, nonlinearity="relu", generator=generator)


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
        ValueError: the scheme does not exist, or the layers cannot take the scheme or an option.
    """
    options = Init(init) if isinstance(init, str) else init
    if zero_bias is not None:
        options = Init(options.scheme, zero_bias, options.forget_bias)
    if forget_bias is not None:
        options = Init(options.scheme, options.zero_bias, forget_bias)
    if options.scheme not in _schemes:
        raise InitError(f"no initialisation is called {options.scheme!r}; there are {', '.join(list_inits())}")
    _check_options(module, options)
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    for layer in module.modules():
        if find_cell(layer) is not None:
            _init_recurrent_(layer, options, generator)
        elif isinstance(layer, nn.Linear):
            _init_linear_(layer, options, generator)
        elif isinstance(layer, nn.Embedding):
            nn.init.normal_(layer.weight, generator=generator)
            if layer.padding_idx is not None:
                layer.weight[layer.padding_idx] = 0.0
    return module


def find_cell(layer: nn.Module) -> str | None:
    """Return which cell a recurrent layer has, by its name; None for any other module.

    PyTorch's layers, their cells and subclasses are known by their class. Any other layer says it by an attribute
    `cell`. It then has `hidden_size`, `bias`, and weights with PyTorch's names that stack the gates.
    """
    if isinstance(layer, RECURRENT_LAYERS):
        names = (parent.__name__.removesuffix("Cell").lower() for parent in type(layer).__mro__)
        return next(name for name in names if name in CELLS)
    cell = getattr(layer, "cell", None)
    return cell if isinstance(cell, str) and find_cell_spec(cell) is not None else None


def cell_spec(layer: nn.Module) -> CellSpec:
    """Return what is known of a recurrent layer's cell."""
    spec = find_cell_spec(find_cell(layer) or "")
    assert spec is not None, "only recurrent layers have a cell"
    return spec


def gate_blocks(layer: nn.Module, weight: Tensor) -> Iterator[Tensor]:
    """Yield the rows of each gate in a stacked weight or bias, in PyTorch's gate order."""
    yield from weight.chunk(cell_spec(layer).num_gates, dim=0)


def _check_options(module: nn.Module, options: Init) -> None:
    layers = [layer for layer in module.modules() if find_cell(layer) is not None]
    gated = sorted({type(layer).__name__ for layer in layers if cell_spec(layer).num_gates > 1})
    own_past = sorted({type(layer).__name__ for layer in layers if not _has_recurrent_matrix(layer)})
    if options.scheme == "identity" and own_past:
        raise InitError(f"init 'identity' needs a recurrent matrix, and {', '.join(own_past)} has none: use 'kaiming'")
    if options.scheme == "identity" and gated:
        raise InitError(
            f"init 'identity' is for nn.RNN, which then keeps its state from step to step; got {', '.join(gated)}: "
            "use 'orthogonal' for gated layers"
        )
    if options.forget_bias is not None:
        forgetful = [layer for layer in layers if _has_forget_gate(layer)]
        if not forgetful:
            raise InitError("forget_bias needs an LSTM; the module has none")
        if not all(layer.bias for layer in forgetful):
            raise InitError("forget_bias needs bias=True; the module has an LSTM without biases")


def _has_recurrent_matrix(layer: nn.Module) -> bool:
    return any(name.startswith("weight_hh") for name, _ in layer.named_parameters(recurse=False))


def _has_forget_gate(layer: nn.Module) -> bool:
    return "forget" in cell_spec(layer).gate_names


def _init_recurrent_(layer: Any, options: Init, generator: torch.Generator | None) -> None:
    scheme = _schemes[options.scheme]
    bound = 1.0 / math.sqrt(layer.hidden_size)
    for name, parameter in layer.named_parameters(recurse=False):
        if name.startswith("weight_hr"):
            scheme(parameter, "projection", generator)
        elif name.startswith("weight"):
            role: Role = "input" if name.startswith("weight_ih") else "recurrent"
            for block in gate_blocks(layer, parameter):
                scheme(block, role, generator)
        elif name.startswith("bias"):
            _init_bias_(parameter, bound, options, generator)
            if options.forget_bias is not None and _has_forget_gate(layer):
                forget = list(gate_blocks(layer, parameter))[cell_spec(layer).gate_names.index("forget")]
                forget.fill_(options.forget_bias if name.startswith("bias_ih") else 0.0)


def _init_linear_(layer: nn.Linear, options: Init, generator: torch.Generator | None) -> None:
    _schemes[options.scheme](layer.weight, "linear", generator)
    if layer.bias is not None:
        _init_bias_(layer.bias, 1.0 / math.sqrt(layer.in_features), options, generator)


def _init_bias_(bias: Tensor, bound: float, options: Init, generator: torch.Generator | None) -> None:
    if options.zero_bias:
        nn.init.zeros_(bias)
    else:
        nn.init.uniform_(bias, -bound, bound, generator=generator)
