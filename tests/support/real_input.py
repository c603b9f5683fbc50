"""Real input for the tests: speech features and text, no random numbers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zoo.config import RecurrentConfig
from zoo.data.japanese_vowels import load_japanese_vowels
from zoo.data.sequences import pad

LICENSE = Path(__file__).parents[2] / "LICENSE"
LENGTHS = [17, 29, 9, 22]


@cache
def speech_batch() -> tuple[Tensor, Tensor]:
    """Return four utterances (4, 29, 12), padded, and their lengths, in no order."""
    sequences = load_japanese_vowels("test").sequences
    chosen = [next(s for s in sequences if len(s) == length) for length in LENGTHS]
    batch, lengths = pad(chosen)
    return torch.from_numpy(batch), torch.from_numpy(lengths)


@cache
def text_batch(vocab_size: int) -> tuple[Tensor, Tensor]:
    """Return four lines of text as tokens (4, 29), padded with 0, and their lengths."""
    text = LICENSE.read_bytes()[1000:]
    tokens = np.zeros((len(LENGTHS), max(LENGTHS)), dtype=np.int64)
    for row, length in enumerate(LENGTHS):
        line = np.frombuffer(text[row * 100 : row * 100 + length], dtype=np.uint8)
        tokens[row, :length] = line % vocab_size
    return torch.from_numpy(tokens), torch.tensor(LENGTHS)


def real_batch(config: RecurrentConfig) -> tuple[Tensor, Tensor]:
    """Return input that fits a configuration with 12 features or with a vocabulary, batch first, and lengths."""
    return speech_batch() if config.vocab_size is None else text_batch(config.vocab_size)


def write_npy(path: Path, array: Any) -> Path:
    """Write an array and return where."""
    np.save(path, array)
    return path


def quiet_input(folder: Path) -> Path:
    """Write five silent steps of 12 features, which every small model of floats takes."""
    return write_npy(folder / "good.npy", np.zeros((1, 5, 12), dtype=np.float32))
