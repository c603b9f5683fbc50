"""Sequences of different lengths, and how they become one padded batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LabelledSequences:
    """Sequences with one class each.

    Args:
        sequences: float32 arrays (seq_len, features), each with its own seq_len.
        labels: int64 (number of sequences,), classes from 0.
        class_names: what each class is called.
    """

    sequences: list[NDArray[np.float32]]
    labels: NDArray[np.int64]
    class_names: list[str]

    @property
    def num_features(self) -> int:
        return int(self.sequences[0].shape[1])


def pad(sequences: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return sequences (T_i, F) as a batch (B, T, F) padded with zeros, and their lengths (B,)."""
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    batch = np.zeros((len(sequences), int(lengths.max()), sequences[0].shape[1]), dtype=np.float32)
    for row, sequence in zip(batch, sequences, strict=True):
        row[: len(sequence)] = sequence
    return batch, lengths
