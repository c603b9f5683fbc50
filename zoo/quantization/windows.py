"""The windows of a convolution over steps: each is a row of activations that its weights multiply."""

from __future__ import annotations

from typing import Any, Tuple

from torch import Tensor
from torch.nn import functional


def read_windows(layer: Any) -> Tuple[int, int, int, Tuple[int, int]]:
    """Return the size, the stride, the dilation and the zeros before and after the input of an `nn.Conv1d`.

    PyTorch computes with `stride`, `dilation` and `padding` as they are now. Its constructor also keeps the padding in
    another field, which does not follow a change.
    """
    size = layer.weight.size(2)
    stride, dilation = (int(v[0] if isinstance(v, tuple | list) else v) for v in (layer.stride, layer.dilation))
    padding = layer.padding
    if padding == "same":
        both = dilation * (size - 1)
        return size, stride, dilation, (both // 2, both - both // 2)
    each = 0 if padding == "valid" else int(padding[0] if isinstance(padding, tuple | list) else padding)
    return size, stride, dilation, (each, each)


def cut_windows(input: Tensor, size: int, stride: int, dilation: int, padding: Tuple[int, int]) -> Tensor:
    """Cut (..., channels, T) into rows (..., T', channels * size)."""
    padded = functional.pad(input, [padding[0], padding[1]])
    span = dilation * (size - 1) + 1
    windows = padded.unfold(-1, span, stride)[..., ::dilation]  # (..., channels, T', size)
    return windows.transpose(-3, -2).flatten(-2)
