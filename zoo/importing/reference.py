"""What a file of another program computes, as the proof of an import needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Batch sizes and lengths of the probes. All differ, so that a layout cannot pass for another one.
PROBES = ((3, 7), (2, 12))


@dataclass(frozen=True)
class Reference:
    """A function of the input alone, and how near a model has to come to it.

    Args:
        dims: the input's dimensions: sizes, or None where a dimension is free.
        run: takes an input of these dimensions and returns the output.
        activation: what the file does after its last layer, which a model of the zoo leaves to its caller: "softmax",
            "log_softmax", "sigmoid" or "".
        dtype: in which the model runs to be compared.
        tolerance: the largest absolute difference, times the range of the output where that is above 1.
        notes: what the file does and a model of the zoo does in another way, one line each.
    """

    dims: tuple[int | None, ...]
    run: Callable[[np.ndarray], np.ndarray]
    activation: str
    dtype: str
    tolerance: float
    notes: tuple[str, ...] = ()

    def probes(self, vocab_size: int | None) -> list[np.ndarray]:
        """Return an input for each probe; free dimensions are the first two, which are batch and steps or steps and
        batch."""
        generator = np.random.default_rng(0)
        shapes = {
            tuple(free if size is None else size for size, free in zip(self.dims, (*probe, 1), strict=False))
            for probe in PROBES
        }
        if vocab_size is not None:
            return [generator.integers(0, vocab_size, shape) for shape in sorted(shapes)]
        return [generator.normal(0.0, 1.0, shape).astype(np.float32) for shape in sorted(shapes)]
