"""Lists beside recordings that say which are for validation and for tests, as Google's Speech Commands have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoo.data.source import DataError, read_text

LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
# A folder beside the classes with what is no class: noise to mix with the words.
NOISE = "_background_noise_"


def read_lists(folder: Path, paths: Sequence[Path]) -> list[str]:
    """Return the part of each recording that a list names, or "" where none does; nothing where there is no list.

    A line is CLASS/NAME.wav. Lines for recordings that are not there are passed over: a folder may hold some of a set.

    Args:
        folder: holds the lists and the folders of the classes.
        paths: of the recordings.

    Raises:
        DataError: a list names none of the recordings, or one that the other list names too.
    """
    places = {path.relative_to(folder).as_posix(): k for k, path in enumerate(paths)}
    parts = [""] * len(paths)
    for part, name in LISTS.items():
        if not (folder / name).is_file():
            continue
        lines = enumerate(read_text(folder / name).split("\n"), 1)
        known = {places[line.strip()]: number for number, line in lines if line.strip() in places}
        if not known:
            raise DataError(f"{folder / name} names no recording of {folder}; remove it to have a share drawn")
        for k, number in known.items():
            if parts[k]:
                both = f"{paths[k]} is in {LISTS[parts[k]]} too"
                raise DataError(f"{folder / name}, line {number}: {both}; leave it in one of them")
            parts[k] = part
    return parts if any(parts) else []


def is_list(path: Path, folder: Path) -> bool:
    """Return whether a file is one of the lists of a folder."""
    return path.parent == folder and path.name in LISTS.values()
