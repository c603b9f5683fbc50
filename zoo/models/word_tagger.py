"""Tagging of words by their identity and their spelling (Plank et al. 2016, Lample et al. 2016)."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import WordTaggerConfig
from zoo.models.backbone import Backbone
from zoo.models.characters import WordFeatures
from zoo.models.padding import mask_padding


class WordTagger(nn.Module):
    """Gives (batch, seq_len, num_classes) scores for words as (batch, seq_len, word_bytes) bytes.

    Padded steps are 0, whatever bytes they have.
    """

    def __init__(self, config: WordTaggerConfig) -> None:
        super().__init__()
        self.words = WordFeatures(config)
        self.input_dropout = nn.Dropout(config.input_dropout)
        self.backbone = Backbone(config.stack_config(self.words.output_size))
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(config.output_size, config.num_classes)
        self.word_bytes = config.word_bytes
        self.state_names: List[str] = self.backbone.state_names

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if input.dim() != 3 or input.size(2) != self.word_bytes:
            raise ValueError(f"words must have 3 dimensions, the last of size {self.word_bytes}; got {input.shape}")
        if input.dtype != torch.int64:
            raise ValueError(f"words must be int64 bytes; got {input.dtype}")
        if lengths is not None:
            input = mask_padding(input, lengths)
        features, state_n = self.backbone(self.input_dropout(self.words(input)), lengths, state)
        return self.backbone.restore_layout(self.head(self.dropout(features)), lengths), state_n

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return self.backbone.initial_state(batch_size)
