"""Rows of different lengths in one tensor: what lies behind a row's end, and what lies before it."""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor


def mask_padding(output: Tensor, lengths: Tensor) -> Tensor:
    """Set to 0 every step of (B, T, F) at or after its row's length."""
    steps = torch.arange(output.size(1), device=output.device)
    padded = steps.unsqueeze(0) >= lengths.to(output.device).unsqueeze(1)  # (B, T)
    return output.masked_fill(padded.unsqueeze(2), 0)


def last_steps(joined: Tensor, lengths: Optional[Tensor], kept: int) -> Tensor:
    """Return the `kept` steps (B, kept, F) that end each row of (B, kept + T, F), its padding left out.

    A row of length 0 gives the first `kept` steps, which are those of the call before.
    """
    if lengths is None:
        return joined[:, joined.size(1) - kept :]
    steps = torch.arange(kept, device=joined.device).unsqueeze(0) + lengths.to(joined.device).unsqueeze(1)  # (B, kept)
    return joined.gather(1, steps.unsqueeze(2).expand(-1, -1, joined.size(2)))
