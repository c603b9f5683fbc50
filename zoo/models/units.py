"""Numbers in their own units, by statistics that are saved with the weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from zoo.errors import ArgumentError
from zoo.models.standardizing import copy_statistics


class Units(nn.Module):
    """Gives input * std + mean, number by number; both are in the state dict, and 1 and 0 until they are set."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("std", torch.ones(count))

    def forward(self, input: Tensor) -> Tensor:
        return input * self.std + self.mean

    @torch.jit.unused
    def set_units(self, mean: Tensor, std: Tensor) -> None:
        """Set mean and deviation of the numbers, both (count,).

        Raises:
            ArgumentError: a shape differs, or a deviation is not positive.
        """
        copy_statistics(mean, std, self.get_buffer("mean"), self.get_buffer("std"))


def set_units_(model: nn.Module, mean: Tensor, std: Tensor) -> nn.Module:
    """Set mean and deviation of the numbers that a model learns, in place; it then gives numbers in their own units.

    Args:
        model: a regressor, or a forecaster built with `standardize=True`.
        mean: of each number in training (num_targets,); for a forecaster of each variable (num_variables,).
        std: deviations, of the same shape.

    Returns:
        The model.

    Raises:
        ArgumentError: the model gives no numbers in units, a shape differs, or a deviation is not positive.
    """
    units: Any = getattr(model, "units", None)
    if not isinstance(units, Units):
        raise ArgumentError(
            "the model gives no numbers in units; build a regressor, or a forecaster with standardize=True"
        )
    units.set_units(mean, std)
    return model
