"""The bare encoder: one feature vector per step."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import EncoderConfig
from zoo.models.backbone import make_backbone


class Encoder(nn.Module):
    """Gives (batch, seq_len, directions * hidden_size) features, with proj_size instead of hidden_size if it is set."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.backbone = make_backbone(config)
        self.state_names: List[str] = self.backbone.state_names

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        features, state_n = self.backbone(input, lengths, state)
        return self.backbone.restore_layout(features, lengths), state_n

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return self.backbone.initial_state(batch_size)
