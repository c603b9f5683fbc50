"""One step of a beam search: of all ways to go on, the likeliest are kept.

`scores` are log-probabilities of whole outputs so far, (B, K), the likeliest first. Label 0 ends an output.
"""

from __future__ import annotations

from typing import Tuple

import torch
from torch import Tensor

# The log-probability of what cannot be. It is finite, because the sum of two infinities may be NaN.
IMPOSSIBLE = -1.0e30


def start_beams(like: Tensor, batch_size: int, beam_size: int, impossible: float = IMPOSSIBLE) -> Tensor:
    """Return scores with one empty output per row; the others would be the same one again."""
    scores = torch.full([batch_size, beam_size], impossible, dtype=like.dtype, device=like.device)
    scores[:, 0] = 0.0
    return scores


def extend_beams(
    log_probs: Tensor, scores: Tensor, ended: Tensor, impossible: float = IMPOSSIBLE
) -> Tuple[Tensor, Tensor, Tensor]:
    """Choose the likeliest outputs with one more label.

    Args:
        log_probs: of each next label (B, K, labels).
        scores: (B, K).
        ended: bool (B, K). Such an output stays as it is, at no cost.
        impossible: stands for minus infinity.

    Returns:
        The new scores (B, K), which output each goes on from (B, K), and its label (B, K), 0 where it has ended.
    """
    beam_size, num_labels = log_probs.size(1), log_probs.size(2)
    stays = torch.full_like(log_probs, impossible)
    stays[:, :, 0] = 0.0
    log_probs = torch.where(ended.unsqueeze(2), stays, log_probs)
    total = (scores.unsqueeze(2) + log_probs).flatten(1)  # (B, K * labels)
    best, place = total.topk(beam_size, dim=1)
    return best, torch.div(place, num_labels, rounding_mode="floor"), place.remainder(num_labels)
