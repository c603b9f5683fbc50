"""Poolings over time that can be carried from chunk to chunk.

forward(features (B, T, F), final (B, F), lengths, state) -> pooled (B, F), state
zero_state(batch_size, like) -> state              tensors with the batch in dimension 1
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
        return highest.squeeze(0), [highest]

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        shape = [1, batch_size, self.features]
        return [torch.full(shape, self.nothing_seen, dtype=like.dtype, device=like.device)]


def make_pooling(name: str, features: int) -> nn.Module:
    """Return the pooling of a validated name: last, mean or max."""
    if name == "last":
        return LastPooling()
    return MeanPooling(features) if name == "mean" else MaxPooling(features)
