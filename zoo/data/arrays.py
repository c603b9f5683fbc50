"""Sequences in numpy arrays, as people keep them: `X` (N, T, F) or a list, `y`, and `lengths` where rows are padded."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray
from torch import Tensor

from zoo.data.array_values import as_array, as_rows, is_absent
from zoo.data.float32 import to_float32
from zoo.data.missing import ALLOWED
from zoo.data.settings import Setting
from zoo.data.source import DataError, named
from zoo.errors import ArgumentError

GOALS = ("", "classes", "numbers")
EITHER = Setting("goal", GOALS[1:])
TEST = Setting("test", ("FILE",), "to test with another one")
# Whole numbers of at most so many values are classes; of more, they may be a count or an age.
MOST_CLASSES = 20
NAMES = {"X", "x", "Y", "y", "lengths", "groups"}


@dataclass(frozen=True)
class LabelledArrays:
    """Sequences with one class or with numbers each.

    Args:
        sequences: float32 (T, F), each with its own T; NaN where a value is missing.
        classes: of the sequences; empty where they have numbers.
        class_names: sorted as the values of `y`.
        numbers: float32 (K,) of each sequence, or (T, K) where every step has them; empty where they have classes.
        groups: what each sequence belongs to; empty where nothing says so.
        left_out: arrays of the file that are not read.
    """

    sequences: list[Tensor]
    classes: list[str]
    class_names: list[str]
    numbers: list[Tensor]
    groups: list[str]
    left_out: list[str]


def load_arrays(path: str | Path, *, goal: str = "", missing: bool = False) -> LabelledArrays:
    """Read a file of `numpy.savez` with the arrays `X` and `y`, and `lengths` or `groups` where there are any.

    Raises:
        DataError: the file is missing or damaged, lacks an array, or as `label_arrays`, with the file's name.
    """
    found = _read_file(path)
    arrays = {"X": found.get("X", found.get("x")), "y": found.get("y", found.get("Y"))}
    for name, array in arrays.items():
        if array is None:
            parts = "; save X and y of each part as a file of its own" if f"{name}_train" in found else ""
            has = f"{path} has no array {name}; it has {', '.join(found) or 'none'}, expected X and y{parts}"
            raise DataError(has, *([TEST] if parts else []))
    with named(path):
        labelled = label_arrays(
            arrays["X"], arrays["y"], found.get("lengths"), found.get("groups"), goal=goal, missing=missing
        )
    left_out = sorted(set(found) - NAMES)
    return LabelledArrays(**{**vars(labelled), "left_out": left_out})


def load_sequences(path: str | Path, *, missing: bool = False) -> list[Tensor]:
    """Read the sequences of a file of `numpy.savez` with the array `X`, and `lengths` where there are any.

    Raises:
        DataError: the file is missing or damaged, lacks X, or as `label_arrays`, with the file's name.
    """
    found = _read_file(path)
    given = found.get("X", found.get("x"))
    if given is None:
        raise DataError(f"{path} has no array X; it has {', '.join(found) or 'none'}")
    with named(path):
        rows = as_rows(given, "X")
        return label_arrays(rows, ["none"] * len(rows), found.get("lengths"), missing=missing).sequences


def _read_file(path: str | Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file by their names."""
    try:
        with Path(path).open("rb") as file:
            if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06", b"\x93NUM"):
                raise DataError(f"{path} is not an .npz file; numpy.savez(FILE, X=X, y=y) writes one")
            file.seek(0)
            loaded = np.load(file, allow_pickle=False)
            if not isinstance(loaded, NpzFile):
                raise DataError(f"{path} holds one array, as of numpy.save; numpy.savez(FILE, X=X, y=y) writes an .npz")
            found = {name: loaded[name] for name in loaded.files}
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        if isinstance(error, zipfile.BadZipFile):
            raise DataError(f"{path} is damaged: {error}; write or copy it again") from error
        why = (
            "it holds Python objects; save X padded, with lengths, and y as numbers or as text"
            if "pickle" in str(error)
            else "numpy.savez makes one"
        )
        raise DataError(f"{path} is not an .npz of plain arrays: {why}") from error
    return found


def label_arrays(
    X: Any, y: Any, lengths: Any = None, groups: Any = None, *, goal: str = "", missing: bool = False
) -> LabelledArrays:
    """Return sequences with their classes or numbers.

    Args:
        X: numbers (N, T, F), or (N, T) for one feature, or a list of N arrays (T_i, F) or (T_i,).
        y: (N,) classes or numbers; (N, K) numbers; (N, T) or (N, T, K) numbers of every step, or a list of them.
        lengths: whole numbers (N,): the steps of each sequence that count; all where None.
        groups: (N,) what each sequence belongs to, such as a speaker; groups stay in one part.
        goal: "classes" or "numbers": what `y` is; found where empty.
        missing: take missing values as NaN; otherwise they are refused.

    Raises:
        DataError: shapes do not fit each other, something is no number, or a value is missing; the message has the
            place, and all indices begin at 0.
        ArgumentError: `goal` is something else.
    """
    if goal not in GOALS:
        raise ArgumentError(f"goal must be classes or numbers, or empty to find it, got {goal!r}")
    rows = _read_rows(X)
    counts = _read_lengths(lengths, rows)
    sequences = [row[:count] for row, count in zip(rows, counts, strict=True)]
    _refuse_missing(sequences, lengths is None, missing)
    if groups is not None:
        groups = as_rows(groups, "groups", values=True)
        if len(groups) != len(rows):
            raise DataError(f"groups has {len(groups)} rows, X has {len(rows)}")
    owners = [str(group) for group in groups] if groups is not None else []
    classes, names, numbers = _read_targets(y, rows, counts, goal, missing)
    joined = np.concatenate(sequences)
    columns = [to_float32(joined[:, k], f"feature {k} of X") for k in range(joined.shape[1])]
    tensors = list(torch.from_numpy(np.stack(columns, 1)).split([len(sequence) for sequence in sequences]))
    return LabelledArrays(tensors, classes, names, numbers, owners, [])


def save_arrays(path: str | Path, X: Any, y: Any, lengths: Any = None, groups: Any = None) -> None:
    """Write arrays that `label_arrays` takes as a file for `load_arrays`; lists of arrays are padded.

    Args:
        path: of the file.
        X, y, lengths, groups: as in `label_arrays`.
    """
    rows = _read_rows(X)
    counts = _read_lengths(lengths, rows)
    parts = _read_parts(y)
    every = _have_every_step(parts, rows)
    size = max(map(len, rows))
    if not every and any(np.ndim(part) == 1 and len(part) == size for part in parts):
        size += 1  # numbers of a sequence, as many as steps, would be read as one of every step
    values = np.full((len(rows), size, rows[0].shape[1]), np.nan)
    for padded, row in zip(values, rows, strict=True):
        padded[: len(row)] = row
    if np.ndim(parts[0]) > 0 and len(set(map(np.shape, parts))) > 1:  # numbers of every step
        steps = [np.asarray(part, dtype=np.float64) for part in parts]
        found = np.full((len(steps), size, *steps[0].shape[1:]), np.nan)
        for padded, part in zip(found, steps, strict=True):
            padded[: len(part)] = part
        parts = list(found)
    words = np.asarray(parts)
    if words.dtype.kind == "O":
        words = words.astype(str)
    if groups is None:
        np.savez(path, X=values, y=words, lengths=np.array(counts))
    else:
        np.savez(path, X=values, y=words, lengths=np.array(counts), groups=np.asarray(groups).astype(str))


def _read_rows(X: Any) -> list[NDArray[np.float64]]:
    """Return the rows of X as (T, F), all with the same F."""
    given = X if isinstance(X, list | tuple) else as_rows(X, "X")
    rows = [as_array(row, f"X[{k}]") for k, row in enumerate(given)]
    if not rows:
        raise DataError("X has no rows")
    for k, row in enumerate(rows):
        if row.dtype.kind not in "fiub":
            raise DataError(f"X holds {row.dtype}, expected numbers")
        if row.ndim not in (1, 2) or not row.size:
            shape = f"X[{k}] has shape {row.shape}"
            raise DataError(f"{shape}; X must be (N, T, F), (N, T), or a list of (T, F), and none of them empty")
    rows = [(row if row.ndim == 2 else row[:, None]).astype(np.float64) for row in rows]
    for k, row in enumerate(rows):
        if row.shape[1] != rows[0].shape[1]:
            raise DataError(f"X[{k}] has {row.shape[1]} features, X[0] has {rows[0].shape[1]}")
        row[~np.isfinite(row)] = np.nan
    return rows


def _read_lengths(lengths: Any, rows: list[NDArray[np.float64]]) -> list[int]:
    if lengths is None:
        return [len(row) for row in rows]
    counts = as_array(lengths, "lengths")
    if counts.shape != (len(rows),) or counts.dtype.kind not in "iu":
        raise DataError(f"lengths is {counts.dtype} {counts.shape}, expected whole numbers ({len(rows)},)")
    for k, count in enumerate(counts):
        if not 1 <= count <= len(rows[k]):
            raise DataError(f"lengths[{k}] is {count}, expected 1 to the {len(rows[k])} steps of X")
    return [int(count) for count in counts]


def _refuse_missing(sequences: list[NDArray[np.float64]], without_lengths: bool, allowed: bool) -> None:
    for k, sequence in enumerate(sequences):
        absent = np.isnan(sequence)
        if absent.any() and not allowed:
            step, feature = np.argwhere(absent)[0]
            padded = "; where rows are padded, give lengths" if without_lengths else ""
            raise DataError(f"X[{k}, {step}, {feature}] is missing or infinite{padded}", ALLOWED)


def _read_targets(
    y: Any, rows: Sequence[NDArray[np.float64]], counts: Sequence[int], goal: str, missing: bool
) -> tuple[list[str], list[str], list[Tensor]]:
    """Return classes with their names, or numbers."""
    parts = _read_parts(y)
    if all(np.shape(part) == (1,) for part in parts) and max(map(len, rows)) > 1:  # a column (N, 1)
        parts = [part[0] for part in parts]
    if len(parts) != len(rows):
        raise DataError(f"y has {len(parts)} rows, X has {len(rows)}")
    whole = all(np.ndim(part) == 0 for part in parts)
    if whole:
        _refuse_absent(parts)
    if whole and (goal or find_goal(np.asarray(parts))) == "classes":
        values = np.asarray(parts)
        names = [str(value) for value in np.unique(values.astype(str) if values.dtype.kind == "O" else values)]
        return [str(value) for value in values], names, []
    if not goal and _is_one_hot(parts):
        raise DataError(
            f"y is {np.asarray(parts[0]).dtype} ({len(parts)}, {len(parts[0])}) with one 1 in each row; give the "
            "classes, y.argmax(1)",
            Setting("goal", ("numbers",), "to take them as numbers"),
        )
    if goal == "classes" or (not goal and any(np.asarray(part).dtype.kind not in "f" for part in parts)):
        shape = (len(parts), *np.shape(parts[0]))
        raise DataError(
            f"y is {np.asarray(parts[0]).dtype} {shape}; expected one class for each sequence (N,), or real numbers",
            Setting("goal", ("numbers",), "to take whole numbers for such"),
        )
    every = _have_every_step(parts, rows)
    numbers = [_read_numbers(part[:, None] if every else part, k, rows[k], counts[k]) for k, part in enumerate(parts)]
    _check_numbers(numbers, missing)
    joined = np.concatenate([part.reshape(-1, part.shape[-1]) for part in numbers])
    columns = [to_float32(joined[:, k], f"number {k} of y") for k in range(joined.shape[1])]
    sizes = [part.size // part.shape[-1] for part in numbers]
    found = torch.from_numpy(np.stack(columns, 1)).split(sizes)
    return [], [], [part.reshape(shape.shape) for part, shape in zip(found, numbers, strict=True)]


def _read_parts(y: Any) -> list[Any]:
    """Return what `y` has for each sequence: a value, or an array."""
    if isinstance(y, list | tuple) and len(y) > 0 and np.ndim(y[0]) > 0:
        return [as_array(part, f"y[{k}]") for k, part in enumerate(y)]
    array = as_rows(y, "y", values=True)
    if array.dtype.kind == "U" and isinstance(y, list | tuple):
        _refuse_absent(y)  # numpy makes a word of None and NaN where the others are words
    return [as_array(part, f"y[{k}]") if np.ndim(part) else part for k, part in enumerate(array)]


def _refuse_absent(values: Sequence[Any]) -> None:
    for k, value in enumerate(values):
        if is_absent(value):
            raise DataError(f"y[{k}] is missing; leave such sequences out")


def _have_every_step(parts: Sequence[Any], rows: Sequence[NDArray[np.float64]]) -> bool:
    """Return whether numbers (T,) are one of every step, and not T of a sequence."""
    return max(map(len, rows)) > 1 and all(
        np.ndim(part) == 1 and len(part) == len(row) for part, row in zip(parts, rows, strict=True)
    )


def _is_one_hot(parts: Sequence[Any]) -> bool:
    """Return whether each row (K,) has one 1, and 0 elsewhere."""
    rows = [np.asarray(part) for part in parts]
    if any(row.ndim != 1 or row.size < 2 or row.dtype.kind not in "fiub" for row in rows):
        return False
    return all((row == 1).sum() == 1 and (row == 0).sum() == row.size - 1 for row in rows)


def find_goal(values: NDArray[Any]) -> str:
    """Return whether targets (N,) are "classes" or "numbers".

    Raises:
        DataError: they are whole numbers, and may be both.
    """
    if values.dtype.kind in "OUSb":
        return "classes"
    if values.dtype.kind not in "fiu":
        raise DataError(f"y holds {values.dtype}, expected classes or numbers")
    known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    distinct = len(np.unique(known))
    few = distinct <= MOST_CLASSES
    if values.dtype.kind == "f" and not (few and (known == np.round(known)).all()):
        return "numbers"
    if values.dtype.kind in "iu" and few:
        return "classes"
    raise DataError(f"y is {values.dtype} with {distinct} whole numbers, which may be classes or numbers", EITHER)


def _read_numbers(part: Any, place: int, row: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return (K,) of a sequence, or (T, K) of its steps that count."""
    array = np.asarray(part)
    if array.dtype.kind not in "fiub" or array.ndim > 2:
        raise DataError(f"y[{place}] is {array.dtype} {array.shape}, expected numbers (K,), (T,) or (T, K)")
    array = np.atleast_1d(array).astype(np.float64)
    if array.ndim == 2:
        if len(array) != len(row):
            raise DataError(f"y[{place}] has {len(array)} steps, X[{place}] has {len(row)}")
        array = array[:count]
    array[~np.isfinite(array)] = np.nan
    return array


def _check_numbers(numbers: list[NDArray[np.float64]], missing: bool) -> None:
    """Refuse numbers that are missing, and rows of another form than the first."""
    for k, part in enumerate(numbers):
        if part.ndim != numbers[0].ndim or part.shape[-1] != numbers[0].shape[-1]:
            raise DataError(
                f"y[{k}] has shape {part.shape}, y[0] has {numbers[0].shape}; give all of them the same form"
            )
        absent = np.isnan(part)
        if absent.any() and not (missing and part.ndim == 2 and not absent.all()):
            place = ", ".join(str(index) for index in np.argwhere(absent)[0][: part.ndim])
            raise DataError(f"y[{k}, {place}] is missing or infinite; leave such sequences out")
