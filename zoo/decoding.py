"""From scores of steps to labels."""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor


def decode_ctc(output: Tensor, lengths: Optional[Tensor] = None) -> Tensor:
    """Read labels off the outputs of a CTC model: the likeliest of every step, runs once, blanks not at all.

    It scripts, and models call it from their own `decode`.

    Args:
        output: scores or log-probabilities (batch, seq_len, labels with the blank as number 0).
        lengths: int64 (batch,), or None where nothing is padded.

    Returns:
        int64 (batch, most labels of a row): k stands for output k + 1, -1 for no label. Graves et al. 2006.
    """
    best = output.argmax(2)  # (B, T)
    before = torch.cat([torch.zeros_like(best[:, :1]), best[:, :-1]], dim=1)
    begins = (best != 0) & (best != before)
    if lengths is not None:
        steps = torch.arange(best.size(1), device=best.device).unsqueeze(0)
        begins = begins & (steps < lengths.to(best.device).unsqueeze(1))
    place = begins.long().cumsum(1)  # 1 for a row's first label
    labels = torch.full([best.size(0), best.size(1) + 1], -1, dtype=torch.int64, device=best.device)
    # Steps that begin no label all write to column 0, which is cut off.
    labels.scatter_(1, torch.where(begins, place, torch.zeros_like(place)), best - 1)
    return labels[:, 1 : 1 + int(place.max())]
