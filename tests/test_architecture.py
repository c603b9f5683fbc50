"""The import arrows of the design, kept; and a light `import zoo`."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# module or package -> what of the project it may import; a package's own modules are always allowed.
ARROWS: dict[str, set[str]] = {
    "zoo": set(),
    "zoo.config": set(),
    "zoo.registry": set(),
    "zoo.artifact.tolerances": set(),
    "zoo.artifact.signature": set(),
    "zoo.artifact.torchscript": set(),
    "zoo.init": set(),
    "zoo.weights": set(),
    "zoo.cost": {"zoo.init"},
    "zoo._atomic_file": set(),
    "zoo.checkpoint": {"zoo._atomic_file"},
    "zoo.installation": {"zoo"},
    "zoo.ops": {"zoo.installation"},
    "zoo.decoding": set(),
    "zoo.models": {"zoo.config", "zoo.decoding", "zoo.registry", "zoo.ops"},
    "zoo.factory": {"zoo.checkpoint", "zoo.init", "zoo.models", "zoo.registry", "zoo.weights"},
    "zoo.artifact.golden": {"zoo.artifact.signature"},
    "zoo.quantization": {
        "zoo.artifact.golden",
        "zoo.ops",
        "zoo.artifact.signature",
        "zoo.artifact.tolerances",
        "zoo.artifact.torchscript",
    },
    "zoo.artifact": {
        "zoo",
        "zoo.artifact.golden",
        "zoo.artifact.signature",
        "zoo.artifact.tolerances",
        "zoo.artifact.torchscript",
        "zoo._atomic_file",
    },
    "zoo.artifact.own_model": {"zoo.artifact.signature"},
    "zoo.acceleration": {"zoo.ops", "zoo.artifact.torchscript"},
    "zoo.data": set(),
    "zoo.markdown": set(),
    "zoo.benchmark": {"zoo", "zoo.markdown", "zoo.ops"},
    "zoo.training": {"zoo", "zoo.data", "zoo.markdown", "zoo._atomic_file"},
}
TYPE_CHECKING_ONLY = {"zoo"}  # the package's face names everything, and imports it when first used


def is_module(name: str) -> bool:
    place = ROOT / name.replace(".", "/")
    return place.with_suffix(".py").exists() or (place / "__init__.py").exists()


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where an arrow points"
            module = node.module or ""
            inside = {f"{module}.{alias.name}" for alias in node.names}
            known = {name for name in inside if is_module(name)}
            found |= known or {module}
    return {name for name in found if name.partition(".")[0] in ("zoo", "scripts", "tests")}


def part_of(module: str) -> str:
    """Return the row of the table that a module belongs to."""
    while module not in ARROWS and "." in module:
        module = module.rpartition(".")[0]
    return module


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", sorted((ROOT / "zoo").rglob("*.py")), ids=str)
def test_imports_follow_the_arrows(path: Path) -> None:
    module = module_name(path)
    own = part_of(module)
    if own in TYPE_CHECKING_ONLY and module == "zoo":
        return
    assert own != "zoo", f"{module} has no row in the table of arrows"
    for imported in imports(path):
        target = part_of(imported)
        assert target == own or target in ARROWS[own], f"{module} may not import {imported}"


@pytest.mark.parametrize("path", sorted((ROOT / "scripts").glob("*.py")), ids=str)
def test_scripts_use_the_public_api_only(path: Path) -> None:
    for imported in imports(path):
        public = imported == "zoo" or imported.startswith(("zoo.data", "zoo.training", "zoo.benchmark"))
        assert public, f"{path.name} imports {imported}"


TORCH_FREE_FOLDERS = ("cpp_runner/include", "zoo/csrc/kernels", "cpp_runner/src/cli")


@pytest.mark.parametrize("folder", TORCH_FREE_FOLDERS)
def test_torch_headers_stay_where_they_belong(folder: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in (".h", ".cpp")]
    assert files
    for path in files:
        found = re.findall(r"#include [<\"]((?:torch|ATen|c10|caffe2)/[^>\"]+)", path.read_text())
        assert not found, f"{path.relative_to(ROOT)} includes {found}"


def test_only_main_prints_or_exits() -> None:
    for folder in ("cpp_runner/src", "zoo/csrc"):
        for path in (ROOT / folder).rglob("*.cpp"):
            if path.name == "main.cpp":
                continue
            found = re.findall(r"std::c(?:out|err)\b|\b(?:printf|puts|std::exit|abort)\s*\(", path.read_text())
            assert not found, f"{path.relative_to(ROOT)} has {found}"


def test_importing_zoo_is_light() -> None:
    code = "import sys, zoo; print('torch' in sys.modules, 'numpy' in sys.modules, zoo.__version__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.split()[:2] == ["False", "False"]


def test_the_face_of_the_package_names_what_exists() -> None:
    import zoo

    for name in zoo.__all__:
        assert getattr(zoo, name) is not None
    with pytest.raises(AttributeError, match="module 'zoo' has no attribute 'biuld'"):
        zoo.biuld  # noqa: B018 - reading it is the test
