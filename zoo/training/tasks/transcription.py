"""Strings of labels without alignment: connectionist temporal classification (Graves et al. 2006)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

import zoo
from zoo.training.batching import Batch
from zoo.training.learner import Learner
from zoo.training.metrics import error_rate

# Fills up the rows of targets.
NO_LABEL = -1


class TranscriptionLearner(Learner):
    """Targets are labels (B, L) from 0, filled up with -1; the model's output 0 is the blank."""

    leaves_padding_out = True

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        steps = torch.full((len(output),), output.size(1), device=output.device)
        return functional.ctc_loss(
            output.transpose(0, 1).float(),
            batch.target.clamp(min=0) + 1,
            steps if batch.lengths is None else batch.lengths,
            (batch.target != NO_LABEL).sum(1),
            zero_infinity=True,
        )


def score_strings(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
    """Return the label error rate, and the share of strings without an error."""
    predicted: list[list[int]] = []
    target: list[list[int]] = []
    for output, batch in zip(outputs, batches, strict=True):
        predicted += _rows(zoo.decode_ctc(output, batch.lengths))
        target += _rows(batch.target)
    return {
        "error_rate": error_rate(predicted, target),
        "whole_strings": sum(p == t for p, t in zip(predicted, target, strict=True)) / len(target),
    }


def _rows(labels: Tensor) -> list[list[int]]:
    return [[label for label in row if label != NO_LABEL] for row in labels.tolist()]
