"""Matrices in 4 bits a number: 16 levels for each group of a row, with a step and a lowest value in half precision."""

from __future__ import annotations

from typing import List, Tuple

import torch
from torch import Tensor
from torch.nn import functional

GROUP = 32  # weights that share a step and a lowest value
LEVELS = 16
# Shares of a group's range that are tried: a narrower range rounds most weights better and clips a few.
RANGES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)


def round_groups(values: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Round each group of a row to 16 levels, with the range that leaves the smallest squared error.

    Args:
        values: (rows, columns).

    Returns:
        Two numbers a byte, uint8 (rows, groups, 16), the first in the lower half; step and lowest value, float16
        (rows, groups, 1).
    """
    rows = functional.pad(values, [0, -values.size(1) % GROUP]).unflatten(1, [-1, GROUP])  # (rows, groups, GROUP)
    low, high = rows.amin(2, keepdim=True), rows.amax(2, keepdim=True)
    least = torch.full_like(low, torch.inf)
    numbers, step, lowest = torch.zeros_like(rows), torch.zeros_like(low), torch.zeros_like(low)
    for share in RANGES:
        width = ((high - low) * share / (LEVELS - 1)).half().float().clamp(min=2.0**-24)
        start = ((high + low - width * (LEVELS - 1)) / 2).half().float()
        rounded = ((rows - start) / width).round().clamp(0, LEVELS - 1)
        error = (rounded * width + start - rows).square().sum(2, keepdim=True)
        better = error < least
        least = torch.where(better, error, least)
        numbers = torch.where(better, rounded, numbers)
        step, lowest = torch.where(better, width, step), torch.where(better, start, lowest)
    whole = numbers.to(torch.uint8)
    return whole[..., 0::2] | (whole[..., 1::2] << 4), step.half(), lowest.half()


def read_groups(numbers: Tensor, step: Tensor, lowest: Tensor, shape: List[int]) -> Tensor:
    """Return the float32 matrix of `round_groups`, in a shape whose later dimensions are the columns."""
    pairs = torch.stack([torch.bitwise_and(numbers, 15), torch.bitwise_right_shift(numbers, 4)], dim=3)
    rows = (pairs.flatten(2).float() * step.float() + lowest.float()).flatten(1)  # (rows, padded columns)
    columns = 1
    for size in shape[1:]:
        columns *= size
    return rows[:, :columns].reshape(shape)
