"""Sound in .wav files, and folders of them: one folder per class."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from zoo.data.source import DataError

FULL_SCALE = 32768.0


@dataclass(frozen=True)
class LabelledRecordings:
    """Recordings with one class each.

    Args:
        samples: float32 (number of samples,) in -1..1.
        labels: int64 (number of recordings,), classes from 0.
        class_names: what each class is called.
        sample_rate: of all of them, in Hz.
    """

    samples: list[Tensor]
    labels: Tensor
    class_names: list[str]
    sample_rate: int


def read_wav(content: bytes, name: str) -> tuple[Tensor, int]:
    """Return the samples (number of samples,) in -1..1 of a 16-bit mono .wav file, and the rate in Hz.

    Raises:
        DataError: not a .wav file, or one of another form; the message has `name`.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise DataError(f"{name} is not a readable .wav file: {error}") from error
    if channels != 1 or width != 2:
        raise DataError(f"{name} must have one channel of 16 bits, got {channels} of {8 * width}; convert it first")
    if not frames:
        raise DataError(f"{name} holds no sample")
    return torch.frombuffer(bytearray(frames), dtype=torch.int16).float() / FULL_SCALE, rate


def load_wav_folder(folder: str | Path) -> LabelledRecordings:
    """Read a folder with one folder of .wav files per class; classes are in the order of their names.

    Raises:
        DataError: no such folder, no recordings in it, or rates that differ.
    """
    folder = Path(folder)
    paths = sorted(folder.glob("*/*.wav"))
    if not paths:
        raise DataError(f"{folder} has no CLASS/NAME.wav; put the recordings of each class into a folder of its own")
    class_names = sorted({path.parent.name for path in paths})
    read = [read_wav(path.read_bytes(), str(path)) for path in paths]
    rates = sorted({rate for _, rate in read})
    if len(rates) > 1:
        raise DataError(f"{folder} has recordings at {rates} Hz; bring them to one rate first")
    labels = torch.tensor([class_names.index(path.parent.name) for path in paths])
    return LabelledRecordings([samples for samples, _ in read], labels, class_names, rates[0])


def to_steps(samples: Tensor, hop: int) -> Tensor:
    """Return samples (N,) as steps (T, hop), silence after the last one."""
    missing = -len(samples) % hop
    return torch.nn.functional.pad(samples, (0, missing)).reshape(-1, hop)
