"""Rows of different lengths in one tensor: which steps are valid, and which come last."""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor


def step_mask(lengths: Tensor, num_steps: int, device: Optional[torch.device] = None) -> Tensor:
    """Return which steps of each row are valid, bool (B, num_steps).

    Args:
        lengths: int64 (B,), on any device.
        num_steps: steps of the padded sequences.
        device: of the result; None for the device of `lengths`.
    """
    if device is not None:
        lengths = lengths.to(device)
    return torch.arange(num_steps, device=lengths.device).unsqueeze(0) < lengths.unsqueeze(1)


def mask_padding(output: Tensor, lengths: Tensor) -> Tensor:
    """Set to 0 every step of (B, T, F) at or after its row's length."""
    valid = step_mask(lengths, output.size(1), output.device)
    return output.masked_fill(~valid.unsqueeze(2), 0)


def reverse_steps(input: Tensor, lengths: Tensor) -> Tensor:
    """Return (B, T, F) with the valid steps of each row in reverse order, and its padded steps where they were."""
    steps = torch.arange(input.size(1), device=input.device).unsqueeze(0).expand(input.size(0), -1)  # (B, T)
    last = lengths.to(input.device).unsqueeze(1) - 1  # (B, 1)
    steps = torch.where(steps <= last, last - steps, steps)
    return input.gather(1, steps.unsqueeze(2).expand(-1, -1, input.size(2)))


def last_steps(joined: Tensor, lengths: Optional[Tensor], kept: int) -> Tensor:
    """Return the last `kept` valid steps (B, kept, F) of each row of (B, kept + T, F).

    A row of length 0 gives the first `kept` steps, which come from the call before.
    """
    if lengths is None:
        return joined[:, joined.size(1) - kept :]
    steps = torch.arange(kept, device=joined.device).unsqueeze(0) + lengths.to(joined.device).unsqueeze(1)  # (B, kept)
    return joined.gather(1, steps.unsqueeze(2).expand(-1, -1, joined.size(2)))
