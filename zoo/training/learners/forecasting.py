"""Forecasts: the loss and the errors are in units of the deviation that each variable has in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor

from zoo.training.batching import Batch
from zoo.training.learners.base import Goal, Learner


class ForecastingGoal(Goal, Protocol):
    """What this learner needs besides: `std` (C,), and the option `loss`, "mae" or "mse"."""

    std: Tensor
    options: dict[str, Any]


class ForecastingLearner(Learner):
    """Targets are (B, horizon, C), in the units of the input, and NaN where a value is missing."""

    task: ForecastingGoal

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        error = (output - batch.target) / self.task.std.to(output)
        if batch.target.isnan().any():
            error = error[~batch.target.isnan()]
        return error.abs().mean() if self.task.options["loss"] == "mae" else error.square().mean()


def score_forecasts(outputs: Sequence[Tensor], batches: Sequence[Batch], std: Tensor) -> dict[str, float]:
    """Return the mean squared and the mean absolute error over all windows, steps and variables that are not missing.

    Args:
        outputs: (B, horizon, C), one per batch.
        batches: the split.
        std: (C,) the unit of each variable.
    """
    square = absolute = 0.0
    count = 0
    for output, batch in zip(outputs, batches, strict=True):
        error = ((output.double() - batch.target.double()) / std.double())[~batch.target.isnan()]
        square += float(error.square().sum())
        absolute += float(error.abs().sum())
        count += error.numel()
    return {"mse": square / count, "mae": absolute / count}
