"""Poolings over time that can be carried from chunk to chunk.

forward(features (B, T, F), final (B, F), lengths, state) -> pooled (B, F), state
zero_state(batch_size, like) -> state              tensors with the batch in dimension 1

A row of length 0 keeps its state. At the start of a sequence its pooled vector is that of its first state, which is 0
unless the stack learned another.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.models.padding import step_mask

# The start of a running maximum. It is finite, so that a saved state passes a check for infinities.
NOTHING_SEEN = -3.0e38


class LastPooling(nn.Module):
    """The final hidden state of each direction: the output of the stack at the last valid step."""

    def __init__(self) -> None:
        super().__init__()
        self.state_names: List[str] = []

    def forward(
        self, features: Tensor, final: Tensor, lengths: Optional[Tensor], state: List[Tensor]
    ) -> Tuple[Tensor, List[Tensor]]:
        return final, state

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        nothing: List[Tensor] = []
        return nothing


class MeanPooling(nn.Module):
    """The mean over the valid steps; the state is the mean so far and the number of steps.

    A running sum is avoided, because its rounding error grows with the length of the stream.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.state_names: List[str] = ["mean", "count"]

    def forward(
        self, features: Tensor, final: Tensor, lengths: Optional[Tensor], state: List[Tensor]
    ) -> Tuple[Tensor, List[Tensor]]:
        mean, count = state[0], state[1]  # (1, B, F), (1, B, 1)
        if lengths is None:
            steps = torch.full_like(count, features.size(1))
        else:
            steps = lengths.to(count).unsqueeze(0).unsqueeze(2)
        count = count + steps
        total = features.sum(1).unsqueeze(0)  # (1, B, F); padded steps are 0
        mean = mean + (total - steps * mean) / count.clamp(min=1.0)
        return mean.squeeze(0), [mean, count]

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        mean = torch.zeros([1, batch_size, self.features], dtype=like.dtype, device=like.device)
        count = torch.zeros([1, batch_size, 1], dtype=like.dtype, device=like.device)
        return [mean, count]


class MaxPooling(nn.Module):
    """The maximum over the valid steps, feature by feature; the state is the maximum so far."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.nothing_seen = NOTHING_SEEN
        self.state_names: List[str] = ["max"]

    def forward(
        self, features: Tensor, final: Tensor, lengths: Optional[Tensor], state: List[Tensor]
    ) -> Tuple[Tensor, List[Tensor]]:
        if lengths is not None:
            valid = step_mask(lengths, features.size(1), features.device)
            features = features.masked_fill(~valid.unsqueeze(2), self.nothing_seen)
        highest = torch.maximum(state[0], features.amax(1).unsqueeze(0))  # (1, B, F)
        pooled = highest.squeeze(0)
        if lengths is not None:  # a row that has seen no step yet gives 0, as with the other poolings
            pooled = pooled.masked_fill(pooled <= self.nothing_seen, 0.0)
        return pooled, [highest]

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        shape = [1, batch_size, self.features]
        return [torch.full(shape, self.nothing_seen, dtype=like.dtype, device=like.device)]


class AdditiveScores(nn.Module):
    """v . tanh(W h_t + b) for each step (Bahdanau et al. 2015, section A.1.2, without a query)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(features, features)
        self.vector = nn.Linear(features, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        return self.vector(self.hidden(features).tanh())  # (B, T, 1)


class DotProductScores(nn.Module):
    """q . (K h_t) / sqrt(F) for each step, with a learned query (Vaswani et al. 2017, equation 1)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.key = nn.Linear(features, features, bias=False)
        self.query = nn.Linear(features, 1, bias=False)
        self.scale = features**-0.5

    def forward(self, features: Tensor) -> Tensor:
        return self.query(self.key(features)) * self.scale  # (B, T, 1)


class AttentionPooling(nn.Module):
    """The mean over the valid steps with weights softmax(scores), which a stream refines.

    The state is the largest score so far, rounded, the sum of exp(score - largest), and the weighted mean so far
    (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax"). Any number near the largest score keeps
    exp finite; a whole one is the same in every engine, although scores near 0 are mostly rounding error.
    """

    def __init__(self, features: int, scores: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.scores = scores
        self.nothing_seen = NOTHING_SEEN
        self.state_names: List[str] = ["largest", "total", "mean"]

    def forward(
        self, features: Tensor, final: Tensor, lengths: Optional[Tensor], state: List[Tensor]
    ) -> Tuple[Tensor, List[Tensor]]:
        largest, total, mean = state[0].squeeze(0), state[1].squeeze(0), state[2].squeeze(0)  # (B, 1), (B, 1), (B, F)
        scores = self.valid_scores(features, lengths)
        highest = torch.maximum(largest, scores.amax(1).round())
        shares = (scores - highest.unsqueeze(1)).exp()  # (B, T, 1)
        if lengths is not None:  # a row that has seen no step yet has padding as its highest score
            shares = shares.masked_fill(scores <= self.nothing_seen, 0.0)
        added = shares.sum(1)
        total = total * (largest - highest).exp() + added
        mean = mean + ((shares * features).sum(1) - added * mean) / total.clamp(min=1e-30)
        return mean, [highest.unsqueeze(0), total.unsqueeze(0), mean.unsqueeze(0)]

    def valid_scores(self, features: Tensor, lengths: Optional[Tensor]) -> Tensor:
        """Return the scores (B, T, 1), the lowest number at padded steps."""
        scores = self.scores(features)
        if lengths is not None:
            valid = step_mask(lengths, features.size(1), features.device)
            scores = scores.masked_fill(~valid.unsqueeze(2), self.nothing_seen)
        return scores

    @torch.jit.unused
    def weights(self, features: Tensor, lengths: Optional[Tensor]) -> Tensor:
        """Return the weights of the steps of whole sequences (B, T), 0 at padded steps; every row has a step."""
        return self.valid_scores(features, lengths).squeeze(2).softmax(1)

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        size = [1, batch_size, 1]
        largest = torch.full(size, self.nothing_seen, dtype=like.dtype, device=like.device)
        total = torch.zeros(size, dtype=like.dtype, device=like.device)
        mean = torch.zeros([1, batch_size, self.features], dtype=like.dtype, device=like.device)
        return [largest, total, mean]


def make_pooling(name: str, features: int) -> nn.Module:
    """Return the pooling of a validated name of `zoo.config.tasks.POOLINGS`."""
    if name == "additive_attention":
        return AttentionPooling(features, AdditiveScores(features))
    if name == "dot_product_attention":
        return AttentionPooling(features, DotProductScores(features))
    if name == "last":
        return LastPooling()
    return MeanPooling(features) if name == "mean" else MaxPooling(features)
