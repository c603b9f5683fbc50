"""Programs and the libraries that they load, in a folder for machines without Python."""

from __future__ import annotations

import errno
import importlib.metadata
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import ZooError
from zoo.installation import cmake_prefix_path, find_runner

# Where the System V ABI of x86-64 puts the dynamic linker. It lists what a program loads without running it.
LINKER = "/lib64/ld-linux-x86-64.so.2"
# Libraries of these folders come with the other machine's system.
SYSTEM_FOLDERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu")
# For programs that are linked on the other machine.
RUNNER = "libzoo_runner.so"
LICENSED = ("recurrent-zoo", "torch")
_ROW = re.compile(r"^\s*(?P<name>\S+) => (?P<path>not found|/.*?)(?: \(0x[0-9a-f]+\))?$")


class BundleError(ZooError, ValueError):
    """A program cannot be put into a folder with its libraries."""


@dataclass(frozen=True)
class Bundle:
    """A folder that was written.

    Args:
        folder: it has `bin`, `lib` and `licenses`.
        programs: names in `bin`.
        libraries: names in `lib`.
        system: names of the libraries that the other machine has to have.
        size: of all files, bytes.
    """

    folder: Path
    programs: tuple[str, ...]
    libraries: tuple[str, ...]
    system: tuple[str, ...]
    size: int


def write_bundle(folder: str | Path, programs: Sequence[str | Path] = ()) -> Bundle:
    """Write a folder with cpp_runner and all libraries that it loads but those of the system.

    The folder can be moved and copied. It computes on the CPU: LibTorch's libraries for CUDA are loaded by name, and
    stay behind.

    Args:
        folder: new or empty.
        programs: of your own, that link `zoo::runner`. Their run path has to be `$ORIGIN/../lib`.

    Raises:
        BundleError: the folder holds something, a program is no program, or a library would not be found.
        FileNotFoundError: cpp_runner is not installed.
        OSError: a file cannot be read or written.
    """
    folder = Path(folder).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BundleError(f"{folder} exists and is not an empty folder; name another one")
    folder.parent.mkdir(parents=True, exist_ok=True)
    sources = [Path(find_runner()), *map(Path, programs)]
    names = [source.name for source in sources]
    if len(set(names)) < len(names):
        raise BundleError(f"programs need different names, got {', '.join(names)}")
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as place:
        made = Path(place) / "bundle"
        system = _copy(sources, made)
        for name in names:
            _check(made, name)
        if folder.exists():
            folder.rmdir()
        made.rename(folder)
    return Bundle(
        folder,
        tuple(names),
        tuple(sorted(file.name for file in (folder / "lib").iterdir())),
        system,
        sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
    )


def _copy(programs: Sequence[Path], folder: Path) -> tuple[str, ...]:
    """Copy programs, libraries and licences; return the names of the system's libraries."""
    for part in ("bin", "lib", "licenses"):
        (folder / part).mkdir(parents=True)
    found: dict[str, Path] = {RUNNER: Path(cmake_prefix_path()) / "zoo" / "lib" / RUNNER}
    for program in programs:
        listed = list_libraries(program, os.environ)
        # A program with the run path of the folder finds nothing where it lies, and what cpp_runner has is enough.
        missing = sorted(name for name, path in listed.items() if path is None and name not in found)
        if missing:
            raise BundleError(
                f"{program} does not find {', '.join(missing)} on this machine; add the folder of it to LD_LIBRARY_PATH"
            )
        found = {name: path for name, path in listed.items() if path is not None} | found
        shutil.copy2(program, folder / "bin" / program.name)
    system = {name for name, path in found.items() if str(path.parent) in SYSTEM_FOLDERS}
    for name in found.keys() - system:
        shutil.copy2(found[name].resolve(), folder / "lib" / name)
    for package in LICENSED:
        _copy_licenses(package, folder / "licenses" / package)
    return tuple(sorted(system))


def _check(folder: Path, program: str) -> None:
    """Refuse a program that does not load its libraries from the folder that it was copied into."""
    for name, path in list_libraries(folder / "bin" / program, {}).items():
        copied = folder / "lib" / name
        if copied.exists() and (path is None or not path.samefile(copied)):
            elsewhere = f"finds it in {path.parent}" if path else "does not find it"
            raise BundleError(
                f"{program} has to load {name} from ../lib, and {elsewhere}; link it with the run path $ORIGIN/../lib "
                "(cmake -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON '-DCMAKE_INSTALL_RPATH=$ORIGIN/../lib')"
            )


def list_libraries(program: Path, environment: Mapping[str, str]) -> dict[str, Path | None]:
    """Return the libraries that a program loads when it starts: names, and paths or None where there is no such file.

    Args:
        program: an executable or a shared library; it is not run.
        environment: its LD_LIBRARY_PATH counts.

    Raises:
        BundleError: the file is no program for this machine.
        FileNotFoundError: there is no such file.
    """
    if not program.is_file():
        raise FileNotFoundError(errno.ENOENT, "there is no such program", str(program))
    # With this variable the linker lists a file that is missing; with its flag --list it ends there.
    variables = {**environment, "LD_TRACE_LOADED_OBJECTS": "1"}
    done = subprocess.run([LINKER, str(program)], env=variables, capture_output=True, text=True, check=False)
    rows = [row for row in map(_ROW.match, done.stdout.splitlines()) if row]
    if not rows:
        reason = done.stderr.strip().rpartition(": ")[2] or "it loads no library"
        raise BundleError(f"{program} is no program that loads zoo's libraries: {reason}")
    return {row["name"]: None if row["path"] == "not found" else Path(row["path"]) for row in rows}


def _copy_licenses(package: str, folder: Path) -> None:
    """Copy what has to go with copies of a package's programs, in its folders: names repeat in those of others."""
    for file in importlib.metadata.distribution(package).files or []:
        metadata, _, name = str(file).partition(".dist-info/")
        if name and file.name.startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE")) and "/" not in metadata:
            copy = folder / name.removeprefix("licenses/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(str(file.locate()), copy)
