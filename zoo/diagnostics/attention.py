"""Which steps a classifier with attention pooling looks at."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from zoo.config.tasks import POOLINGS
from zoo.errors import ArgumentError

ATTENTIONS = [name for name in POOLINGS if name.endswith("attention")]


@torch.no_grad()
def attention_weights(model: nn.Module, input: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return how much each step counts in the pooled vector of a classifier.

    Args:
        model: an eager classifier with `pooling="additive_attention"` or `"dot_product_attention"`.
        input: whole sequences, in the model's layout.
        lengths: int64 (batch,), each at least 1; None if nothing is padded.

    Returns:
        (batch, seq_len); each row has the sum 1, and padded steps are 0.

    Raises:
        ArgumentError: the model has no such pooling.
    """
    module: Any = model
    pooling = getattr(module, "pooling", None)
    if pooling is None:
        raise ArgumentError(f"{type(module).__name__} has no pooling; give a classifier of zoo.build")
    if not hasattr(pooling, "weights"):
        name = getattr(getattr(module, "config", None), "pooling", type(pooling).__name__)
        raise ArgumentError(f"pooling={name!r} has no weights; those with weights are {', '.join(ATTENTIONS)}")
    features, _ = module.backbone(input, lengths, None)
    weights: Tensor = pooling.weights(features, lengths)
    return weights
