"""Per-step heads: sequence tagging and language modelling."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import LanguageModelConfig, TaggerConfig
from zoo.models.backbone import make_backbone


class SequenceTagger(nn.Module):
    """Gives (batch, seq_len, num_classes) scores; padded steps are 0.

    A language model is a tagger whose classes are its own tokens: the scores at step t are those of token t + 1.
    """

    def __init__(self, config: TaggerConfig | LanguageModelConfig) -> None:
        super().__init__()
        self.backbone = make_backbone(config)
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(config.output_size, config.num_classes)
        self.state_names: List[str] = self.backbone.state_names

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        features, state_n = self.backbone(input, lengths, state)
        scores = self.head(self.dropout(features))
        return self.backbone.restore_layout(scores, lengths), state_n

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return self.backbone.initial_state(batch_size)
