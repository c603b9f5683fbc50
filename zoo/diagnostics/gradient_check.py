"""Are the gradients right? Each is compared with finite differences in float64, along a random direction."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

STEP = 1e-5
# Differences of a loss near 1 have an error of about 1e-11, so the share of an error is of at least this gradient.
LEAST = 1e-6


@torch.enable_grad()
def check_gradients(
    model: nn.Module, loss: Callable[[Tensor], Tensor], input: Tensor, lengths: Tensor | None = None, seed: int = 0
) -> dict[str, float]:
    """Return the relative error of each parameter's gradient.

    An error above 1e-4 means a wrong gradient, or a relu or a maximum that the step of 1e-5 took round its corner.

    Args:
        model: an eager float model; it stays as it is.
        loss: of the model's output, a scalar.
        input: a batch, in the model's layout.
        lengths: of the rows, or None.
        seed: of the directions.

    Returns:
        |g.d - (loss(w + s d) - loss(w - s d)) / 2s| / max(|g.d|, 1e-6), by the parameter's name.
    """
    exact = copy.deepcopy(model).double().eval()
    if input.is_floating_point():
        input = input.double()
    parameters = dict(exact.named_parameters())

    def run() -> Tensor:
        return loss(exact(input, lengths)[0])

    for parameter in parameters.values():
        parameter.requires_grad_(True)
    gradients = torch.autograd.grad(run(), list(parameters.values()), allow_unused=True)
    generator = torch.Generator().manual_seed(seed)
    errors = {}
    for (name, parameter), gradient in zip(parameters.items(), gradients, strict=True):
        direction = torch.randn(parameter.shape, generator=generator, dtype=torch.float64).to(parameter)
        direction /= direction.norm()
        slope = 0.0 if gradient is None else float((gradient * direction).sum())
        with torch.no_grad():
            start = parameter.clone()
            above = float(run_at(parameter, start + STEP * direction, run))
            below = float(run_at(parameter, start - STEP * direction, run))
            parameter.copy_(start)
        errors[name] = abs(slope - (above - below) / (2 * STEP)) / max(abs(slope), LEAST)
    return errors


def run_at(parameter: Tensor, value: Tensor, run: Callable[[], Tensor]) -> Tensor:
    """Return what `run` gives while a parameter has this value."""
    parameter.copy_(value)
    return run()
