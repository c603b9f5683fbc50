"""Numbers of a sequence or of every step: errors in units of the deviation in training, figures in their own units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from zoo.training.batching import Batch
from zoo.training.learners.base import Goal, Learner


class RegressionGoal(Goal, Protocol):
    """What this learner needs besides: `std` (K,) of the targets in training, and `loss`, "mae" or "mse"."""

    std: Tensor
    loss: str


class RegressionLearner(Learner):
    """Targets are (B, K), or (B, T, K) for every step; NaN where there is none. Outputs are in the targets' units."""

    task: RegressionGoal

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        error = ((output - batch.target) / self.task.std.to(output))[~batch.target.isnan()]
        return error.abs().mean() if self.task.loss == "mae" else error.square().mean()


def score_numbers(outputs: Sequence[Tensor], batches: Sequence[Batch], std: Tensor) -> dict[str, float]:
    """Return the errors of all targets, each a mean over the K numbers, of where each is known.

    Args:
        outputs: as the targets, one per batch.
        batches: the split.
        std: (K,) of the targets in training.

    Returns:
        `mse` and `mae` in the targets' units; `standardized_mse`, in units of their variance in training, of which the
        mean of training has about 1; and `r2`, the explained share of the split's variance, which is left out where a
        target does not vary. A number of which the split knows none counts in none of them.
    """
    size = std.size(0)
    called = torch.cat([output.reshape(-1, size) for output in outputs]).double()  # (rows, K)
    target = torch.cat([batch.target.reshape(-1, size) for batch in batches]).double()
    error = called - target  # NaN where a number is not known, whatever the others are
    square = error.square().nanmean(0)
    variance = (target - target.nanmean(0)).square().nanmean(0)
    explained = {"r2": float((1 - square / variance).nanmean())} if not (variance <= 0).any() else {}
    return {
        "standardized_mse": float((square / std.double().square()).nanmean()),
        "mse": float(square.nanmean()),
        "mae": float(error.abs().nanmean(0).nanmean()),
        **explained,
    }
