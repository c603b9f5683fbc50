"""Features with mean 0 and deviation 1, by statistics that are saved with the weights."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from zoo.errors import ArgumentError


def set_statistics_(model: nn.Module, mean: Tensor, std: Tensor) -> nn.Module:
    """Set the statistics by which a model standardises its features, in place.

    Args:
        model: built with `standardize=True`, or a speech model or segment forecaster, which always standardise.
        mean: of each feature (input_size,); for a speech model of each mel band (num_mels,).
        std: deviations, of the same shape.

    Returns:
        The model.

    Raises:
        ArgumentError: the model does not standardise, a shape differs, or a deviation is not positive.
    """
    found: list[Any] = [module for module in model.modules() if hasattr(module, "set_statistics")]
    if len(found) != 1:
        raise ArgumentError(
            f"the model has {len(found)} places that standardise features, expected 1; build it with standardize=True"
        )
    found[0].set_statistics(mean, std)
    return model


def copy_statistics(mean: Tensor, std: Tensor, to_mean: Tensor, to_std: Tensor) -> None:
    """Set the buffers by which features are standardised.

    Raises:
        ArgumentError: a shape differs, or a deviation is not positive.
    """
    if mean.shape != to_mean.shape or std.shape != to_std.shape:
        raise ArgumentError(f"mean and std must have shape {list(to_mean.shape)}; got {mean.shape}, {std.shape}")
    if not bool((std > 0).all()):
        raise ArgumentError("std must be positive; leave constant features out, or use 1 for them")
    to_mean.copy_(mean)
    to_std.copy_(std)
