"""JapaneseVowels (Kudo et al. 1999): nine men say two vowels; who speaks?

12 cepstrum coefficients a step, 7 to 29 steps, 270 training and 370 test series. UCI Machine Learning Repository,
CC BY 4.0. The data lies in the pip package sktime (BSD-3), so nothing is downloaded.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from zoo.data.sequences import LabelledSequences
from zoo.data.source import DataSource
from zoo.errors import ArgumentError

SOURCE = DataSource(
    name="JapaneseVowels",
    folder="",
    address="https://archive.ics.uci.edu/dataset/128/japanese+vowels",
    license="CC BY 4.0",
)


def load_japanese_vowels(split: Literal["train", "test"]) -> LabelledSequences:
    """Return one of the two official splits.

    Raises:
        ImportError: sktime is not installed; the message says how to get it.
        ArgumentError: neither "train" nor "test".
    """
    if split not in ("train", "test"):
        raise ArgumentError(f"split must be train or test, got {split!r}")
    try:
        from sktime.datasets import load_japanese_vowels as load
    except ImportError as error:
        raise ImportError("JapaneseVowels comes with sktime: pip install 'recurrent-zoo[demo]'") from error
    frame, speakers = load(split=split, return_X_y=True, return_type="nested_univ")
    sequences = [
        np.stack([channel.to_numpy() for channel in row], axis=1).astype(np.float32)  # (T, 12)
        for row in frame.itertuples(index=False)
    ]
    labels = np.array([int(speaker) - 1 for speaker in speakers], dtype=np.int64)
    return LabelledSequences(sequences, labels, [f"speaker {k}" for k in range(1, 10)])
