"""C++ projects of the tests and the examples, built as a user builds them: against the installed package."""

from __future__ import annotations

import subprocess
from pathlib import Path

import zoo

ROOT = Path(__file__).parents[2]


def build(source: Path, folder: Path, *definitions: str) -> Path:
    """Configure and build a CMake project; return its build folder."""
    definitions = (f"-DCMAKE_PREFIX_PATH={zoo.cmake_prefix_path()}", *definitions)
    for command in (
        ["cmake", "-S", str(source), "-B", str(folder), "-G", "Ninja", *definitions],
        ["cmake", "--build", str(folder)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def build_embedding(folder: Path) -> Path:
    """Build the tests that embed the library; return their folder."""
    return build(ROOT / "tests" / "cpp" / "embed", folder)
