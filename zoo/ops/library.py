"""Finding and loading the operator library."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from zoo.installation import installed_folders

LIBRARY_NAME = "libzoo_ops.so"


def _library_places() -> list[Path]:
    """Where the library may lie: named by ZOO_OPS_LIBRARY, or in the installed package."""
    named = os.environ.get("ZOO_OPS_LIBRARY")
    if named:
        return [Path(named)]
    return [folder / "lib" / LIBRARY_NAME for folder in installed_folders()]


def library_path() -> Path:
    """The operator library's file, which a C++ program that runs accelerated models loads too."""
    places = _library_places()
    for place in places:
        if place.is_file():
            return place.resolve()
    tried = ", ".join(str(place) for place in places)
    raise FileNotFoundError(
        f"the operator library {LIBRARY_NAME} was not found; tried {tried}; install the package (pip install .)"
    )


def operators() -> Any:
    """`torch.ops.zoo`, with the library loaded and its fake implementations and gradients registered.

    The library is loaded once in a process: a second copy of it would end the process.
    """
    import torch

    if not hasattr(torch.ops.zoo, "lstm"):
        torch.ops.load_library(str(library_path()))
    from zoo.ops import registration

    registration.register()
    return torch.ops.zoo
