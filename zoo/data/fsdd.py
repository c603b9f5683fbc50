"""Free Spoken Digit Dataset (Jackson et al.): six people say ten digits, fifty times each, at 8 kHz."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from zoo.data.sounds import read_sound
from zoo.data.source import DataSource, read_files

SOURCE = DataSource(
    name="FSDD",
    folder="fsdd",
    address="https://github.com/Jakobovski/free-spoken-digit-dataset (commit 26eb9aaf)",
    license="CC BY-SA 4.0",
    sha256="28efb44718ad4037b0cf1d720eec498ae22edbb0d5df4ac78660f33f090adbbc",
    contents="its folder recordings",
)
SAMPLE_RATE = 8000
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
# Recordings 0 to 4 of each speaker and digit are the official test split; 5 to 9 are held out for validation.
FIRST_VALIDATION, FIRST_TRAIN = 5, 10


@dataclass(frozen=True)
class Recording:
    """One spoken digit.

    Args:
        samples: float32 (number of samples,) in -1..1, at 8 kHz.
        digit: 0 to 9.
        speaker: the first name.
    """

    samples: Tensor
    digit: int
    speaker: str


@dataclass(frozen=True)
class FsddSplits:
    """The splits, each sorted by file name: 2,400 recordings, 300 and 300, with all speakers in all of them."""

    train: list[Recording]
    validation: list[Recording]
    test: list[Recording]


def load_fsdd() -> FsddSplits:
    """Read all recordings.

    Raises:
        DataError: the set is missing, or is not the one published.
    """
    splits = FsddSplits([], [], [])
    for name, content in read_files(SOURCE, "recordings/*.wav"):
        digit, speaker, number = name.removeprefix("recordings/").removesuffix(".wav").split("_")
        recording = Recording(read_sound(content, name)[0], int(digit), speaker)
        if int(number) < FIRST_VALIDATION:
            splits.test.append(recording)
        elif int(number) < FIRST_TRAIN:
            splits.validation.append(recording)
        else:
            splits.train.append(recording)
    return splits
