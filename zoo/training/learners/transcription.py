"""Strings of labels without alignment: connectionist temporal classification (Graves et al. 2006)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

import zoo
from zoo.models.padding import step_mask
from zoo.training.batching import Batch
from zoo.training.learners.base import Learner
from zoo.training.metrics import error_rate

# A step without a label.
NO_LABEL = -1
# Steps before the end of a label that stand for it in `aligned_loss`.
PEAK = 3
# The weight of such a step, relative to a step of the blank: such steps are few.
LABEL_WEIGHT = 3.0


class TranscriptionLearner(Learner):
    """Targets are labels from 0 in the order of a row's steps, -1 in between; the model's output 0 is the blank.

    A task may have `aligned_epochs`. Its targets are then (B, T) with each label at the step where it ends, and the
    first `aligned_epochs` epochs learn exactly these places, step by step. CTC alone learns nothing but blanks for
    hundreds of steps; if the labels have places already, it finds better ones.
    """

    leaves_padding_out = True

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        if self.training and self.current_epoch < getattr(self.task, "aligned_epochs", 0):
            return aligned_loss(output, batch)
        said = batch.target != NO_LABEL
        steps = torch.full((len(output),), output.size(1), device=output.device)
        return functional.ctc_loss(
            output.transpose(0, 1).float(),
            batch.target[said] + 1,  # all rows' labels, one row after the other
            steps if batch.lengths is None else batch.lengths,
            said.sum(1),
            zero_infinity=True,
        )


def aligned_loss(output: Tensor, batch: Batch) -> Tensor:
    """Return the cross-entropy of every step: a label at its last steps, which count more, the blank at the others."""
    target = torch.zeros_like(batch.target)
    for early in range(PEAK):
        ends = batch.target[:, early:]
        target[:, : ends.size(1)] = torch.where(ends != NO_LABEL, ends + 1, target[:, : ends.size(1)])
    valid = torch.ones_like(target, dtype=torch.bool)
    if batch.lengths is not None:
        valid = step_mask(batch.lengths, target.size(1), target.device)
    weight = torch.full((output.size(2),), LABEL_WEIGHT, device=output.device)
    weight[0] = 1.0
    return functional.nll_loss(output[valid].float(), target[valid], weight=weight)


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
