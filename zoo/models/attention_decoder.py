"""The decoder of an encoder-decoder: from the labels so far to the log-probabilities of the next one."""

from __future__ import annotations

from typing import List, Tuple

import torch
from torch import Tensor, nn

from zoo.config import Seq2SeqConfig
from zoo.models.attention import ATTENTION_FACTORIES
from zoo.models.residual import make_stack


class AttentionDecoder(nn.Module):
    """A recurrent stack over the labels, whose output asks the encoder (Luong et al. 2015, sections 3 and 3.1).

    The recurrence reads labels only, and attention comes after it. So all steps of a known output are computed at once.
    """

    def __init__(self, config: Seq2SeqConfig, memory_size: int) -> None:
        super().__init__()
        stack = config.decoder_config()
        self.embedding = nn.Embedding(config.num_labels, config.label_size)
        self.stack = make_stack(stack)
        self.state_rows = stack.num_layers
        self.start = nn.Linear(memory_size, stack.num_layers * stack.output_size)
        self.attention = ATTENTION_FACTORIES[config.attention](stack.output_size, memory_size, config.hidden_size)
        self.combine = nn.Linear(memory_size + stack.output_size, config.hidden_size)
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(config.hidden_size, config.num_labels)

    @torch.jit.export
    def keys(self, memory: Tensor) -> Tensor:
        """Return what attention needs of the encoder's output (B, T, F), computed once for all steps."""
        return self.attention.keys(memory)

    @torch.jit.export
    def first_state(self, final: Tensor) -> List[Tensor]:
        """Return the state before the first label, from the encoder's output at the last valid step (B, F).

        The hidden state is tanh(W final) (Bahdanau et al. 2015, section A.2.2), and the others are 0.
        """
        state = self.stack.zero_state(final.size(0), final)
        hidden = self.start(final).tanh().unflatten(1, [self.state_rows, -1])  # (B, layers, H)
        state[0] = hidden.transpose(0, 1).contiguous()
        return state

    def forward(
        self, labels: Tensor, keys: Tensor, memory: Tensor, absent: Tensor, state: List[Tensor]
    ) -> Tuple[Tensor, List[Tensor]]:
        """Return the log-probabilities (B, U, num_labels) of the label after each of `labels` (B, U), and the state."""
        output, state_n = self.stack(self.dropout(self.embedding(labels)), None, state)  # (B, U, H)
        context = self.attention(output, keys, memory, absent)
        features = self.combine(torch.cat([context, output], dim=2)).tanh()
        return torch.log_softmax(self.head(self.dropout(features)), dim=2), state_n
