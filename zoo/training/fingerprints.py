"""The content of the files that a task reads: whether a run that is resumed goes on with what it began with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.data.folders import list_files

# The options of tasks that name files or folders.
PLACES = ("path", "train", "validation", "test")


def hash_data(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of what each option of a task names, where it names a file or a folder.

    Args:
        options: of the task.
    """
    named = {name: Path(options[name]) for name in PLACES if options.get(name)}
    return {name: hash_place(place) for name, place in named.items() if place.exists()}


def hash_place(place: Path) -> str:
    """Return the SHA-256 of the bytes of a file, or of the names and the bytes of all files in a folder."""
    if not place.is_dir():
        return _hash_file(place)
    digest = hashlib.sha256()
    for path in list_files(place):
        digest.update(f"{path.relative_to(place).as_posix()}\0{_hash_file(path)}\0".encode())
    return digest.hexdigest()


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
