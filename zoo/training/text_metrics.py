"""Metrics of text: nats per character, entities found."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional

from zoo.models.padding import step_mask

Entity = tuple[int, int, str]  # first word, word after the last, type


def nats_per_symbol(scores: Sequence[Tensor], targets: Sequence[Tensor]) -> float:
    """Return the mean negative log-likelihood of int64 targets (B, T) under scores (B, T, V), in float64."""
    total, count = 0.0, 0
    for score, target in zip(scores, targets, strict=True):
        for row, symbols in zip(score, target, strict=True):  # row by row: float64 of all at once is large
            total += float(functional.cross_entropy(row.double(), symbols, reduction="sum"))
            count += len(symbols)
    if not count:
        raise ValueError("the mean over no symbols is not defined")
    return total / count


def find_entities(tags: Sequence[str]) -> set[Entity]:
    """Return the entities of a sentence tagged B-type, I-type, O, perhaps with E- at an end and S- for single words.

    As conlleval and seqeval read it: an I- after another type, or after O, begins an entity too. L- and U-, as BILOU
    has them, are E- and S-, and M-, as BMES has it, is I-. Where there is one type only, tags may be B, I and so on.
    """
    found: set[Entity] = set()
    start, kind, ended = -1, "", False
    for k, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        inside = prefix in ("I", "M", "E", "L")
        if start >= 0 and (ended or not inside or name != kind):
            found.add((start, k, kind))
            start = -1
        if (inside or prefix in ("B", "S", "U")) and start < 0:
            start, kind = k, name
        ended = prefix in ("E", "L", "S", "U")
    return found


def entity_scores(predicted: Sequence[Sequence[str]], target: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return precision, recall and F1 over entities whose words and type all match; 0 where nothing was found."""
    right = called = true = 0
    for guess, truth in zip(predicted, target, strict=True):
        a, b = find_entities(guess), find_entities(truth)
        right, called, true = right + len(a & b), called + len(a), true + len(b)
    precision = right / called if called else 0.0
    recall = right / true if true else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def valid_steps(values: Tensor, lengths: Tensor | None) -> Tensor:
    """Return the entries of (B, T, ...) before each row's length, as (steps, ...)."""
    if lengths is None:
        return values.flatten(0, 1)
    return values[step_mask(lengths.cpu(), values.size(1))]
