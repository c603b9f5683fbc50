"""Forecasts without a recurrence: the last value, the same hour of earlier days, and a linear regression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

DAY = 24  # steps
# The strengths of which validation chooses one, as shares of the mean square of a standardised input.
STRENGTHS = (1e-4, 1e-2, 1.0)


def score_last_value(task: Any) -> dict[str, float]:
    """Every future step is the last one seen."""
    return _score(task, lambda seen: seen[:, -1:].expand(-1, task.options["horizon"], -1))


def score_same_hour(task: Any) -> dict[str, float]:
    """A future hour is the mean of the same hour in all whole days of the look-back."""
    horizon = task.options["horizon"]

    def forecast(seen: Tensor) -> Tensor:
        days = seen.size(1) // DAY
        mean = seen[:, seen.size(1) - days * DAY :].unflatten(1, [days, DAY]).mean(1)  # (B, DAY, C)
        return mean.repeat(1, -(-horizon // DAY), 1)[:, :horizon]

    return _score(task, forecast)


def score_ridge(task: Any) -> dict[str, float]:
    """All variables share one linear map of the differences from the last value (NLinear, Zeng et al. 2023).

    It is the closed form of the least squares; validation chooses the strength of the ridge.
    """
    size, horizon = task.options["look_back"], task.options["horizon"]
    product, target = torch.zeros(size, size, dtype=torch.float64), torch.zeros(size, horizon, dtype=torch.float64)
    rows = 0
    for first in range(0, len(task.train), 256):
        which = list(range(first, min(first + 256, len(task.train))))
        seen, ahead = (part.double() / task.std.double() for part in task.train.cut(which))
        last = seen[:, -1:]
        x, y = (
            (part - last).transpose(1, 2).flatten(0, 1) for part in (seen, ahead)
        )  # (B * C, size), (B * C, horizon)
        product += x.T @ x
        target += x.T @ y
        rows += len(x)
    best: tuple[float, dict[str, float]] | None = None
    for strength in STRENGTHS:
        weight = torch.linalg.solve(product + strength * rows * torch.eye(size, dtype=torch.float64), target).float()

        def forecast(seen: Tensor, weight: Tensor = weight) -> Tensor:
            last = seen[:, -1:]
            return ((seen - last).transpose(1, 2) @ weight).transpose(1, 2) + last

        batches = task.validation_batches()
        validation = task.score([forecast(batch.input) for batch in batches], batches)[task.metric]
        if best is None or validation < best[0]:
            best = (validation, _score(task, forecast))
    assert best is not None
    return best[1]


def _score(task: Any, forecast: Callable[[Tensor], Tensor]) -> dict[str, float]:
    batches = task.test_batches()
    scores: dict[str, float] = task.score([forecast(batch.input) for batch in batches], batches)
    return scores
