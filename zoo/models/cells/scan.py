"""A linear recurrence over all steps at once."""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor
from torch.nn import functional


def scan_linear(keep: Tensor, add: Tensor, start: Tensor, valid: Optional[Tensor]) -> Tensor:
    """Return every h_t = keep_t * h_{t-1} + add_t, in log2(T) rounds (Hillis and Steele 1986).

    After a round, keep and add of a step stand for twice as many steps that end there. It only multiplies and adds, so
    it is as exact as the steps are where 0 <= keep <= 1.

    Args:
        keep: (B, T, H).
        add: (B, T, H).
        start: h_0, (B, H).
        valid: bool (B, T); a row keeps h where it is False. None if every step is valid.

    Returns:
        (B, T, H).
    """
    if valid is not None:
        ended = ~valid.unsqueeze(2)  # (B, T, 1)
        keep, add = keep.masked_fill(ended, 1), add.masked_fill(ended, 0)
    reach = 1
    while reach < keep.size(1):
        # The steps before the first one keep everything and add nothing.
        earlier_keep = functional.pad(keep[:, :-reach], [0, 0, reach, 0], value=1.0)
        earlier_add = functional.pad(add[:, :-reach], [0, 0, reach, 0])
        add = torch.addcmul(add, keep, earlier_add)
        keep = keep * earlier_keep
        reach *= 2
    return torch.addcmul(add, keep, start.unsqueeze(1))
