"""Metrics of classes, label strings and detections."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

CALIBRATION_BINS = 15


def accuracy(predicted: Tensor, target: Tensor) -> float:
    """Return the share of equal entries."""
    return float((predicted == target).double().mean())


def confusion_matrix(predicted: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """Return int64 (num_classes, num_classes): how often a true class (row) was called which (column)."""
    counts = torch.bincount(target * num_classes + predicted, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def calibration_error(scores: Tensor, target: Tensor, bins: int = CALIBRATION_BINS) -> float:
    """Return the expected calibration error (Guo et al. 2017, equation 3).

    Calls are sorted by the probability of the called class into bins of equal width. The error is the mean distance
    between this probability and the share of right calls, where each bin counts as often as it has calls.

    Args:
        scores: (N, classes); their softmax is the probability of each class.
        target: classes (N,). One that no score stands for is always missed.
        bins: their number.
    """
    probability, called = scores.double().softmax(1).max(1)
    place = (probability * bins).ceil().long().clamp(min=1) - 1  # bin k holds what lies in (k / bins, (k + 1) / bins]
    gap = torch.zeros(bins, dtype=torch.float64).index_add_(0, place, probability - (called == target).double())
    return float(gap.abs().sum() / len(target))


def edit_distance(a: Sequence[int], b: Sequence[int]) -> int:
    """Return how many insertions, deletions and substitutions turn one sequence into the other."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (left != right))
    return row[-1]


def error_rate(predicted: Sequence[Sequence[int]], target: Sequence[Sequence[int]]) -> float:
    """Return the edit distance of all pairs over the count of true labels."""
    total = sum(len(labels) for labels in target)
    if not total:
        raise ValueError("the error rate of no labels is not defined")
    return sum(edit_distance(p, t) for p, t in zip(predicted, target, strict=True)) / total


def roc_curve(scores: Tensor, positive: Tensor) -> tuple[Tensor, Tensor]:
    """Return false-alarm and miss rates, one point per threshold between -inf and +inf, strictest last.

    Args:
        scores: (N,) a higher score is more likely positive.
        positive: bool (N,).
    """
    if not positive.any() or positive.all():
        raise ValueError("a ROC needs positive and negative examples; one of the two is missing")
    thresholds = scores.unique()  # sorted; equal scores fall on one side together
    hits, alarms = scores[positive].sort().values, scores[~positive].sort().values
    below_hits = torch.searchsorted(hits, thresholds, right=True)
    below_alarms = torch.searchsorted(alarms, thresholds, right=True)
    miss = torch.cat([torch.zeros(1), below_hits / len(hits)])
    false_alarm = torch.cat([torch.ones(1), 1 - below_alarms / len(alarms)])
    return false_alarm, miss


def equal_error_rate(scores: Tensor, positive: Tensor) -> float:
    """Return the rate at which misses equal false alarms, on the line between the two nearest thresholds."""
    false_alarm, miss = roc_curve(scores.double(), positive)
    gap = (false_alarm - miss).double()  # falls from 1 to -1
    k = int((gap <= 0).nonzero()[0])
    if gap[k] == 0 or k == 0:
        return float(miss[k])
    weight = float(gap[k - 1] / (gap[k - 1] - gap[k]))
    return float(miss[k - 1] + weight * (miss[k] - miss[k - 1]))


def area_under_roc(scores: Tensor, positive: Tensor) -> float:
    """Return the probability that a positive example scores higher than a negative one."""
    false_alarm, miss = roc_curve(scores.double(), positive)
    return float(torch.trapezoid((1 - miss).double().flip(0), false_alarm.double().flip(0)))
