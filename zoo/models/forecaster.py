"""Forecasting: one linear layer from the final hidden state to all future steps."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import ForecasterConfig
from zoo.models.backbone import make_backbone
from zoo.models.units import Units


class Forecaster(nn.Module):
    """Gives (batch, horizon, num_variables) forecasts from all steps seen so far."""

    def __init__(self, config: ForecasterConfig) -> None:
        super().__init__()
        self.backbone = make_backbone(config)
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(config.output_size, config.horizon * config.num_variables)
        self.units = Units(config.num_variables) if config.standardize else nn.Identity()
        self.horizon = config.horizon
        self.num_variables = config.num_variables
        self.state_names: List[str] = self.backbone.state_names

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        _, state_n = self.backbone(input, lengths, state)
        values = self.head(self.dropout(self.backbone.final(state_n)))
        return self.units(values.unflatten(1, [self.horizon, self.num_variables])), state_n

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return self.backbone.initial_state(batch_size)
