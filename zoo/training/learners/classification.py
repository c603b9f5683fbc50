"""One class per sequence: cross-entropy, optionally with class weights, smoothed labels and mixed examples."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from zoo.training.batching import Batch
from zoo.training.learners.base import Learner
from zoo.training.metrics import accuracy, calibration_error, confusion_matrix


class ClassificationLearner(Learner):
    """Targets are classes (B,), or probabilities (B, classes) where augmentation mixed examples.

    A task may have `class_weights` (classes,) and `label_smoothing`.
    """

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        weights: Tensor | None = getattr(self.task, "class_weights", None)
        smoothing: float = getattr(self.task, "label_smoothing", 0.0) if self.training else 0.0
        if weights is not None:
            weights = weights.to(output)
        return functional.cross_entropy(output, batch.target, weight=weights, label_smoothing=smoothing)


def balanced_weights(target: Tensor, num_classes: int, power: float = 1.0) -> Tensor:
    """Return weights (classes,) inverse to each class's share to a power; their mean over the examples is 1."""
    counts = torch.bincount(target, minlength=num_classes).clamp(min=1).float()
    weights = counts.pow(-power)
    return weights * counts.sum() / (weights * counts).sum()


def mix_examples(batch: Batch, num_classes: int, strength: float) -> Batch:
    """Return each example blended with another one, targets too (Zhang et al. 2018).

    Args:
        batch: float input (B, T, ...), classes (B,).
        num_classes: width of the new targets.
        strength: of the Beta distribution that shares are drawn from; 0 leaves all as it is.
    """
    if strength <= 0:
        return batch
    share = float(torch.distributions.Beta(strength, strength).sample())
    share = max(share, 1 - share)  # the longer share keeps its length
    other = torch.randperm(len(batch.input), device=batch.input.device)
    input = share * batch.input + (1 - share) * batch.input[other]
    lengths = batch.lengths
    if lengths is not None:
        lengths = torch.maximum(lengths, lengths[other])
    target = functional.one_hot(batch.target, num_classes).to(input.dtype)
    return Batch(input, lengths, share * target + (1 - share) * target[other])


def score_classes(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
    """Return the accuracy, the mean negative log-likelihood in nats, and the calibration error."""
    scores = torch.cat(list(outputs))
    target = torch.cat([batch.target for batch in batches])
    return {
        "accuracy": accuracy(scores.argmax(1), target),
        "nll": float(functional.cross_entropy(scores.double(), target)),
        "calibration_error": calibration_error(scores, target),
    }


def score_classes_alike(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
    """Return what `score_classes` does, and the mean recall, in which rare classes count as frequent ones do.

    A class without an example in the split has no recall, and is not in the mean.
    """
    counts = count_confusions(outputs, batches)
    there = counts.sum(1) > 0
    recalls = counts.diagonal()[there] / counts.sum(1)[there]
    return {**score_classes(outputs, batches), "mean_recall": float(recalls.mean())}


def count_confusions(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> Tensor:
    """Return how often a true class (row) was called which (column)."""
    scores = torch.cat(list(outputs))
    target = torch.cat([batch.target for batch in batches])
    return confusion_matrix(scores.argmax(1), target, scores.size(1))
