"""WAV files in: samples as soundfile reads them, refusals of what is no sound for the model, in program and library."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from support.data_sets import need, write_wav
from support.embedding import ROOT, build
from support.program import BAD_DATA, USAGE, Outcome, Program
from torch import Tensor, nn

import zoo
from zoo.data import fsdd

RATE, HOP = 8000, 80


class Samples(nn.Module):
    """Gives its own steps back, so that what was read can be compared."""

    sample_rate = RATE

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, input: Tensor) -> Tensor:
        return input * self.gain


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("echo") / "echo.pt"
    spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", HOP))
    zoo.save_artifact(zoo.build_own_model(f"{__name__}:Samples", {}, spec), path)
    return path


def sweep(count: int) -> np.ndarray:
    """Return samples of every size and both signs, the largest of them included."""
    samples = np.random.default_rng(0).uniform(-1, 1, count)
    samples[:4] = (-1.0, 1.0, 0.0, 2.0**-23)
    return samples


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("form", ["WAV", "WAVEX"])
@pytest.mark.parametrize("count", [1, HOP, 3 * HOP + 7])
def test_samples_are_those_of_soundfile(
    subtype: str, form: str, count: int, echo: Path, program: Program, tmp_path: Path
) -> None:
    path = tmp_path / "sound.wav"
    soundfile.write(path, sweep(max(4, count))[:count], RATE, subtype=subtype, format=form)
    expected = soundfile.read(path, dtype="float32")[0]
    got = program.output(echo, path, folder=tmp_path)
    assert got.shape == (1, -(-count // HOP), HOP)
    np.testing.assert_array_equal(got.ravel()[:count], expected)
    assert not got.ravel()[count:].any()


def test_a_recording_goes_in_whole_and_in_chunks(
    program: Program, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    need(fsdd.SOURCE)
    recording = next(one for one in fsdd.load_fsdd().test if (one.digit, one.speaker) == (7, "nicolas"))
    path = write_wav(tmp_path / "seven.wav", (recording.samples * 32768).round().int().tolist())
    model = tmp_path / "digits.pt"
    zoo.save_artifact(zoo.build("gru_classifier_spoken_digits", pretrained=True), model)
    assert "sample rate      8000 Hz; takes WAV files" in program.succeed("info", model).stdout
    labels = program.succeed(model, path, "--json").json["outputs"][0]["labels"]
    assert labels[0]["name"] == "seven"
    steps = torch.nn.functional.pad(recording.samples, (0, -len(recording.samples) % HOP)).reshape(1, -1, HOP)
    np.save(tmp_path / "steps.npy", steps.numpy())
    whole = program.output(model, path, folder=tmp_path)
    np.testing.assert_array_equal(whole, program.output(model, tmp_path / "steps.npy", folder=tmp_path))
    chunks = program.output(model, path, "--stream", "7", folder=tmp_path)
    np.testing.assert_allclose(chunks, whole, atol=1e-4)
    piped = program.succeed(model, "-", "--json", stdin=path.read_bytes()).json["outputs"][0]["labels"]
    assert piped == labels
    examples = build(ROOT / "cpp_runner" / "examples", tmp_path_factory.mktemp("examples"))
    done = subprocess.run([examples / "listen", model, path], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "seven"
    assert float(done.stdout.split()[1]) == pytest.approx(labels[0]["probability"], abs=1e-5)


def form_of(encoding: int, channels: int = 1, rate: int = RATE, bits: int = 16, frame: int | None = None) -> bytes:
    size = channels * bits // 8 if frame is None else frame
    return struct.pack("<4sIHHIIHH", b"fmt ", 16, encoding, channels, rate, rate * size, size, bits)


def file_of(*chunks: bytes, size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return struct.pack("<4sI", b"RIFF", len(body) if size is None else size) + body


def sound_of(content: bytes, size: int | None = None) -> bytes:
    return struct.pack("<4sI", b"data", len(content) if size is None else size) + content


SOUND = np.arange(-80, 80, dtype="<i2").tobytes()
OTHERS = {
    "another rate": (file_of(form_of(1, rate=16000), sound_of(SOUND)), "is at 16000 Hz, and the model takes 8000 Hz"),
    "two channels": (file_of(form_of(1, 2), sound_of(SOUND)), "has 2 channels, and the model takes one"),
    "no sample": (file_of(form_of(1), sound_of(b"")), "the recording has no sample"),
    "mu-law": (
        file_of(form_of(7, bits=8), sound_of(SOUND)),
        "encoding 7 of 8 bits is not read, only whole",
    ),
    "20 bits in 2 bytes": (file_of(form_of(1, bits=20, frame=2), sound_of(SOUND)), "encoding 1 of 20 bits is not read"),
    "no channel": (file_of(form_of(1, 0, frame=2), sound_of(SOUND)), "it has no channel or no rate"),
    "cut sound": (file_of(form_of(1), sound_of(SOUND, 500)), "it is cut: its chunk 'data' says 500 bytes of sound"),
    "cut sample": (file_of(form_of(1), sound_of(SOUND[:-1])), "319 bytes of sound end inside a sample"),
    "cut form": (file_of(form_of(1)[:20]), "it ends before its sound"),
    "short form": (file_of(struct.pack("<4sI", b"fmt ", 4) + b"\1\0\1\0", sound_of(SOUND)), "'fmt ' is cut"),
    "no form": (file_of(sound_of(SOUND)), "its sound stands before its form"),
    "a chunk beyond the end": (file_of(form_of(1), struct.pack("<4sI", b"LIST", 99)), "it ends before its sound"),
    "NaN": (file_of(form_of(3, bits=32), sound_of(struct.pack("<f", np.nan))), "NaN"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_sound_for_the_model_is_refused(
    kind: str, echo: Path, refuse: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    content, words = OTHERS[kind]
    monkeypatch.chdir(tmp_path)  # a long path takes words out of a line
    Path("sound.wav").write_bytes(content)
    refuse(BAD_DATA, words, echo, "sound.wav")


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_a_size_that_was_not_known_stands_for_the_rest(size: int, echo: Path, program: Program, tmp_path: Path) -> None:
    other = struct.pack("<4sI", b"LIST", 3) + b"abc\0"  # an odd size has a byte of padding
    content = file_of(form_of(1), other, sound_of(SOUND, size), size=0xFFFFFFFF)
    got = program.succeed(echo, "-", "-o", tmp_path / "got.npy", stdin=content)
    assert got.status == 0
    np.testing.assert_array_equal(np.load(tmp_path / "got.npy").ravel(), np.arange(-80, 80) / np.float32(32768))


def test_flags_of_raw_numbers_do_not_go_with_a_wav_file(
    echo: Path,
    refuse: Callable[..., Outcome],
    models: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)  # a long path takes words out of a line
    Path("sound.wav").write_bytes(file_of(form_of(1), sound_of(SOUND)))
    for flags in (["--shape", "1x2x80"], ["--dtype", "int16"]):
        refuse(
            USAGE, "is a WAV file, which says its own form; leave --shape and --dtype out", echo, "sound.wav", *flags
        )
    refuse(BAD_DATA, "is a WAV file, not raw numbers; save its samples", models["float"], "sound.wav")
