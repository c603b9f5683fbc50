"""Numbers that float32 can hold: it has seven digits, and a model sees nothing finer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.data.source import DataError

# The largest rounding error that is harmless, as a share of the deviation: far below what a forecast can resolve.
HARMLESS = 1e-4


def to_float32(values: NDArray[np.float64], name: str) -> NDArray[np.float32]:
    """Return numbers as float32.

    Args:
        values: any shape; NaN where one is missing.
        name: what errors call them.

    Raises:
        DataError: a number is too large, or rounding would hide how the numbers differ.
    """
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    known = values[np.isfinite(values)]
    if not known.size:
        return rounded
    error, low, high = rounding_error(values), known.min(), known.max()
    if np.isinf(error) or (low < high and error > HARMLESS * float(known.std())):
        raise DataError(
            f"{name} goes from {low:.10g} to {high:.10g}, and float32 has seven digits, too few to tell such numbers "
            "apart; subtract a constant or divide first, or leave it out"
        )
    return rounded


def rounding_error(values: Any) -> float:
    """Return the largest difference that rounding to float32 makes; infinity where a number is too large."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0
    with np.errstate(over="ignore"):
        return float(np.abs(known.astype(np.float32).astype(np.float64) - known).max())
