"""Which families take part, and the hidden size that gives each of them the same number of parameters."""

from __future__ import annotations

from typing import Any

import zoo
from zoo.training.comparison.trials import DROPOUT, Trial
from zoo.training.tasks.base import Task

TOLERANCE = 0.02
SEGMENTS, SEGMENT = "segrnn", 12
MOST_UNITS = 1024


def list_families(trial: Trial) -> list[str]:
    """Return the registered families that a data set is for."""
    general = [name.removesuffix("_encoder") for name in zoo.list_models("*_encoder")]
    families = [family for family in general if family != "grid_lstm" or trial.columns is not None]
    return [*families, SEGMENTS] if trial.model_task == "forecaster" else families


def family_overrides(family: str, trial: Trial) -> dict[str, Any]:
    """Return what a family's models differ in from their presets, besides what the data decides."""
    if family == SEGMENTS:
        return {**trial.overrides, "segment_size": SEGMENT}
    overrides = {**trial.overrides, "dropout": DROPOUT}
    if family == "grid_lstm":
        overrides["columns"] = trial.columns
    if family.startswith("transformer"):
        overrides["num_heads"] = 1  # more heads would allow few sizes, and miss the number of parameters
    return overrides


def count_parameters(family: str, trial: Trial, task: Task, hidden_size: int) -> int:
    """Return the parameters of a family's model for a data set."""
    overrides = {**task.model_overrides(), **family_overrides(family, trial), "hidden_size": hidden_size}
    model = zoo.build(f"{family}_{trial.model_task}", **overrides)
    return sum(parameter.numel() for parameter in model.parameters())


def find_hidden_size(family: str, trial: Trial, task: Task) -> int:
    """Return the hidden size whose number of parameters is nearest to the trial's, by bisection.

    Raises:
        ValueError: the nearest one is further away than `TOLERANCE`.
    """
    step = (trial.columns or 1) if family == "grid_lstm" else 2 if family == SEGMENTS else 1
    low, high = 1, MOST_UNITS // step  # in steps; low has too few parameters, or the right number
    while high - low > 1:
        middle = (low + high) // 2
        if count_parameters(family, trial, task, middle * step) <= trial.parameters:
            low = middle
        else:
            high = middle
    counts = {size * step: count_parameters(family, trial, task, size * step) for size in (low, high)}
    best = min(counts, key=lambda size: abs(counts[size] - trial.parameters))
    if abs(counts[best] - trial.parameters) > TOLERANCE * trial.parameters:
        raise ValueError(
            f"{family} has {' or '.join(f'{count:,}' for count in counts.values())} parameters on {trial.name}, and "
            f"{trial.parameters:,} are asked for within {TOLERANCE:.0%}; choose another number for all families"
        )
    return best
