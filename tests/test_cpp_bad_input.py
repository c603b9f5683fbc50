"""Every way to go wrong ends in its exit status and one line, writes nothing to stdout and spoils no file."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from program import Outcome, Program
from safetensors.torch import save_file
from small_models import build_small

import zoo
from zoo import torchscript

USAGE, BAD_DATA, NO_INPUT, UNAVAILABLE, CANNOT_CREATE, WRITE_FAILED = 64, 65, 66, 69, 73, 74
BEFORE = b"what was here before"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An artifact of floats, one of tokens and one that cannot stream."""
    folder = tmp_path_factory.mktemp("models")
    made = {
        "float": build_small("lstm_tagger"),
        "token": build_small("gru_language_model"),
        "bidirectional": build_small("gru_tagger", bidirectional=True),
    }
    for name, model in made.items():
        zoo.save_artifact(model, folder / f"{name}.pt")
    return {name: folder / f"{name}.pt" for name in made}


@pytest.fixture
def check(program: Program, tmp_path: Path) -> Callable[..., Outcome]:
    """Call the program with an output file that exists; it must fail as said and leave that file alone."""
    output = tmp_path / "existing.npy"
    output.write_bytes(BEFORE)

    def call(status: int, words: str, *arguments: object, **options: Any) -> Outcome:
        outcome = program(*arguments, "-o", output, **options)
        assert (outcome.status, outcome.stdout) == (status, ""), outcome
        assert outcome.error.startswith("cpp_runner: error: ")
        assert len(outcome.error) < 200, outcome.error
        assert words in outcome.error
        assert len(outcome.stderr.splitlines()) == 1, outcome.stderr
        assert output.read_bytes() == BEFORE
        assert [p.name for p in tmp_path.iterdir() if p.name.startswith((".", "existing")) or "tmp" in p.name] == [
            "existing.npy"
        ]
        return outcome

    return call


def write(path: Path, array: Any) -> Path:
    np.save(path, array)
    return path


def good_input(folder: Path) -> Path:
    return write(folder / "good.npy", np.zeros((1, 5, 12), dtype=np.float32))


def missing(path: Path, model: Path) -> None:
    pass


def empty(path: Path, model: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path, model: Path) -> None:
    path.write_bytes(model.read_bytes()[:-4000])


def noise(path: Path, model: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(4000))


def directory(path: Path, model: Path) -> None:
    path.mkdir()


def state_dict(path: Path, model: Path) -> None:
    torch.save(build_small("lstm_tagger").state_dict(), path)


def old_state_dict(path: Path, model: Path) -> None:
    torch.save(build_small("lstm_tagger").state_dict(), path, _use_new_zipfile_serialization=False)


def safetensors(path: Path, model: Path) -> None:
    save_file(build_small("lstm_tagger").state_dict(), path)


def newer_format(path: Path, model: Path) -> None:
    manifest = json.dumps({"format_version": 99}).encode()
    with path.open("wb") as file:
        torchscript.save(torchscript.script(build_small("lstm_tagger")), file, {"manifest.json": manifest})


def no_json(path: Path, model: Path) -> None:
    with path.open("wb") as file:
        torchscript.save(torchscript.script(build_small("lstm_tagger")), file, {"manifest.json": b"{"})


@pytest.mark.parametrize(
    ("spoil", "status", "words"),
    [
        (missing, NO_INPUT, "model.pt"),
        (empty, BAD_DATA, "empty"),
        (truncated, BAD_DATA, "truncated"),
        (noise, BAD_DATA, "TorchScript"),
        (directory, NO_INPUT, "directory"),
        (state_dict, BAD_DATA, "scripts/script_model.py"),
        (old_state_dict, BAD_DATA, "scripts/script_model.py"),
        (safetensors, BAD_DATA, "scripts/script_model.py"),
        (newer_format, BAD_DATA, "99"),
        (no_json, BAD_DATA, "manifest"),
    ],
)
def test_bad_model(
    spoil: Callable[[Path, Path], None],
    status: int,
    words: str,
    models: dict[str, Path],
    check: Callable[..., Outcome],
    tmp_path: Path,
) -> None:
    path = tmp_path / "model.pt"
    spoil(path, models["float"])
    check(status, words, path, good_input(tmp_path))


def test_no_permission(models: dict[str, Path], program: Program, tmp_path: Path) -> None:
    model = tmp_path / "model.pt"
    model.write_bytes(models["float"].read_bytes())
    model.chmod(0)
    command = [program.path, "info", str(model)]
    if os.geteuid() == 0:  # root may read everything, unless it gives that up
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (77, ""), done.stderr
    assert done.stderr.startswith("cpp_runner: error: ")


def test_a_flipped_bit_anywhere_is_noticed(
    models: dict[str, Path], check: Callable[..., Outcome], program: Program, tmp_path: Path
) -> None:
    """Bits of weights, code, golden samples and directory; a flip that changes nothing must change no output."""
    content = models["float"].read_bytes()
    inputs = good_input(tmp_path)
    expected = program.output(models["float"], inputs, folder=tmp_path)
    rng = np.random.default_rng(1)
    path, refused = tmp_path / "flipped.pt", 0
    for place in rng.integers(0, len(content), 40):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        outcome = program(path, inputs, "-o", tmp_path / "output.npy")
        assert outcome.status in (0, BAD_DATA), outcome
        refused += outcome.status == BAD_DATA
        if outcome.status == 0:  # padding between records
            assert np.array_equal(np.load(tmp_path / "output.npy"), expected)
    assert refused >= 30


def test_another_hash_than_asked_for(models: dict[str, Path], check: Callable[..., Outcome], tmp_path: Path) -> None:
    check(BAD_DATA, "SHA-256", models["float"], good_input(tmp_path), "--sha256", "0" * 64)


def header(text: str, data: bytes = b"\0" * 240, version: bytes = b"\x01\x00", size: int | None = None) -> bytes:
    body = text.encode().ljust(118 - 64) + b"\n"
    width = 2 if version == b"\x01\x00" else 4
    return b"\x93NUMPY" + version + (len(body) if size is None else size).to_bytes(width, "little") + body + data


def npy(array: Any) -> bytes:
    from io import BytesIO

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
    content: bytes, words: str, models: dict[str, Path], check: Callable[..., Outcome], tmp_path: Path
) -> None:
    path = tmp_path / "input.npy"
    path.write_bytes(content)
    check(BAD_DATA, words, models["float"], path)


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
    tokens: Any, words: str, models: dict[str, Path], check: Callable[..., Outcome], tmp_path: Path
) -> None:
    check(BAD_DATA, words, models["token"], write(tmp_path / "input.npy", tokens))


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
    check: Callable[..., Outcome],
    tmp_path: Path,
) -> None:
    path = tmp_path / "input.bin"
    path.write_bytes(b"\0" * size)
    check(status, words, models["float"], path, *arguments)


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
    lengths: Any, words: str, models: dict[str, Path], check: Callable[..., Outcome], tmp_path: Path
) -> None:
    path = write(tmp_path / "lengths.npy", lengths)
    check(BAD_DATA, words, models["float"], good_input(tmp_path), "--lengths", path)


def test_bad_state(models: dict[str, Path], check: Callable[..., Outcome], tmp_path: Path) -> None:
    inputs, state = good_input(tmp_path), tmp_path / "state.npy"
    check(NO_INPUT, "state.h.npy", models["float"], inputs, "--state-in", state)
    write(tmp_path / "state.h.npy", np.zeros((2, 1, 20), dtype=np.float32))
    write(tmp_path / "state.c.npy", np.zeros((2, 3, 20), dtype=np.float32))
    check(BAD_DATA, "c", models["float"], inputs, "--state-in", state)
    check(USAGE, "stream", models["bidirectional"], inputs, "--state-in", state)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--stream", "4"], USAGE, "stream"),
        (["--stream", "0"], USAGE, "stream"),
        (["--stream", "four"], USAGE, "stream"),
        (["--threads", "-1"], USAGE, "threads"),
        (["--batch-size", "0"], USAGE, "batch-size"),
        (["--strem", "4"], USAGE, "--stream"),
        (["--precision", "int4"], USAGE, "precision"),
        (["--engine", "warp"], USAGE, "engine"),
        (["--device", "tpu"], USAGE, "device"),
    ],
)
def test_bad_flags(
    arguments: list[str],
    status: int,
    words: str,
    models: dict[str, Path],
    check: Callable[..., Outcome],
    tmp_path: Path,
) -> None:
    model = models["bidirectional"] if arguments == ["--stream", "4"] else models["float"]
    check(status, words, model, good_input(tmp_path), *arguments)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_no_gpu(models: dict[str, Path], check: Callable[..., Outcome], tmp_path: Path) -> None:
    check(UNAVAILABLE, "use --device cpu", models["float"], good_input(tmp_path), "--device", "cuda")


def test_too_few_and_too_many_words(program: Program, models: dict[str, Path], tmp_path: Path) -> None:
    inputs = good_input(tmp_path)
    for arguments in (
        [],
        ["run"],
        [models["float"], inputs, "--shape"],
        [models["float"]],
        ["verify"],
        [models["float"], inputs, inputs],
    ):
        outcome = program(*arguments)
        assert (outcome.status, outcome.stdout) == (USAGE, ""), arguments
        assert outcome.error.startswith("cpp_runner: error: ")


@pytest.mark.parametrize(
    ("output", "status"), [("no/such/folder/out.npy", CANNOT_CREATE), ("out.csv", USAGE), ("/dev/full", USAGE)]
)
def test_bad_output(output: str, status: int, models: dict[str, Path], program: Program, tmp_path: Path) -> None:
    outcome = program(models["float"], good_input(tmp_path), "-o", tmp_path / output)
    assert (outcome.status, outcome.stdout) == (status, ""), outcome


def test_a_full_disk(models: dict[str, Path], program: Program, tmp_path: Path) -> None:
    """A file-size limit makes the write fail part of the way, as a full disk does."""
    inputs = write(tmp_path / "long.npy", np.zeros((1, 20_000, 12), dtype=np.float32))
    output = tmp_path / "existing.npy"
    output.write_bytes(BEFORE)
    command = f'ulimit -f 16; exec "{program.path}" "{models["float"]}" "{inputs}" -o "{output}"'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (WRITE_FAILED, ""), done.stderr
    assert done.stderr.startswith("cpp_runner: error: ")
    assert output.read_bytes() == BEFORE
    assert not list(tmp_path.glob(".*"))


def test_stdout_on_a_full_disk(models: dict[str, Path], program: Program) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [program.path, "info", models["float"]], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == WRITE_FAILED, done.stderr


def test_a_closed_pipe(models: dict[str, Path], program: Program) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [program.path, "info", models["float"]], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert done.returncode == WRITE_FAILED, done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_debug_adds_the_trace(program: Program, tmp_path: Path) -> None:
    class Failing(torch.nn.Module):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return input @ input

    path = tmp_path / "plain.pt"
    with path.open("wb") as file:
        torchscript.save(torchscript.script(Failing()), file, {})
    inputs = good_input(tmp_path)
    brief = program(path, inputs)
    long = program(path, inputs, "--debug")
    assert brief.status == long.status == BAD_DATA
    assert len(brief.stderr.splitlines()) == 1
    assert len(long.stderr.splitlines()) > 3
