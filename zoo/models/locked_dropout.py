"""Dropout with one mask for all steps of a sequence."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LockedDropout(nn.Module):
    """Leaves out the same features of a row at every step, in training only (Gal and Ghahramani 2016)."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, input: Tensor) -> Tensor:
        """Take and return (B, T, F)."""
        if not self.training:
            return input
        keep = 1 - self.probability
        mask = torch.empty([input.size(0), 1, input.size(2)], dtype=input.dtype, device=input.device)
        return input * mask.bernoulli_(keep).div_(keep)
