"""Gradient checkpointing for deep stacks: the backward pass computes again what the layers did not keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint

from zoo.errors import ArgumentError


@contextmanager
def recompute_layers(model: nn.Module, wanted: bool = True) -> Iterator[None]:
    """Inside, every layer of a residual stack keeps only its input.

    Afterwards the model is as before, so it can be scripted.

    Raises:
        ArgumentError: wanted, but the model does not have a list of layers; only residual stacks have one.
    """
    if not wanted:
        yield
        return
    layers = [layer for stack in model.modules() for layer in _layers_of(stack)]
    if not layers:
        raise ArgumentError("gradient_checkpointing needs a stack with a list of layers: take a residual_* family")
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
