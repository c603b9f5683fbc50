"""Initialisation schemes. A scheme is a function that fills one block in place. It is told the role of the block:

- "input": a gate's (hidden, input) block of `weight_ih`
- "recurrent": a gate's (hidden, hidden or proj) block of `weight_hh`
- "projection": `weight_hr` (proj, hidden)
- "linear": the (out, in) weight of a head
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from zoo.errors import RegistrationError
from zoo.init.options import InitError

Role = Literal["input", "recurrent", "projection", "linear"]
Scheme = Callable[[Tensor, Role, torch.Generator | None], None]

_schemes: dict[str, Scheme] = {}


def register_init(name: str) -> Callable[[Scheme], Scheme]:
    """Return a decorator that registers a scheme under a name.

    Raises:
        RegistrationError: the name is taken.
    """

    def add(scheme: Scheme) -> Scheme:
        if name in _schemes:
            raise RegistrationError(f"initialisation {name!r} is registered already; choose another name")
        _schemes[name] = scheme
        return scheme

    return add


def list_inits() -> list[str]:
    """Return the names of all schemes, sorted."""
    return sorted(_schemes)


def find_scheme(name: str) -> Scheme:
    """Return the scheme of a name.

    Raises:
        InitError: no such scheme.
    """
    if name not in _schemes:
        raise InitError(f"no initialisation is called {name!r}; there are {', '.join(list_inits())}")
    return _schemes[name]


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
