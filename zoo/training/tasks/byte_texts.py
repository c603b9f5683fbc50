"""Texts that a model reads as UTF-8 bytes: batches of short ones with a class each, and changes in training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from zoo.data.new_texts import load_lines
from zoo.training.batching import Batch, pad_sequences
from zoo.training.tasks.new_data import NewData, answer_classes


def collate_texts(examples: Sequence[tuple[str, int]]) -> Batch:
    """Return a padded batch: bytes (B, T) int64, lengths, classes (B,)."""
    input, lengths = pad_sequences([torch.tensor(list(text.encode())) for text, _ in examples])
    return Batch(input, lengths, torch.tensor([label for _, label in examples]))


def open_lines(data: str, classes: Sequence[str]) -> NewData:
    """Return the lines of a file; each has the class that is most likely.

    Args:
        data: the file.
        classes: in the order of the model's scores.
    """
    lines = load_lines(data)
    names, describe = answer_classes(classes, [str(line.number) for line in lines])
    inputs = [torch.tensor(list(line.text.encode())).unsqueeze(0) for line in lines]  # each (1, bytes)
    return NewData(inputs, ["line", *names], describe)


def drop_bytes(batch: Batch, probability: float) -> Batch:
    """Return a batch in which each byte is replaced by 0 with a probability, by torch's global generator."""
    kept = torch.rand(batch.input.shape, device=batch.input.device) >= probability
    return batch._replace(input=batch.input * kept)


def draw_case(share: float) -> Callable[[str], str]:
    """Draw how a text is written: in capitals or in small letters, each with a probability of `share`, or as it is.

    Args:
        share: 0 draws nothing.
    """
    drawn = float(torch.rand(())) if share else 1.0
    return str.upper if drawn < share else str.lower if drawn < 2 * share else str
