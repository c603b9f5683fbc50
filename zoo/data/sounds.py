"""Recordings in .wav, .flac, .ogg and what else libsndfile reads, and folders of them: one folder per class."""

from __future__ import annotations

import io
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from zoo.data.folders import is_hidden, list_files
from zoo.data.settings import Setting
from zoo.data.sound_lists import NOISE, is_list, read_lists
from zoo.data.sound_sizes import find_flac_samples, refuse_cut
from zoo.data.source import DataError

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".aiff", ".aif", ".au")
# Names of folders that hold a part of the data, not a class.
PARTS = {"train", "training", "test", "testing", "valid", "validation", "val", "dev", "eval"}


@dataclass(frozen=True)
class LabelledRecordings:
    """Recordings with one class each.

    Args:
        samples: float32 (number of samples,) in -1..1.
        labels: int64 (number of recordings,), classes from 0.
        class_names: what each class is called.
        sample_rate: of all of them, in Hz.
        paths: of the files, in the same order.
        left_out: endings of the other files in the folder, and how many there are of each, the most first.
        parts: of each recording, where lists beside the classes say it, as `read_lists`.
        noise: a folder of noise lies beside the classes, and is left out.
    """

    samples: list[Tensor]
    labels: Tensor
    class_names: list[str]
    sample_rate: int
    paths: list[Path]
    left_out: dict[str, int]
    parts: list[str]
    noise: bool


def read_sound(content: bytes, name: str, *, mix_down: bool = False) -> tuple[Tensor, int]:
    """Return the samples (number of samples,) in -1..1 of a sound file of any width, and its rate in Hz.

    Args:
        content: the whole file.
        name: what errors call it.
        mix_down: make one channel of several, as their mean.

    Raises:
        DataError: no sound file, a damaged or cut one, no samples, or several channels and `mix_down` is False.
    """
    import soundfile  # takes 0.2 s, and most programs read no sounds

    refuse_cut(content, name)
    try:
        values, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)  # (N, channels)
    except (soundfile.SoundFileError, RuntimeError, EOFError, OSError) as error:
        why = str(error).partition(": ")[2] or str(error) or "damaged"
        raise DataError(f"{name} is not a readable sound file: {why.rstrip('.')}; convert it again") from error
    samples = torch.from_numpy(values)
    said = find_flac_samples(content)
    if len(samples) < said:
        raise DataError(f"{name} is cut: it says {said:,} samples, and {len(samples):,} are there; copy it again")
    if not len(samples):
        raise DataError(f"{name} holds no sample")
    if not samples.isfinite().all():
        place = int((~samples.isfinite().all(1)).nonzero()[0])
        raise DataError(f"{name}: sample {place} is not a finite number")
    if samples.size(1) > 1 and not mix_down:
        as_mean = Setting("mix_down", ("true",), "to make one of them, as their mean")
        raise DataError(f"{name} has {samples.size(1)} channels, expected 1", as_mean)
    return samples.mean(1), int(rate)


def resample(samples: Tensor, rate: int, wanted: int) -> Tensor:
    """Return samples (N,) at another rate, through a polyphase filter that leaves out what the rate cannot hold.

    Args:
        samples: at `rate`.
        rate: in Hz.
        wanted: in Hz.
    """
    if rate == wanted:
        return samples
    from scipy.signal import resample_poly

    shared = math.gcd(rate, wanted)
    values = resample_poly(samples.double().numpy(), wanted // shared, rate // shared)
    return torch.from_numpy(values).float()


def load_sound_folder(folder: str | Path, *, rate: int = 0, mix_down: bool = False) -> LabelledRecordings:
    """Read a folder with one folder of recordings per class; classes are in the order of their names.

    Args:
        folder: holds CLASS/NAME.wav, or other endings of `SUFFIXES`; folders inside a class are read too, and links to
            folders.
        rate: to bring all recordings to, in Hz; 0 takes them as they are.
        mix_down: make one channel of several, as their mean.

    Raises:
        DataError: no such folder, no recordings in it, recordings beside the classes' folders, rates that differ, a
            link to nothing, or as `read_sound` and `read_lists`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; give one that holds a folder of recordings for each class")
    files = [path for path in list_files(folder) if path.relative_to(folder).parts[0] != NOISE]
    paths = [path for path in files if is_recording(path)]
    loose = [path for path in paths if path.parent == folder]
    if loose or not paths:
        found = f"{loose[0]} lies beside the classes" if loose else f"{folder} has no CLASS/NAME.wav"
        raise DataError(f"{found}; put the recordings of each class into a folder of its own")
    names = [path.relative_to(folder).parts[0] for path in paths]
    class_names = sorted(set(names))
    _refuse_other_layouts(folder, class_names)
    parts = read_lists(folder, paths)
    read = [read_sound(path.read_bytes(), str(path), mix_down=mix_down) for path in paths]
    if not rate:
        _refuse_mixed_rates(paths, [own for _, own in read])
        rate = read[0][1]
    if not any(bool(values.any()) for values, _ in read):
        raise DataError(f"{folder}: all recordings are silent, and there is nothing to learn from")
    labels = torch.tensor([class_names.index(name) for name in names])
    samples = [resample(values, own, rate) for values, own in read]
    others = Counter(
        path.suffix.lower() or "without an ending"
        for path in files
        if not (is_recording(path) or is_list(path, folder))
    )
    left_out, noise = dict(others.most_common()), (folder / NOISE).is_dir()
    return LabelledRecordings(samples, labels, class_names, rate, paths, left_out, parts, noise)


def is_recording(path: Path) -> bool:
    """Return whether a file's ending is one of those that are read."""
    return path.suffix.lower() in SUFFIXES


def _refuse_other_layouts(folder: Path, class_names: list[str]) -> None:
    """Refuse folders that are parts of the data, and folders of which no file can be read.

    Raises:
        DataError: with the folder's name.
    """
    if {name.lower() for name in class_names} <= PARTS:
        raise DataError(
            f"the folders of {folder} are parts, {', '.join(class_names)}, and no classes; give one part",
            Setting("test", ("PATH",), "to test with another one"),
        )
    for place in sorted(folder.iterdir()):
        if place.is_dir() and place.name not in (*class_names, NOISE) and not is_hidden(place.name):
            kinds = sorted({path.suffix for path in list_files(place) if path.suffix}) or ["nothing"]
            raise DataError(f"{place} has no recording that can be read, but {', '.join(kinds)}; convert or remove it")


def _refuse_mixed_rates(paths: list[Path], rates: list[int]) -> None:
    for path, rate in zip(paths, rates, strict=True):
        if rate != rates[0]:
            raise DataError(
                f"{paths[0]} is at {rates[0]} Hz and {path} at {rate} Hz",
                Setting("sample_rate", (str(min(rate, rates[0])),), "to bring all to one"),
            )


def to_steps(samples: Tensor, hop: int) -> Tensor:
    """Return samples (N,) as steps (T, hop), silence after the last one."""
    missing = -len(samples) % hop
    return torch.nn.functional.pad(samples, (0, missing)).reshape(-1, hop)
