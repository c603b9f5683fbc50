"""Regression: numbers of a whole sequence or of every step, one linear layer, in the units of the targets."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import RegressorConfig
from zoo.models.backbone import make_backbone
from zoo.models.pooling import make_pooling
from zoo.models.units import Units


class SequenceRegressor(nn.Module):
    """Gives (batch, num_targets) numbers for all steps seen so far, so each chunk of a stream refines them."""

    def __init__(self, config: RegressorConfig) -> None:
        super().__init__()
        self.backbone = make_backbone(config)
        self.pooling = make_pooling(config.pooling, config.output_size)
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(config.output_size, config.num_targets)
        self.units = Units(config.num_targets)
        self.num_states: int = self.backbone.num_states
        self.state_names = self.backbone.state_names + self.pooling.state_names

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        recurrent: Optional[List[Tensor]] = None
        if state is not None:
            recurrent = state[: self.num_states]
        features, state_n = self.backbone(input, lengths, recurrent)
        if state is None:
            pooling_state = self.pooling.zero_state(features.size(0), features)
        else:
            pooling_state = state[self.num_states :]
        final = self.backbone.final(state_n)
        pooled, pooling_state = self.pooling(features, final, lengths, pooling_state)
        return self.units(self.head(self.dropout(pooled))), state_n + pooling_state

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        pooling_state = self.pooling.zero_state(batch_size, self.backbone.like)
        return self.backbone.initial_state(batch_size) + pooling_state


class StepRegressor(nn.Module):
    """Gives (batch, seq_len, num_targets) numbers; padded steps are 0."""

    def __init__(self, config: RegressorConfig) -> None:
        super().__init__()
        self.backbone = make_backbone(config)
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(config.output_size, config.num_targets)
        self.units = Units(config.num_targets)
        self.state_names: List[str] = self.backbone.state_names

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        features, state_n = self.backbone(input, lengths, state)
        numbers = self.units(self.head(self.dropout(features)))
        return self.backbone.restore_layout(numbers, lengths), state_n

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return self.backbone.initial_state(batch_size)


def make_regressor(config: RegressorConfig) -> nn.Module:
    """Return the regressor that a validated configuration asks for."""
    return StepRegressor(config) if config.pooling == "none" else SequenceRegressor(config)
