"""What a file of another program computes, as the proof of an import needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Batch sizes and lengths of the probes. All differ, so that a layout cannot pass for another one.
PROBES = ((3, 7), (2, 12))
# Deviations of more probes, of features alone: a threshold that drawn numbers near 0 never reach shows in them.
WIDE = (10.0, 1000.0)


@dataclass(frozen=True)
class Probe:
    """An input to compare for.

    Args:
        input: tokens, or drawn features.
        scale: the deviation of the features. What rounding changes in a gate grows with it, and so does the tolerance.
    """

    input: np.ndarray
    scale: float = 1.0


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

    def probes(self, vocab_size: int | None) -> list[Probe]:
        """Return the inputs to compare for; free dimensions are the first two, which are batch and steps or steps and
        batch."""
        generator = np.random.default_rng(0)
        shapes = sorted(
            {
                tuple(free if size is None else size for size, free in zip(self.dims, (*probe, 1), strict=False))
                for probe in PROBES
            }
        )
        if vocab_size is not None:
            return [Probe(generator.integers(0, vocab_size, shape)) for shape in shapes]
        drawn = [Probe(generator.normal(0.0, 1.0, shape).astype(np.float32)) for shape in shapes]
        return drawn + [Probe(drawn[0].input * np.float32(scale), scale) for scale in WIDE]
