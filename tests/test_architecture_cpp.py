"""The layers of the C++ code: folders include downwards only, LibTorch stays in its folders, and only main prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNNER, ENGINE = ROOT / "cpp_runner", ROOT / "zoo" / "csrc"

# folder -> folders that it may include, besides itself; lower layers first.
ARROWS: dict[str, set[str]] = {
    "csrc/include": set(),  # the C interface of the engine, and the table of cells
    "csrc/kernels": {"csrc/include"},
    "csrc/engine": {"csrc/kernels"},
    "csrc/operators": {"csrc/include", "csrc/engine"},
    "base": set(),
    "formats": {"base"},
    "core": {"base", "formats"},
    "acceleration": {"base", "core", "csrc/include"},
    "libtorch": {"base", "core", "acceleration"},
    "run": {"base", "core", "libtorch"},
    "cli": {"base", "formats", "core", "libtorch", "run"},
}
# The engine's files outside its folders tie the folders together, so they may include them all.
TOP = "csrc"

# public header -> folder whose code it declares.
PUBLIC = {
    "acceleration.h": "core",
    "benchmark.h": "run",
    "error.h": "base",
    "export.h": "base",
    "manifest.h": "core",
    "model.h": "run",
    "model_file.h": "core",
    "npy.h": "formats",
    "options.h": "core",
    "process.h": "libtorch",
    "sound.h": "core",
    "state.h": "libtorch",
    "stream.h": "run",
    "tensor.h": "base",
    "text.h": "core",
    "training_mode.h": "core",
    "value.h": "base",
    "verify.h": "run",
    "version.h": "core",
    "wav.h": "formats",
}

# "include" stands for all public headers.
TORCH_FREE = ["include", "base", "formats", "core", "run", "cli", "csrc/include", "csrc/kernels", "csrc/engine"]


def sources() -> list[Path]:
    folders = (RUNNER / "include", RUNNER / "src", ENGINE)
    return sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in (".h", ".cpp"))


def code_of(path: Path) -> str:
    """Return a file without its comments and without its preprocessor lines."""
    return re.sub(r"^\s*#.*$|//.*$", "", path.read_text(), flags=re.MULTILINE)


def layer_of(path: Path) -> str:
    """Return the row of the table that a file belongs to."""
    if path.is_relative_to(RUNNER / "include"):
        return PUBLIC[path.name]
    if path.is_relative_to(RUNNER / "src"):
        return path.relative_to(RUNNER / "src").parts[0]
    folders = path.relative_to(ENGINE).parts[:-1]
    return "/".join((TOP, *folders[:1]))


def included(path: Path) -> set[Path]:
    """Return the project's files that a file includes directly."""
    own = ENGINE if path.is_relative_to(ENGINE) else RUNNER / "src"
    places = (own, RUNNER / "include", ENGINE / "include")
    names = re.findall(r'^\s*#\s*include\s*"([^"]+)"', path.read_text(), re.MULTILINE)
    found = set()
    for name in names:
        known = [place / name for place in places if (place / name).exists()]
        assert known, f"{path.relative_to(ROOT)} includes {name!r} by a path that is not from the top of its sources"
        found.add(known[0])
    return found


def arrows() -> dict[tuple[str, str], list[str]]:
    """Return who includes whom between layers, with the places."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sources():
        for target in included(path):
            pair = layer_of(path), layer_of(target)
            if pair[0] != pair[1]:
                found.setdefault(pair, []).append(f"{path.relative_to(ROOT)} -> {target.relative_to(ROOT)}")
    return found


def test_the_table_has_no_circle() -> None:
    rows = list(ARROWS)
    for i, row in enumerate(rows):
        assert ARROWS[row] <= set(rows[:i]), f"{row} may include only rows above it"


def test_every_file_belongs_to_a_layer() -> None:
    assert {path.name for path in (RUNNER / "include" / "zoo").iterdir()} == set(PUBLIC)
    assert {layer_of(path) for path in sources()} - {TOP} == set(ARROWS)


def test_includes_follow_the_arrows() -> None:
    for (source, target), places in arrows().items():
        allowed = source == TOP or target in ARROWS[source]
        assert allowed, f"{source} may not include {target}: {places}"


def test_every_arrow_of_the_table_is_used() -> None:
    used = set(arrows())
    unused = sorted({(source, target) for source, targets in ARROWS.items() for target in targets} - used)
    assert not unused, f"nobody includes along {unused} any more: take it out of the table"


@pytest.mark.parametrize("layer", TORCH_FREE)
def test_torch_headers_stay_where_they_belong(layer: str) -> None:
    public = [path for path in sources() if path.is_relative_to(RUNNER / "include")]
    files = public if layer == "include" else [path for path in sources() if layer_of(path) == layer]
    assert files
    for path in files:
        found = re.findall(r'#\s*include\s*[<"]((?:torch|ATen|c10|caffe2)/[^>"]+)', path.read_text())
        assert not found, f"{path.relative_to(ROOT)} includes {found}"


def test_only_main_prints_or_exits() -> None:
    words = r"std::(?:cout|cerr|clog)\b|\b(?:f?printf|f?puts|putchar|perror|_?exit|quick_exit|abort|terminate)\s*\("
    for path in sources():
        if path == RUNNER / "src" / "cli" / "main.cpp":
            continue
        found = re.findall(words, code_of(path))
        assert not found, f"{path.relative_to(ROOT)} has {found}"


def test_the_library_names_no_flag_and_no_script() -> None:
    """A program that embeds the library has neither."""
    for path in sources():
        if layer_of(path) == "cli" or path.is_relative_to(ENGINE):
            continue
        strings = re.findall(r'"((?:[^"\\\n]|\\.)*)"', code_of(path))
        found = [text for text in strings if re.search(r"--[a-z]|script_model|scripts/|cpp_runner", text)]
        assert not found, f"{path.relative_to(ROOT)} has {found}"
