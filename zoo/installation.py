"""Where pip put what CMake built: libraries, headers, the CMake package."""

from __future__ import annotations

import contextlib
import importlib.metadata
from pathlib import Path

import zoo


def installed_folders() -> list[Path]:
    """Return the folders of the installed package, the likeliest first.

    An editable installation keeps the Python files in the checkout and what was built in site-packages.
    """
    folders = [Path(folder) for folder in zoo.__path__]
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        folders.append(Path(str(importlib.metadata.distribution("recurrent-zoo").locate_file("zoo"))))
    return folders


def cmake_prefix_path() -> str:
    """Return what CMake's find_package(zoo) needs as CMAKE_PREFIX_PATH.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    for folder in installed_folders():
        if (folder / "cmake" / "zooConfig.cmake").is_file():
            return str(folder.parent)
    raise FileNotFoundError("zooConfig.cmake was not found; install the package (pip install .)")
