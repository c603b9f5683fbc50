"""What turns a model's input into features for the stack, and refuses what LibTorch would silently accept.

forward(input, lengths (B,) | None) -> features (B, T, I)
"""

from __future__ import annotations

from typing import Optional

import torch
from torch import Tensor, nn

from zoo.config import RecurrentConfig
from zoo.models.padding import mask_padding


def check_features(input: Tensor, input_size: int) -> None:
    """Refuse anything but floating-point (B, T, input_size)."""
    if input.dim() != 3 or input.size(2) != input_size:
        raise ValueError(f"input must have 3 dimensions, the last of size {input_size}; got {input.shape}")
    if not input.is_floating_point():
        raise ValueError(f"input must be floating point; got {input.dtype}")


class FloatFrontEnd(nn.Module):
    """Takes features as they are."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.input_size = config.input_size

    def forward(self, input: Tensor, lengths: Optional[Tensor]) -> Tensor:
        check_features(input, self.input_size)
        return input


def copy_statistics(mean: Tensor, std: Tensor, to_mean: Tensor, to_std: Tensor) -> None:
    """Set the buffers that features are standardised with.

    Raises:
        ValueError: another shape, or a deviation that is not positive.
    """
    if mean.shape != to_mean.shape or std.shape != to_std.shape:
        raise ValueError(f"mean and std must have shape {list(to_mean.shape)}; got {mean.shape}, {std.shape}")
    if not bool((std > 0).all()):
        raise ValueError("std must be positive; leave constant features out, or give them 1")
    to_mean.copy_(mean)
    to_std.copy_(std)


class StandardizingFrontEnd(nn.Module):
    """Gives (input - mean) / std, feature by feature; both are part of the state dict."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.input_size = config.input_size
        self.register_buffer("mean", torch.zeros(config.input_size))
        self.register_buffer("std", torch.ones(config.input_size))

    def forward(self, input: Tensor, lengths: Optional[Tensor]) -> Tensor:
        check_features(input, self.input_size)
        return (input - self.mean) / self.std

    @torch.jit.unused
    def set_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Set the statistics, both (input_size,).

        Raises:
            ValueError: another shape, or a deviation that is not positive.
        """
        copy_statistics(mean, std, self.get_buffer("mean"), self.get_buffer("std"))


class TokenFrontEnd(nn.Module):
    """Embeds int64 tokens; a padded step may hold any number."""

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
