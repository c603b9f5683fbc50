"""Whether a module gives the same again, and what it changes by being called."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

# Of the largest value of a feature. Both runs compute the same, so hardly anything is left to rounding.
ALLOWED = 1e-4


def find_change(module: nn.Module, run: Callable[[], Sequence[Tensor]]) -> str:
    """Call a module twice with the same, and say why the results differ.

    Args:
        module: eager, in eval mode.
        run: calls it and returns its results.

    Returns:
        What is wrong, in words that continue "forward"; empty where the results are equal or not finite.
    """
    before = {name: buffer.clone() for name, buffer in module.named_buffers()}
    first = [result.clone() for result in run()]
    second = run()
    if same(second, first) or not all(bool(torch.isfinite(result).all()) for result in (*first, *second)):
        return ""
    changed = [name for name, buffer in module.named_buffers() if not torch.equal(before[name], buffer)]
    kept = f"changes {', '.join(changed)}, and " if changed else ""
    return f"{kept}gives something else when it is called again with the same input"


def same(results: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
    """Return whether results are equal but for rounding, each feature by its own size."""
    return len(results) == len(expected) and all(_same(*pair) for pair in zip(results, expected, strict=True))


def _same(result: Tensor, expected: Tensor) -> bool:
    if result.shape != expected.shape or result.dtype != expected.dtype:
        return False
    if not expected.is_floating_point():
        return torch.equal(result, expected)
    a, b = (tensor.double().reshape(-1, tensor.shape[-1] if tensor.dim() else 1) for tensor in (result, expected))
    allowed = ALLOWED * b.abs().amax(0) if len(b) else b
    return bool(((a - b).abs() <= allowed).all())
