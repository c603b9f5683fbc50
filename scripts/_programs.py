"""Building the C++ programs in scripts/programs against the installed package and its LibTorch."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import zoo

SOURCE = Path(__file__).parent / "programs"


def build_program(name: str, folder: Path) -> Path:
    """Compile one of the programs.

    Args:
        name: of the program.
        folder: where to build.

    Returns:
        The program's path.

    Raises:
        FileNotFoundError: cmake or the installed package is missing.
        CalledProcessError: the program does not compile; the compiler's output is on stderr.
    """
    if shutil.which("cmake") is None:
        raise FileNotFoundError(f"{name} is compiled with cmake, which is not on PATH: pip install cmake")
    spec = importlib.util.find_spec("torch")
    assert spec is not None, "zoo depends on torch"
    assert spec.origin is not None, "torch is a package with an __init__"
    definitions = [f"-DZOO_TORCH_DIR={Path(spec.origin).parent}", f"-DCMAKE_PREFIX_PATH={zoo.cmake_prefix_path()}"]
    for command in (
        ["cmake", "-S", str(SOURCE), "-B", str(folder), *definitions],
        ["cmake", "--build", str(folder), "--target", name],
    ):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / name
