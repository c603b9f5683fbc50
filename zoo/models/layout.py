"""What all backbones do alike with the caller's layout, lengths and batch size."""

from __future__ import annotations

from typing import Optional

from torch import Tensor

from zoo.models.padding import mask_padding


def check_layout(input: Tensor, lengths: Optional[Tensor]) -> None:
    """Refuse an input (B, T, ...) without rows or steps, and lengths that are not (B,)."""
    if input.size(0) == 0 or input.size(1) == 0:
        raise ValueError(f"input must have at least one row and one step; got {input.shape}")
    if lengths is not None and (lengths.dim() != 1 or lengths.size(0) != input.size(0)):
        raise ValueError(f"lengths must have shape [{input.size(0)}]; got {lengths.shape}")


def restore_layout(output: Tensor, lengths: Optional[Tensor], batch_first: bool) -> Tensor:
    """Return (B, T, C) in the caller's layout, with padded steps 0."""
    if lengths is not None:
        output = mask_padding(output, lengths)
    return output if batch_first else output.transpose(0, 1)


def check_can_stream(bidirectional: bool, batch_size: int) -> None:
    """Refuse to give an initial state to a bidirectional model, or for no rows."""
    if bidirectional:
        raise RuntimeError("a bidirectional model reads the whole sequence: it has no state to carry on")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
