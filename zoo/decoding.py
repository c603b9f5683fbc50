"""Labels from the scores of steps."""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor

from zoo.models.padding import step_mask


def decode_ctc(output: Tensor, lengths: Optional[Tensor] = None) -> Tensor:
    """Decode the outputs of a CTC model greedily (Graves et al. 2006).

    The likeliest label of every step is taken, equal neighbours are merged, and blanks are dropped. TorchScript can
    compile this function; models call it in their own `decode`.

    Args:
        output: scores or log-probabilities (batch, seq_len, labels), where label 0 is the blank.
        lengths: int64 (batch,), or None if nothing is padded.

    Returns:
        int64 (batch, labels of the longest row): k stands for label k + 1 of the output, -1 for no label.
    """
    best = output.argmax(2)  # (B, T)
    before = torch.cat([torch.zeros_like(best[:, :1]), best[:, :-1]], dim=1)
    begins = (best != 0) & (best != before)
    if lengths is not None:
        begins = begins & step_mask(lengths, best.size(1), best.device)
    place = begins.long().cumsum(1)  # 1 for the first label of a row
    labels = torch.full([best.size(0), best.size(1) + 1], -1, dtype=torch.int64, device=best.device)
    # Steps where no label begins write to column 0, which is cut off.
    labels.scatter_(1, torch.where(begins, place, torch.zeros_like(place)), best - 1)
    return labels[:, 1 : 1 + int(place.max())]
