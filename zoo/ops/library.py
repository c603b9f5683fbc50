"""Finding and loading the libraries that CMake built."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from zoo.installation import installed_folders

LIBRARY_NAME = "libzoo_ops.so"


def _library_places(name: str) -> list[Path]:
    """Where a library may lie: beside the one that ZOO_OPS_LIBRARY names, or in the installed package."""
    named = os.environ.get("ZOO_OPS_LIBRARY")
    if named:
        return [Path(named) if name == LIBRARY_NAME else Path(named).parent / name]
    return [folder / "lib" / name for folder in installed_folders()]


def library_path(name: str = LIBRARY_NAME) -> Path:
    """Return a library's file; without a name that of the operators.

    Raises:
        FileNotFoundError: with the places that were tried.
    """
    places = _library_places(name)
    for place in places:
        if place.is_file():
            return place.resolve()
    tried = ", ".join(str(place) for place in places)
    raise FileNotFoundError(f"the library {name} was not found; tried {tried}; install the package (pip install .)")


@functools.cache
def load_library(name: str = LIBRARY_NAME) -> None:
    """Load a library into this process, once: a second copy of the operators would end the process."""
    import torch

    torch.ops.load_library(str(library_path(name)))


def operators() -> Any:
    """`torch.ops.zoo`, with the library loaded and its fake implementations and gradients registered."""
    import torch

    if not hasattr(torch.ops.zoo, "lstm"):  # another library of this project may have brought it
        load_library()
    from zoo.ops import registration

    registration.register()
    return torch.ops.zoo
