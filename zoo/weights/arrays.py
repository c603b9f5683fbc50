"""Arrays of other libraries as tensors of PyTorch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def holds_numbers(array: np.ndarray) -> bool:
    """Return whether PyTorch has the type of an array."""
    return array.dtype.kind in "fiub" and array.dtype.itemsize <= 8


def to_tensor(array: np.ndarray) -> Tensor:
    """Return a copy of an array, in this machine's order of bytes."""
    return torch.from_numpy(np.array(array, dtype=array.dtype.newbyteorder("="), copy=True, order="C"))
