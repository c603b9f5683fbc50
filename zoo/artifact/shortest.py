"""The fewest steps that a model takes: one, unless it has a convolution without padding, or a stride."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

TRIED = (13, 52, 208, 832)


def find_fewest(least: int, run: Callable[[int], object]) -> tuple[int, int | None]:
    """Find the length from which on a model takes every one.

    Args:
        least: where the search begins; most models take it.
        run: gives the model's result for an input of so many steps, and may raise anything.

    Returns:
        The length, which is `least` where the model takes none at all or gives NaN for all; and a longer one that it
        does not take, or None.
    """
    first = _works(run, least)
    if first or (first is None and _works(run, least + TRIED[0]) is None):
        return least, None
    enough = next((steps for steps in TRIED if steps > least and _works(run, steps)), None)
    if enough is None:
        return least, None
    too_few = least
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if _works(run, middle):
            enough = middle
        else:
            too_few = middle
    return enough, next((steps for steps in range(enough + 1, enough + 4) if not _works(run, steps)), None)


def _works(run: Callable[[int], object], steps: int) -> bool | None:
    """Return whether the model takes so many steps; None where it gives NaN."""
    try:
        result = run(steps)
    except Exception:  # the user's code may raise anything
        return False
    output = result[0] if isinstance(result, tuple) and result else result
    return None if isinstance(output, Tensor) and not bool(torch.isfinite(output).all()) else True
