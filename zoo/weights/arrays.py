"""Arrays of other libraries as tensors of PyTorch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def to_tensor(array: np.ndarray) -> Tensor:
    """Return a copy of an array, in this machine's order of bytes."""
    return torch.from_numpy(np.array(array, dtype=array.dtype.newbyteorder("="), copy=True, order="C"))
