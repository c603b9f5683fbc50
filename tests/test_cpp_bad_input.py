"""Input, lengths and state that cannot be used: each defect has its own message, and nothing is written."""

from __future__ import annotations

import wave
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.program import (
    BAD_DATA,
    NO_INPUT,
    USAGE,
    Outcome,
    Program,
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
        (b"", "not a .npy file"),
        (b"\x93NUMPY", "truncated in its header"),
        (b"\x93NUMPZ" + npy(FLOATS)[6:], "not a .npy file"),
        (npy(FLOATS)[:-1], "takes 240 bytes, the file has 239"),
        (npy(FLOATS) + b"\0", "trailing bytes: float32 of shape 1x5x12 takes 240 bytes, the file has 241"),
        (npy(FLOATS.astype(">f4")), "is big-endian, expected little-endian"),
        (npy(np.asfortranarray(FLOATS.repeat(2, 0))), "it is in Fortran order"),
        (npy(np.array([{}], dtype=object)), "it holds Python objects"),
        (npy(FLOATS.astype(np.complex64)), "dtype '<c8' is not supported"),
        (npy(np.zeros((1, 5), dtype=[("a", "<f4")])), "it has a structured dtype"),
        (b"\x93NUMPY\x09\x00" + npy(FLOATS)[8:], "has version 9, expected 1, 2 or 3"),
        (
            header("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 4)}"),
            "is too large: more than 2^60 elements",
        ),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 5, 12)}"), "takes 960000000000 bytes"),
        (header("{'descr': '<f4', 'shape': (1, 5, 12)}"), "expected the keys descr, fortran_order and shape"),
        (header("hello"), "bad .npy header: expected '{'"),
        (header("{}", version=b"\x02\x00", size=0xFFFFFFFF), "header is larger than the file: 4294967295 bytes"),
        (npy(FLOATS[0]), "has 2 dimensions (5x12), expected 3: batch x seq_len x 12"),
        (npy(FLOATS[:, :, :11]), "has size 11 in dimension 2"),
        (npy(np.swapaxes(FLOATS, 1, 2).copy()), "has size 5 in dimension 2"),
        (npy(FLOATS[:, :0]), "has seq_len 0"),
        (npy(FLOATS[:0]), "has batch 0"),
        (npy(FLOATS * np.nan), "60 NaN or Inf values, the first at [0, 0, 0]"),
        (npy(FLOATS + np.inf), "or allow such values (--allow-nonfinite)"),
        (npy(np.full((1, 5, 12), 1e300)), "60 NaN or Inf values"),
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
        (np.array([[1, 128]]), "input[0, 1] is 128, expected a token in 0..127"),
        (np.array([[-1, 3]]), "input[0, 0] is -1, expected a token in 0..127"),
        (np.array([[1.0, 2.0]]), "input is float64, expected int64"),
        (np.array([1, 2]), "input has 1 dimensions"),
        (np.array([[[1], [2]]]), "input has 3 dimensions"),
    ],
)
def test_bad_tokens(
    tokens: Any, words: str, models: dict[str, Path], refuse: Callable[..., Outcome], tmp_path: Path
) -> None:
    refuse(BAD_DATA, words, models["token"], write_npy(tmp_path / "input.npy", tokens))


@pytest.mark.parametrize(
    ("size", "arguments", "status", "words"),
    [
        (100, [], BAD_DATA, "has 100 bytes, expected a multiple of 48"),  # 12 float32 a step
        (0, [], BAD_DATA, "seq_len 0"),
        (240, ["--shape", "1x4x12"], BAD_DATA, "has 240 bytes, expected 192"),
        (240, ["--shape", "1x-1x-1"], USAGE, "shape '1x-1x-1' is not usable"),
        (240, ["--shape", "1xfivex12"], USAGE, "shape '1xfivex12' is not usable"),
        (240, ["--shape", "1x5x12", "--dtype", "float128"], USAGE, "dtype 'float128' is not known"),
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


def wave_file() -> bytes:
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.arange(-1200, 1199, dtype=np.int16).tobytes())
    return buffer.getvalue()  # 4842 bytes; many sizes of a WAV file fit the steps of a model


def archive(make: Callable[[BytesIO], Any]) -> bytes:
    buffer = BytesIO()
    make(buffer)
    return buffer.getvalue()


OTHER_FILES: dict[str, tuple[bytes, str]] = {
    "wav": (
        wave_file(),
        "is a WAV file, not raw numbers; save its samples (soundfile.read) by numpy.save as",
    ),
    "flac": (b"fLaC\0\0\0\x22" + bytes(88), "is a FLAC file"),
    "ogg": (b"OggS\0\2" + bytes(90), "is an Ogg file"),
    "mp3 with a tag": (b"ID3\4\0\0\0\0" + bytes(88), "is an MP3 file"),
    "mp3": ((b"\xff\xfb\x90\x64" + bytes(413)) * 12, "is an MP3 file"),
    "npz": (archive(lambda file: np.savez(file, X=np.zeros(12))), "is a .npz archive"),
    "torch": (archive(lambda file: torch.save(torch.zeros(12), file)), "is a PyTorch file"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(88), "is an HDF5 file"),
    "csv": (
        b"date,OT\n2016-07-01 00:00:00,30.5\n2016-07-01 01:00:00,27.8\n",
        "is text, not raw numbers; save its numbers by numpy.save as",
    ),
    "utf-8": ("ähß\n".encode() * 2000, "is text"),
}


@pytest.mark.parametrize("kind", OTHER_FILES)
@pytest.mark.parametrize("name", ["input.bin", "input.txt", "input.npy", "-"])
def test_files_of_other_kinds(
    kind: str, name: str, models: dict[str, Path], program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    content, words = OTHER_FILES[kind]
    monkeypatch.chdir(tmp_path)  # a long path takes words out of a line
    piped = content if name == "-" else None
    if piped is None:
        Path(name).write_bytes(content)
    outcome = program(models["float"], name, stdin=piped)
    assert (outcome.status, outcome.stdout) == (BAD_DATA, "")
    assert words in outcome.error
    assert outcome.error.endswith("by numpy.save as float32 1x-1x12")
    # A file without a manifest is not asked for a shape first.
    torch.jit.script(torch.nn.ReLU()).save(tmp_path / "plain.pt")
    assert words in program(tmp_path / "plain.pt", name, stdin=piped).error


def test_what_is_like_another_kind_of_file_is_read(models: dict[str, Path], program: Program, tmp_path: Path) -> None:
    path = tmp_path / "input.raw"
    for value in (0.7, 0.0337757, 225.4):  # the bytes of the first two are printable, and one ends a line
        np.full((5, 12), value, dtype=np.float32).tofile(path)
        program.succeed(models["float"], path)
    text = b"A text is a row of bytes.\n" * 4
    tokens = np.frombuffer(text, dtype=np.uint8)[None].astype(np.int64)
    path.write_bytes(text)
    program.succeed(models["token"], path, "--dtype", "uint8", "-o", tmp_path / "bytes.npy")
    program.succeed(models["token"], write_npy(tmp_path / "tokens.npy", tokens), "-o", tmp_path / "output.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "bytes.npy"), np.load(tmp_path / "output.npy"))


@pytest.mark.parametrize("command", ["run", "bench"])
def test_a_shape_that_is_not_that_of_the_file(
    command: str, models: dict[str, Path], program: Program, tmp_path: Path
) -> None:
    path = write_npy(tmp_path / "input.npy", FLOATS)
    torch.jit.script(torch.nn.ReLU()).save(tmp_path / "plain.pt")
    limit = ["--iterations", "1"] if command == "bench" else []
    for model in (models["float"], tmp_path / "plain.pt"):
        for shape in ("1x12x5", "5x12", "1x-1x11"):
            outcome = program(command, model, path, "--shape", shape, *limit)
            assert (outcome.status, outcome.stdout) == (USAGE, "")
            words = f"has shape 1x5x12, but --shape says {shape}; leave --shape out for a .npy file\n"
            assert outcome.stderr.endswith(words)
        for shape in ("1x5x12", "1x-1x12"):
            program.succeed(command, model, path, "--shape", shape, *limit)
    stdin = program("run", models["float"], "-", "--shape", "1x12x5", stdin=path.read_bytes())
    assert "input on stdin has shape 1x5x12, but --shape says 1x12x5" in stdin.error


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        (np.array([6]), "lengths[0] is 6, expected 0..5"),
        (np.array([-1]), "lengths[0] is -1, expected 0..5"),
        (np.array([5, 5]), "lengths have shape 2, expected 1"),
        (np.array([5.0]), "lengths are float64, expected int64 or int32"),
        (np.array([[5]]), "lengths have shape 1x1, expected 1"),
    ],
)
def test_bad_lengths(
    lengths: Any, words: str, models: dict[str, Path], refuse: Callable[..., Outcome], tmp_path: Path
) -> None:
    path = write_npy(tmp_path / "lengths.npy", lengths)
    refuse(BAD_DATA, words, models["float"], quiet_input(tmp_path), "--lengths", path)


def test_bad_state(models: dict[str, Path], refuse: Callable[..., Outcome], tmp_path: Path) -> None:
    inputs, state = quiet_input(tmp_path), tmp_path / "state.npy"
    refuse(NO_INPUT, "/state.h.npy': no such file", models["float"], inputs, "--state-in", state)
    write_npy(tmp_path / "state.h.npy", np.zeros((2, 1, 20), dtype=np.float32))
    write_npy(tmp_path / "state.c.npy", np.zeros((2, 3, 20), dtype=np.float32))
    refuse(BAD_DATA, "state 'c' has shape 2x3x20", models["float"], inputs, "--state-in", state)
    refuse(USAGE, "--state-in needs a streamable model", models["bidirectional"], inputs, "--state-in", state)
