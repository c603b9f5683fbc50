"""Front ends: they turn the input of a model into features for the stack, and refuse what LibTorch silently accepts.

forward(input, lengths (B,) | None) -> features (B, T, I)
"""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor, nn

from zoo.config import RecurrentConfig
from zoo.models.padding import mask_padding
from zoo.models.standardizing import copy_statistics


def check_features(input: Tensor, input_size: int) -> None:
    """Refuse anything but floating-point (B, T, input_size)."""
    if input.dim() != 3 or input.size(2) != input_size:
        raise ValueError(f"input must have 3 dimensions, the last of size {input_size}; got {input.shape}")
    if not input.is_floating_point():
        raise ValueError(f"input must be floating point; got {input.dtype}")


class FloatFrontEnd(nn.Module):
    """Passes features on unchanged."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.input_size = config.input_size

    def forward(self, input: Tensor, lengths: Optional[Tensor]) -> Tensor:
        check_features(input, self.input_size)
        return input


class StandardizingFrontEnd(nn.Module):
    """Gives (input - mean) / std, feature by feature; both are in the state dict."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.input_size = config.input_size
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.zeros(config.input_size))
        self.register_buffer("std", torch.ones(config.input_size))

    def forward(self, input: Tensor, lengths: Optional[Tensor]) -> Tensor:
        check_features(input, self.input_size)
        return (input - self.mean) / self.std

    @torch.jit.unused
    def set_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Set the statistics, both (input_size,).

        Raises:
            ValueError: a shape differs, or a deviation is not positive.
        """
        copy_statistics(mean, std, self.get_buffer("mean"), self.get_buffer("std"))


class TokenFrontEnd(nn.Module):
    """Embeds int64 tokens; a padded step may have any value."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.vocab_size or 1, config.input_size)

    def forward(self, input: Tensor, lengths: Optional[Tensor]) -> Tensor:
        if input.dim() != 2:
            raise ValueError(f"tokens must have 2 dimensions; got {input.shape}")
        if input.dtype != torch.int64:
            raise ValueError(f"tokens must be int64; got {input.dtype}")
        if lengths is not None:
            input = mask_padding(input.unsqueeze(2), lengths).squeeze(2)
        return self.embedding(input)


def make_front_end(config: RecurrentConfig) -> nn.Module:
    """Return the front end that a validated configuration asks for."""
    if config.vocab_size is not None:
        return TokenFrontEnd(config)
    return StandardizingFrontEnd(config) if config.standardize else FloatFrontEnd(config)
