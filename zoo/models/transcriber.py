"""Connectionist temporal classification (Graves et al. 2006): labels without their positions in time."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import CTCConfig
from zoo.decoding import decode_ctc
from zoo.models.backbone import make_backbone
from zoo.prefix_search import search_ctc


class Transcriber(nn.Module):
    """Gives (batch, seq_len, num_labels) log-probabilities, where label 0 is the blank; padded steps are 0."""

    def __init__(self, config: CTCConfig) -> None:
        super().__init__()
        self.backbone = make_backbone(config)
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(config.output_size, config.num_labels)
        self.state_names: List[str] = self.backbone.state_names

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        features, state_n = self.backbone(input, lengths, state)
        log_probs = torch.log_softmax(self.head(self.dropout(features)), dim=2)
        return self.backbone.restore_layout(log_probs, lengths), state_n

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return self.backbone.initial_state(batch_size)

    @torch.jit.export
    def decode(self, output: Tensor, lengths: Optional[Tensor] = None) -> Tensor:
        """Return the labels of a batch-first output (B, T, num_labels): see `zoo.decode_ctc`."""
        return decode_ctc(output, lengths)

    @torch.jit.export
    def search(
        self,
        output: Tensor,
        beam_size: int,
        lengths: Optional[Tensor] = None,
        ngram: Optional[Tensor] = None,
        ngram_weight: float = 1.0,
        label_bonus: float = 0.0,
    ) -> Tuple[Tensor, Tensor]:
        """Return the labels and scores of a batch-first output that a beam finds: see `zoo.search_ctc`."""
        return search_ctc(output, beam_size, lengths, ngram, ngram_weight, label_bonus)
