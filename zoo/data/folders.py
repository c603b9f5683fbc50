"""All files below a folder, through links too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from zoo.data.source import DataError


def list_files(folder: Path) -> list[Path]:
    """Return the files below a folder, sorted, without hidden ones and what macOS adds to archives.

    Raises:
        DataError: a link names nothing.
        OSError: a folder cannot be read.
    """
    return sorted(_walk(folder, (folder.resolve(),)))


def is_hidden(name: str) -> bool:
    """Return whether a file or folder of this name belongs to no data."""
    return name.startswith(".") or name == "__MACOSX"


def _walk(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the files below a folder; `above` has it and the folders that led to it, without links in their paths."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = folder / entry.name
            if is_hidden(entry.name):
                continue
            if entry.is_dir():
                inside = path.resolve() if entry.is_symlink() else above[-1] / entry.name
                if not any(place.is_relative_to(inside) for place in above):  # otherwise it leads back to here
                    yield from _walk(path, (*above, inside))
            elif entry.is_file():
                yield path
            elif entry.is_symlink():
                raise DataError(f"{path} is a link to nothing; remove it, or bring back what it named")
