"""Finding and loading the libraries that CMake built, and what the operators need around them."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.installation import installed_folders

if TYPE_CHECKING:
    from torch import Tensor, nn

LIBRARY_NAME = "libzoo_ops.so"


def _library_places(name: str) -> list[Path]:
    """Return where a library may lie: beside the one that ZOO_OPS_LIBRARY names, or in the installed package."""
    named = os.environ.get("ZOO_OPS_LIBRARY")
    if named:
        return [Path(named) if name == LIBRARY_NAME else Path(named).parent / name]
    return [folder / "lib" / name for folder in installed_folders()]


def library_path(name: str = LIBRARY_NAME) -> Path:
    """Return the file of a library, by default the operators'.

    Raises:
        FileNotFoundError: no place has it; the message lists the places that were tried.
    """
    places = _library_places(name)
    for place in places:
        if place.is_file():
            return place.resolve()
    tried = ", ".join(str(place) for place in places)
    raise FileNotFoundError(f"the library {name} was not found; tried {tried}; install the package (pip install .)")


@functools.cache
def load_library(name: str = LIBRARY_NAME) -> None:
    """Load a library into this process, once. A second copy of the operators would end the process."""
    import torch

    torch.ops.load_library(str(library_path(name)))


def operators() -> Any:
    """Return `torch.ops.zoo`, with the library loaded and its fake implementations and gradients registered."""
    import torch

    if not hasattr(torch.ops.zoo, "lstm"):  # another library of this project may have brought it
        load_library()
    from zoo.ops import registration

    registration.register()
    return torch.ops.zoo


@functools.cache
def engine_tables() -> dict[str, Any]:
    """Return what the engine knows of itself.

    Returns:
        "isas", the names of its instruction sets, the slowest first; "precisions", their names; "cells", a dict of
        facts for each cell. The precisions and cells stand at the numbers that `packed_sizes` gives for them.
    """
    import torch

    if not hasattr(torch.ops.zoo, "engine_tables"):
        load_library()
    tables: dict[str, Any] = json.loads(torch.ops.zoo.engine_tables())
    return tables


def pack(module: nn.RNNBase, precision: str = "fp32") -> Tensor:
    """Pack the weights of an `nn.LSTM`, `nn.GRU` or `nn.RNN` for the engine.

    Args:
        module: on the CPU, in float32.
        precision: of the packed weights, "fp32", "bf16" or "int8".

    Returns:
        The packed weights, a 1-d uint8 tensor.

    Raises:
        RuntimeError: the engine cannot take these weights; the message says why.
    """
    cell, _, nonlinearity = module.mode.lower().partition("_")
    arguments = (module._flat_weights, module.bias, module.num_layers, module.bidirectional, precision)
    packed: Tensor = getattr(operators(), f"pack_{cell}")(*arguments, *([nonlinearity] if nonlinearity else []))
    return packed
