"""Zoneout: a unit sometimes keeps the state that it had (Krueger et al. 2017)."""

from __future__ import annotations

from typing import List

import torch
from torch import Tensor, nn

from zoo.config import CellSpec


class Zoneout(nn.Module):
    """In training each unit keeps its old state with a probability; in eval mode it takes the mean (section 3.1).

    States that count, or that no step reads, stay as the cell gives them.
    """

    def __init__(self, probability: float, spec: CellSpec) -> None:
        super().__init__()
        self.probability = probability
        self.acts = [name not in spec.fixed_states for name in spec.state_names]

    def forward(self, after: List[Tensor], before: List[Tensor]) -> List[Tensor]:
        """Return the state, given that of the cell after a step and that before it, each (B, H)."""
        if self.probability == 0.0:
            return after
        mixed: List[Tensor] = []
        for i in range(len(after)):
            if not self.acts[i]:
                mixed.append(after[i])
            elif self.training:
                keeps = torch.rand_like(after[i]) < self.probability
                mixed.append(torch.where(keeps, before[i], after[i]))
            else:
                mixed.append(self.probability * before[i] + (1 - self.probability) * after[i])
        return mixed
