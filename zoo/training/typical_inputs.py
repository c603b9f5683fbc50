"""Real inputs that go beside a trained model: of several lengths, and none in which next to nothing happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from zoo.training.batching import Batch

MOST_STEPS = 1000  # of an input: a text is one sequence
COUNT = 4
LIVELY = 0.1  # of the largest variation: less is silence, or a sentence of two words


@dataclass(frozen=True)
class _Part:
    """A sequence, or a part of a long one, (T, ...), and how much happens in it."""

    input: Tensor
    variation: float


def write_inputs(batches: Sequence[Batch], folder: Path) -> None:
    """Write inputs of the model, (1, T, ...) each and without padding, as `1.npy` and so on, the shortest first.

    Args:
        batches: to choose from.
        folder: what it held before goes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.npy"):
        old.unlink()
    for k, input in enumerate(choose_inputs(batches), 1):
        np.save(folder / f"{k}.npy", input.unsqueeze(0).numpy(), allow_pickle=False)


def choose_inputs(batches: Sequence[Batch]) -> list[Tensor]:
    """Return at most `COUNT` inputs (T, ...), the shortest first: of each class of lengths the usual one in which
    something happens.

    Args:
        batches: to choose from; sequences of more than `MOST_STEPS` steps are cut into parts.
    """
    cut = [part for batch in batches for row in _rows(batch) for part in row.split(MOST_STEPS)]
    parts = sorted(map(_measure, cut), key=lambda part: len(part.input))
    lively = [part for part in parts if part.variation >= LIVELY * max(other.variation for other in parts)]
    count = min(COUNT, len(lively))
    borders = [k * len(lively) // count for k in range(count + 1)]
    groups = [lively[begin:end] for begin, end in pairwise(borders)]
    return [sorted(group, key=lambda part: part.variation)[len(group) // 2].input for group in groups]


def _rows(batch: Batch) -> list[Tensor]:
    """Return the sequences of a batch, without padding."""
    lengths = [batch.input.size(1)] * len(batch.input) if batch.lengths is None else batch.lengths.tolist()
    return [row[:length] for row, length in zip(batch.input, lengths, strict=True)]


def _measure(input: Tensor) -> _Part:
    """Return an input with its deviation over its steps, or, of tokens, with how many different ones it has."""
    if input.is_floating_point():
        return _Part(input, float(input.double().std(0, correction=0).mean()))
    return _Part(input, len(torch.unique(input, dim=0)))
