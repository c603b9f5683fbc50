"""Where pip put what CMake built: the program, libraries, headers, the CMake package."""

from __future__ import annotations

import contextlib
import importlib.metadata
import shutil
import sys
from pathlib import Path

import zoo


def installed_folders() -> list[Path]:
    """Return the folders of the installed package, the likeliest first.

    An editable installation has two: its Python files are in the clone, and what CMake built is in site-packages.
    """
    folders = [Path(folder) for folder in zoo.__path__]
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        folders.append(Path(str(importlib.metadata.distribution("recurrent-zoo").locate_file("zoo"))))
    return folders


def cmake_prefix_path() -> str:
    """Return the CMAKE_PREFIX_PATH with which CMake's find_package(zoo) finds this package.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    for folder in installed_folders():
        if (folder / "cmake" / "zooConfig.cmake").is_file():
            return str(folder.parent)
    raise FileNotFoundError("zooConfig.cmake was not found; install the package (pip install .)")


def find_runner() -> str:
    """Return the path of the program `cpp_runner`.

    It is looked for beside this Python, then where pip put the package's programs, then on PATH.

    Raises:
        FileNotFoundError: the program is in none of these places.
    """
    for folder in (Path(sys.executable).parent, *_program_folders()):
        found = shutil.which("cpp_runner", path=str(folder))
        if found is not None:
            return found
    found = shutil.which("cpp_runner")
    if found is None:
        raise FileNotFoundError(
            f"cpp_runner is neither beside {sys.executable} nor on PATH; install the package (pip install .) or add "
            "the program's folder to PATH"
        )
    return found


def _program_folders() -> list[Path]:
    """Return the folder of the installed package's programs, or nothing where the package is not installed."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        installed = importlib.metadata.distribution("recurrent-zoo")
        programs = [file for file in installed.files or [] if file.name in ("cpp_runner", "cpp_runner.exe")]
        return [Path(str(installed.locate_file(program))).resolve().parent for program in programs]
    return []
