"""Finding and loading the operator library."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path
from typing import Any

import zoo

LIBRARY_NAME = "libzoo_ops.so"


def _library_places() -> list[Path]:
    """Where the library may lie: named by ZOO_OPS_LIBRARY, beside the package, or where pip put it.

    An editable installation keeps the Python files in the checkout and the library in site-packages.
    """
    named = os.environ.get("ZOO_OPS_LIBRARY")
    if named:
        return [Path(named)]
    places = [Path(folder) / "lib" / LIBRARY_NAME for folder in zoo.__path__]
    try:
        installed = importlib.metadata.distribution("recurrent-zoo")
        places.append(Path(str(installed.locate_file(f"zoo/lib/{LIBRARY_NAME}"))))
    except importlib.metadata.PackageNotFoundError:
        pass
    return places


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
