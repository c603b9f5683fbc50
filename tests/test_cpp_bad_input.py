"""Input, lengths and state that cannot be used: each defect has its own message, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.program import (
    BAD_DATA,
    NO_INPUT,
    USAGE,
    Outcome,
)
from support.real_input import quiet_input, write_npy


def header(text: str, data: bytes = b"\0" * 240, version: bytes = b"\x01\x00", size: int | None = None) -> bytes:
    body = text.encode().ljust(118 - 64) + b"\n"
    width = 2 if version == b"\x01\x00" else 4
    return b"\x93NUMPY" + version + (len(body) if size is None else size).to_bytes(width, "little") + body + data


def npy(array: Any) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


FLOATS = np.arange(60, dtype=np.float32).reshape(1, 5, 12)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x93NUMPY", "truncated"),
        (b"\x93NUMPZ" + npy(FLOATS)[6:], "npy"),
        (npy(FLOATS)[:-1], "truncated"),
        (npy(FLOATS) + b"\0", "240"),
        (npy(FLOATS.astype(">f4")), "big-endian"),
        (npy(np.asfortranarray(FLOATS.repeat(2, 0))), "Fortran"),
        (npy(np.array([{}], dtype=object)), "object"),
        (npy(FLOATS.astype(np.complex64)), "dtype"),
        (npy(FLOATS.astype(np.float16)), "dtype"),
        (npy(np.zeros((1, 5), dtype=[("a", "<f4")])), "dtype"),
        (b"\x93NUMPY\x09\x00" + npy(FLOATS)[8:], "version"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 4)}"), "shape"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 5, 12)}"), "truncated"),
        (header("{'descr': '<f4', 'shape': (1, 5, 12)}"), "header"),
        (header("hello"), "header"),
        (header("{}", version=b"\x02\x00", size=0xFFFFFFFF), "header"),
        (npy(FLOATS[0]), "2 dimensions"),
        (npy(FLOATS[:, :, :11]), "12"),
        (npy(np.swapaxes(FLOATS, 1, 2).copy()), "12"),
        (npy(FLOATS[:, :0]), "seq_len"),
        (npy(FLOATS[:0]), "batch"),
        (npy(FLOATS * np.nan), "NaN"),
        (npy(FLOATS + np.inf), "Inf"),
        (npy(np.full((1, 5, 12), 1e300)), "Inf"),
    ],
)
def test_bad_npy(
    content: bytes, words: str, models: dict[str, Path], refuse: Callable[..., Outcome], tmp_path: Path
) -> None:
    path = tmp_path / "input.npy"
    path.write_bytes(content)
    refuse(BAD_DATA, words, models["float"], path)


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (np.array([[1, 128]]), "128"),
        (np.array([[-1, 3]]), "-1"),
        (np.array([[1.0, 2.0]]), "int64"),
        (np.array([1, 2]), "1 dimensions"),
        (np.array([[[1], [2]]]), "3 dimensions"),
    ],
)
def test_bad_tokens(
    tokens: Any, words: str, models: dict[str, Path], refuse: Callable[..., Outcome], tmp_path: Path
) -> None:
    refuse(BAD_DATA, words, models["token"], write_npy(tmp_path / "input.npy", tokens))


@pytest.mark.parametrize(
    ("size", "arguments", "status", "words"),
    [
        (100, [], BAD_DATA, "48"),  # 12 float32 a step
        (0, [], BAD_DATA, "seq_len 0"),
        (240, ["--shape", "1x4x12"], BAD_DATA, "192"),
        (240, ["--shape", "1x-1x-1"], USAGE, "shape"),
        (240, ["--shape", "1xfivex12"], USAGE, "shape"),
        (240, ["--shape", "1x5x12", "--dtype", "float16"], USAGE, "dtype"),
    ],
)
def test_bad_raw_input(
    size: int,
    arguments: list[str],
    status: int,
    words: str,
    models: dict[str, Path],
    refuse: Callable[..., Outcome],
    tmp_path: Path,
) -> None:
    path = tmp_path / "input.bin"
    path.write_bytes(b"\0" * size)
    refuse(status, words, models["float"], path, *arguments)


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        (np.array([6]), "6"),
        (np.array([0]), "0"),
        (np.array([5, 5]), "lengths"),
        (np.array([5.0]), "int64"),
        (np.array([[5]]), "lengths"),
    ],
)
def test_bad_lengths(
    lengths: Any, words: str, models: dict[str, Path], refuse: Callable[..., Outcome], tmp_path: Path
) -> None:
    path = write_npy(tmp_path / "lengths.npy", lengths)
    refuse(BAD_DATA, words, models["float"], quiet_input(tmp_path), "--lengths", path)


def test_bad_state(models: dict[str, Path], refuse: Callable[..., Outcome], tmp_path: Path) -> None:
    inputs, state = quiet_input(tmp_path), tmp_path / "state.npy"
    refuse(NO_INPUT, "state.h.npy", models["float"], inputs, "--state-in", state)
    write_npy(tmp_path / "state.h.npy", np.zeros((2, 1, 20), dtype=np.float32))
    write_npy(tmp_path / "state.c.npy", np.zeros((2, 3, 20), dtype=np.float32))
    refuse(BAD_DATA, "c", models["float"], inputs, "--state-in", state)
    refuse(USAGE, "stream", models["bidirectional"], inputs, "--state-in", state)
