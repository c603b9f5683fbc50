"""Per-step heads: sequence tagging and language modelling."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import HeadConfig, LanguageModelConfig, TaggerConfig
from zoo.models.backbone import Backbone


class SequenceTagger(nn.Module):
    """Gives (batch, seq_len, num_classes) scores, one linear layer on every step.

    Padded steps are 0.

    Args:
        config: sizes.
        num_classes: scores per step.
        backbone: what turns input into features, where it is not the plain `Backbone` of the configuration.
    """

    def __init__(self, config: HeadConfig, num_classes: int, backbone: Any = None) -> None:
        super().__init__()
        self.backbone: Any = Backbone(config) if backbone is None else backbone
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(config.output_size, num_classes)
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


def build_tagger(config: TaggerConfig) -> SequenceTagger:
    """One class for every step."""
    return SequenceTagger(config, config.num_classes)


def build_language_model(config: LanguageModelConfig) -> SequenceTagger:
    """A tagger whose classes are its own tokens: the scores at step t are those of token t + 1."""
    assert config.vocab_size is not None  # the config refuses None
    return SequenceTagger(config, config.vocab_size)
