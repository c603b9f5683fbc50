"""The numbers that the engine's int8 kernels compute with, as floats: what rounding makes of weights and activations.

The gradient of a rounding is taken to be that of the identity (Bengio et al. 2013, "Estimating or propagating gradients
through stochastic neurons"), so that training goes through it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

STEPS = 255  # between the smallest and the largest activation
LARGEST = 127  # of a weight
TINIEST = 1e-37  # the smallest step, which keeps its inverse finite


def round_channels(weight: Tensor) -> Tensor:
    """Round each row of a matrix (units, columns) to whole steps of its largest absolute value over 127."""
    numbers, step = count_steps(weight.detach())
    return pass_gradient(weight, numbers.float() * step)


def count_steps(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return a matrix (units, columns) in whole steps, int8, and the step of each row, float32 (units, 1)."""
    step = weight.abs().amax(1, keepdim=True) / LARGEST
    return (weight / step.clamp(min=TINIEST)).round().to(torch.int8), step


def round_rows(x: Tensor) -> Tensor:
    """Round each row (..., columns) to 255 steps between its smallest and its largest value, 0 included."""
    low = x.detach().amin(-1, keepdim=True).clamp(max=0)  # (..., 1)
    high = x.detach().amax(-1, keepdim=True).clamp(min=0)
    return round_range(x, low, high)


def round_range(x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Round to 255 steps between two numbers with 0 between them; what lies beyond becomes the nearer one.

    Args:
        x: activations.
        low: the smallest, in a shape that broadcasts with x.
        high: the largest.
    """
    step = (high / STEPS - low / STEPS).clamp(min=TINIEST)
    zero = (-low * (1 / step)).round()
    rounded = (((x.detach() * (1 / step)).round() + zero).clamp(0, STEPS) - zero) * step
    return pass_gradient(x, rounded)


def pass_gradient(exact: Tensor, rounded: Tensor) -> Tensor:
    """Return the rounded tensor, with the gradient of the exact one."""
    result: Tensor = _Rounded.apply(exact, rounded)
    return result


class _Rounded(torch.autograd.Function):
    """The second tensor, with the gradient of the first."""

    @staticmethod
    def forward(ctx: Any, exact: Tensor, rounded: Tensor) -> Tensor:
        return rounded

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None
