"""The import arrows of the Python package, kept by folder; and a light `import zoo`."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import zoo

ROOT = Path(__file__).parents[1]

# Module or package -> what else of the project it may import. The most specific row holds, a row's own modules are
# always allowed, and every arrow must be used.
ARROWS: dict[str, set[str]] = {
    "zoo.errors": set(),
    "zoo._atomic_file": set(),
    "zoo._json_values": {"zoo.errors"},
    "zoo.installation": {"zoo"},
    "zoo.bundle": {"zoo.errors", "zoo.installation"},
    "zoo.config": {"zoo.errors"},
    "zoo.registry": {"zoo.errors"},
    "zoo.init": {"zoo.config", "zoo.errors"},
    "zoo.weights": {"zoo.errors", "zoo.quantized_parts"},
    "zoo.artifact.parametrization": set(),
    "zoo.cost": {"zoo.artifact.parametrization", "zoo.config", "zoo.errors", "zoo.init", "zoo.quantized_parts"},
    "zoo.checkpoint": {"zoo._atomic_file", "zoo._json_values", "zoo.errors", "zoo.quantized_parts"},
    "zoo.ops": {"zoo.config", "zoo.installation"},
    "zoo.models.padding": set(),
    "zoo.decoding": {"zoo.models.padding"},
    "zoo.prefix_search": set(),
    "zoo.ngram": {"zoo.errors"},
    "zoo.models": {
        "zoo.config",
        "zoo.decoding",
        "zoo.errors",
        "zoo.models.padding",
        "zoo.prefix_search",
        "zoo.registry",
    },
    "zoo.artifact.tolerances": set(),
    "zoo.artifact.torchscript": {"zoo.errors"},
    "zoo.model": {"zoo.artifact.tolerances", "zoo.config"},
    "zoo.quantized_parts": {"zoo.artifact.tolerances", "zoo.model"},
    "zoo.description": {"zoo.config"},
    "zoo.factory": {
        "zoo.checkpoint",
        "zoo.config",
        "zoo.description",
        "zoo.init",
        "zoo.model",
        "zoo.models",
        "zoo.registry",
        "zoo.weights",
    },
    "zoo.artifact": {
        "zoo",
        "zoo._atomic_file",
        "zoo._json_values",
        "zoo.artifact.parametrization",
        "zoo.artifact.tolerances",
        "zoo.artifact.torchscript",
        "zoo.config",
        "zoo.errors",
        "zoo.model",
        "zoo.models.padding",
        "zoo.ops",
        "zoo.quantized_parts",
        "zoo.weights",
    },
    "zoo.acceleration": {"zoo.artifact.torchscript", "zoo.config", "zoo.errors", "zoo.ops"},
    "zoo.diagnostics": {"zoo.config", "zoo.errors", "zoo.init", "zoo.models", "zoo.models.padding", "zoo.ops"},
    "zoo.quantization": {
        "zoo.artifact",
        "zoo.artifact.parametrization",
        "zoo.artifact.tolerances",
        "zoo.artifact.torchscript",
        "zoo.config",
        "zoo.errors",
        "zoo.init",
        "zoo.model",
        "zoo.ops",
        "zoo.quantized_parts",
    },
    "zoo.importing": {"zoo.factory", "zoo.model", "zoo.weights"},
    "zoo.onnx_export": {
        "zoo._atomic_file",
        "zoo.artifact",
        "zoo.artifact.parametrization",
        "zoo.artifact.tolerances",
        "zoo.config",
        "zoo.errors",
        "zoo.models",
        "zoo.quantization",
        "zoo.quantized_parts",
    },
    "zoo.data": set(),
    "zoo.benchmark": set(),
    "zoo.training.resume_file": {"zoo._atomic_file"},
    "zoo.training.ranges": set(),
    "zoo.training.errors": {"zoo.training.experiment", "zoo.training.resume_file"},
    "zoo.training.experiment": {"zoo.training.ranges"},
    "zoo.training.optimization": {"zoo.training.experiment"},
    "zoo.training.batching": set(),
    "zoo.training.markdown": set(),
    "zoo.training.metrics": set(),
    "zoo.training.text_metrics": {"zoo.models.padding"},
    "zoo.training.event_metrics": set(),
    "zoo.training.pictures": {"zoo.training.event_metrics"},
    "zoo.training.sound": {"zoo.data"},
    "zoo.training.splits": set(),
    "zoo.training.learners": {
        "zoo.models.padding",
        "zoo.training.batching",
        "zoo.training.errors",
        "zoo.training.event_metrics",
        "zoo.training.experiment",
        "zoo.training.metrics",
        "zoo.training.optimization",
        "zoo.training.text_metrics",
    },
    "zoo.training.tasks": {
        "zoo.data",
        "zoo.models",
        "zoo.models.padding",
        "zoo.training.batching",
        "zoo.training.event_metrics",
        "zoo.training.learners",
        "zoo.training.pictures",
        "zoo.training.ranges",
        "zoo.training.sound",
        "zoo.training.splits",
    },
    "zoo.training.guesses": {"zoo.training.batching", "zoo.training.learners", "zoo.training.tasks"},
    "zoo.training.own_data": {"zoo.data", "zoo.training.guesses", "zoo.training.tasks"},
    "zoo.training.baselines": {
        "zoo.data",
        "zoo.models",
        "zoo.models.padding",
        "zoo.training.batching",
        "zoo.training.learners",
        "zoo.training.tasks",
    },
    "zoo.training.comparison": {
        "zoo.data",
        "zoo.training",
        "zoo.training.errors",
        "zoo.training.experiment",
        "zoo.training.learners",
        "zoo.training.markdown",
        "zoo.training.optimization",
        "zoo.training.tasks",
    },
    "zoo.training.predicting": {"zoo._atomic_file", "zoo.training.errors", "zoo.training.tasks"},
    "zoo.training.fitting": {
        "zoo.data",
        "zoo.training",
        "zoo.training.experiment",
        "zoo.training.own_data",
        "zoo.training.resume_file",
        "zoo.training.tasks",
    },
    "zoo.training": {
        "zoo.data",
        "zoo.training.batching",
        "zoo.training.errors",
        "zoo.training.experiment",
        "zoo.training.guesses",
        "zoo.training.learners",
        "zoo.training.markdown",
        "zoo.training.resume_file",
        "zoo.training.tasks",
    },
}
# These build on the package as its users do: they may import its public face, and each other as their row says.
USERS = {"zoo.data", "zoo.benchmark", "zoo.training"}
# Programs may import the public face, USERS and each other; nothing else imports them.
PROGRAMS = {"zoo.cli", "zoo.__main__", "scripts"}
# The public face: every name that `zoo` exports, from `zoo` or from its home, and these packages.
PUBLIC_PACKAGES = {"zoo", "zoo.config", "zoo.diagnostics", "zoo.errors", "zoo.ops"}

Import = tuple[str, str]  # module, name; no name for a module as a whole


def is_module(name: str) -> bool:
    place = ROOT / name.replace(".", "/")
    return place.with_suffix(".py").exists() or (place / "__init__.py").exists()


@cache
def imports(path: Path) -> frozenset[Import]:
    """Return everything of the project that a file imports, also inside functions."""
    found: set[Import] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where an arrow points"
            module = node.module or ""
            for alias in node.names:
                inside = f"{module}.{alias.name}"
                found.add((inside, "") if is_module(inside) else (module, alias.name))
    return frozenset(pair for pair in found if pair[0].partition(".")[0] in ("zoo", "scripts", "tests", "support"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def row_of(module: str) -> str:
    """Return the row of a table that a module belongs to; `zoo` for a module without a row."""
    rows = ARROWS.keys() | PROGRAMS
    while module not in rows and "." in module:
        module = module.rpartition(".")[0]
    return module


def is_user(module: str) -> bool:
    """Return whether a module or a row belongs to `USERS`."""
    return ".".join(module.split(".")[:2]) in USERS


def is_public(module: str, name: str) -> bool:
    package = ".".join(module.split(".")[:2])
    return package in PUBLIC_PACKAGES or zoo._HOMES.get(name) == module


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", [p for p in python_files("zoo") if p != ROOT / "zoo/__init__.py"], ids=str)
def test_imports_follow_the_arrows(path: Path) -> None:
    own = row_of(module_name(path))
    assert own != "zoo", f"{module_name(path)} has no row in the table of arrows"
    for module, name in imports(path):
        target = row_of(module)
        allowed = target == own or target in ARROWS.get(own, set())
        if is_user(own) or own in PROGRAMS:
            allowed = allowed or is_public(module, name)
        if own in PROGRAMS:
            allowed = allowed or is_user(target) or target in PROGRAMS
        assert allowed, f"{module_name(path)} may not import {module} {name}".rstrip()


@pytest.mark.parametrize("path", python_files("scripts"), ids=str)
def test_scripts_use_the_public_face_only(path: Path) -> None:
    for module, name in imports(path):
        allowed = is_public(module, name) or is_user(module) or row_of(module) in PROGRAMS
        assert allowed, f"{path.name} may not import {module} {name}".rstrip()


def test_every_arrow_is_used() -> None:
    used = {(row_of(module_name(path)), row_of(module)) for path in python_files("zoo") for module, _ in imports(path)}
    unused = [
        f"{own} -> {target}" for own, targets in ARROWS.items() for target in targets if (own, target) not in used
    ]
    missing = [row for row in ARROWS if not is_module(row)]
    assert (unused, missing) == ([], []), "delete from the table what is not so any more"


def test_no_arrow_runs_in_a_circle() -> None:
    done: set[str] = set()

    def visit(row: str, path: tuple[str, ...]) -> None:
        assert row not in path, " -> ".join((*path, row))
        if row not in done:
            for target in ARROWS.get(row, set()):
                visit(target, (*path, row))
            done.add(row)

    for row in ARROWS:
        visit(row, ())


def test_the_face_shows_type_checkers_the_names_that_it_has() -> None:
    shown = {(name, module) for module, name in imports(ROOT / "zoo/__init__.py")}
    assert shown == set(zoo._HOMES.items())


def test_the_face_imports_nothing_until_a_name_is_used() -> None:
    code = (
        "import sys, zoo; print([m for m in sys.modules if m.startswith(('torch', 'numpy', 'zoo.'))], zoo.__version__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout == f"[] {zoo.__version__}\n"


def test_the_face_of_the_package_names_what_exists() -> None:
    for name in zoo.__all__:
        assert getattr(zoo, name) is not None
    with pytest.raises(AttributeError, match="module 'zoo' has no attribute 'biuld'"):
        getattr(zoo, "biuld")  # noqa: B009 - a type checker knows that it is not there


def test_every_error_has_the_same_base_and_is_exported() -> None:
    """What the package's own modules raise on purpose; training and data are their own."""
    modules = {path: module_name(path) for path in python_files("zoo")}
    inner = [path for path, module in modules.items() if not is_user(module) and row_of(module) not in PROGRAMS]
    errors = {
        node.name
        for path in inner
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    }
    assert errors <= set(zoo.__all__)
    for name in errors - {"ZooError"}:
        error = getattr(zoo, name)
        assert issubclass(error, zoo.ZooError)
        assert issubclass(error, ValueError | TypeError), f"{name} must keep a base of Python's own"
