"""Missing values (NaN), and what may stand for them: the same in training, in tests and in use."""

from __future__ import annotations

import torch
from torch import Tensor

from zoo.data.settings import Setting
from zoo.errors import ArgumentError

# What a user may choose: refuse is the default of every reader.
CHOICES = ("refuse", "drop", "interpolate", "forward", "mask")
ALLOWED = Setting("missing", CHOICES[1:])


def check_choice(how: str) -> None:
    """Refuse a name that is not in `CHOICES`."""
    if how not in CHOICES:
        raise ArgumentError(f"missing must be one of {', '.join(CHOICES)}, got {how!r}")


def count_inputs(features: int, how: str) -> int:
    """Return the features of a model that reads steps of so many: twice as many with marks of what is missing."""
    return 2 * features if how == "mask" else features


def fill_missing(values: Tensor, how: str, mean: Tensor) -> Tensor:
    """Put numbers where values are missing. Nothing outside of the given steps is looked at.

    Args:
        values: float (..., T, C), NaN where one is missing.
        how: "interpolate" draws a line between the values before and after, "forward" repeats the value before, and
            both take the nearest value at the ends; "mask" takes the mean, and adds C features that are 1 where a value
            was missing and 0 elsewhere. Anything else leaves NaN where it is.
        mean: (C,) of training; it also stands for a variable without any value.

    Returns:
        (..., T, C), or (..., T, 2 C) with "mask".
    """
    absent = values.isnan()
    default = mean.to(values).expand_as(values)
    if how == "mask":
        return torch.cat([torch.where(absent, default, values), absent.to(values.dtype)], -1)
    if how not in ("interpolate", "forward") or not absent.any():
        return values
    num_steps = values.size(-2)
    steps = torch.arange(num_steps).unsqueeze(1).expand_as(values)  # (..., T, C)
    before = torch.where(absent, -1, steps).cummax(-2).values
    after = torch.where(absent, num_steps, steps).flip(-2).cummin(-2).values.flip(-2)
    known_before, known_after = before >= 0, after < num_steps
    left = values.gather(-2, torch.where(known_before, before, after).clamp(0, num_steps - 1))
    right = values.gather(-2, torch.where(known_after, after, before).clamp(0, num_steps - 1))
    share = torch.zeros_like(values)
    if how == "interpolate":
        between = known_before & known_after & absent
        share = torch.where(between, (steps - before).to(values) / (after - before).clamp(min=1).to(values), share)
    filled = torch.where(absent, left + share * (right - left), values)
    return torch.where(known_before | known_after, filled, default)


def drop_missing(values: Tensor) -> Tensor:
    """Return the steps of (T, C) in which nothing is missing."""
    return values[~values.isnan().any(1)]
