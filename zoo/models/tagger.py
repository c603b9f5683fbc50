"""Per-step heads: sequence tagging, language modelling, CTC transcription."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import CTCConfig, HeadConfig, LanguageModelConfig, TaggerConfig
from zoo.models.backbone import Backbone


class SequenceTagger(nn.Module):
    """Gives (batch, seq_len, num_classes) scores or log-probabilities, one linear layer on every step.

    Padded steps are 0.
    """

    def __init__(self, config: HeadConfig, num_classes: int, log_probs: bool = False) -> None:
        super().__init__()
        self.backbone = Backbone(config)
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(config.output_size, num_classes)
        self.log_probs = log_probs
        self.state_names = ["h", "c"][: self.backbone.num_states]

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        features, state_n = self.backbone(input, lengths, state)
        scores = self.head(self.dropout(features))
        if self.log_probs:
            scores = torch.log_softmax(scores, dim=2)
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


def build_ctc(config: CTCConfig) -> SequenceTagger:
    """Log-probabilities of every label at every step, label 0 the blank (Graves et al. 2006)."""
    return SequenceTagger(config, config.num_labels, log_probs=True)
