"""Gradient checkpointing for deep stacks: layers compute again in the backward pass what they did not keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint


@contextmanager
def recompute_layers(model: nn.Module, wanted: bool = True) -> Iterator[None]:
    """Inside, every layer of the model's lists of layers keeps its input only.

    The model is as before afterwards, so it scripts.

    Raises:
        ValueError: it is wanted, and the model has no list of layers (only residual stacks have).
    """
    if not wanted:
        yield
        return
    layers = [layer for stack in model.modules() for layer in _layers_of(stack)]
    if not layers:
        raise ValueError("checkpoint_layers needs a stack with a list of layers: take a residual_* family")
    for layer in layers:
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _layers_of(stack: nn.Module) -> list[nn.Module]:
    layers = getattr(stack, "layers", None)
    return list(layers) if isinstance(layers, nn.ModuleList) else []
