"""Attention of a decoder over the steps of an encoder, which the caller reads once and scores for every query.

keys(memory (B, T, F)) -> (B, T, A)
forward(query (B, U, Q), keys (B, T, A), memory (B, T, F), absent bool (B, T)) -> context (B, U, F)

`absent` marks padded steps; they get no weight.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Of an absent step. It is finite, so that a row without any step has a context of 0, as its memory is, and not NaN.
NO_SCORE = -1.0e30


def weigh(scores: Tensor, memory: Tensor, absent: Tensor, no_score: float = NO_SCORE) -> Tensor:
    """Return the mean of the memory (B, T, F) with weights softmax(scores (B, U, T)), as (B, U, F)."""
    weights = scores.masked_fill(absent.unsqueeze(1), no_score).softmax(2)
    return weights @ memory


class AdditiveAttention(nn.Module):
    """Scores v . tanh(W q + U h_t) (Bahdanau et al. 2015, section A.1.2)."""

    def __init__(self, query_size: int, memory_size: int, size: int) -> None:
        super().__init__()
        self.query = nn.Linear(query_size, size)
        self.key = nn.Linear(memory_size, size, bias=False)
        self.vector = nn.Linear(size, 1, bias=False)

    @torch.jit.export
    def keys(self, memory: Tensor) -> Tensor:
        return self.key(memory)

    def forward(self, query: Tensor, keys: Tensor, memory: Tensor, absent: Tensor) -> Tensor:
        joined = self.query(query).unsqueeze(2) + keys.unsqueeze(1)  # (B, U, T, A)
        return weigh(self.vector(joined.tanh()).squeeze(3), memory, absent)


class DotProductAttention(nn.Module):
    """Scores (W q) . (U h_t) / sqrt(A) (Vaswani et al. 2017, equation 1)."""

    def __init__(self, query_size: int, memory_size: int, size: int) -> None:
        super().__init__()
        self.query = nn.Linear(query_size, size, bias=False)
        self.key = nn.Linear(memory_size, size, bias=False)
        self.scale = size**-0.5

    @torch.jit.export
    def keys(self, memory: Tensor) -> Tensor:
        return self.key(memory)

    def forward(self, query: Tensor, keys: Tensor, memory: Tensor, absent: Tensor) -> Tensor:
        scores = self.query(query) @ keys.transpose(1, 2) * self.scale  # (B, U, T)
        return weigh(scores, memory, absent)


ATTENTION_FACTORIES: dict[str, type[nn.Module]] = {
    "additive": AdditiveAttention,
    "dot_product": DotProductAttention,
}
