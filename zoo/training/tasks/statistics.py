"""Mean and deviation of the training features, put into the buffers of a model."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from zoo.models.padding import step_mask
from zoo.training.batching import Batch


def set_feature_statistics_(model: nn.Module, mean: Tensor, std: Tensor) -> None:
    """Set mean and deviation (features,) of the front end, where the model has one that keeps them."""
    front_end: Any = model.get_submodule("backbone.front_end")
    if hasattr(front_end, "set_statistics"):
        front_end.set_statistics(mean, std)


def set_log_mel_statistics_(model: nn.Module, batch: Batch) -> None:
    """Set mean and deviation of a speech model's log-mel features to those of a batch of samples."""
    log_mel: Any = model.get_submodule("backbone.log_mel")
    features, _ = log_mel(batch.input, batch.lengths, log_mel.zero_state(len(batch.input), batch.input)[0])
    assert batch.lengths is not None
    valid = step_mask(batch.lengths, features.size(1))
    log_mel.set_statistics(features[valid].mean(0), features[valid].std(0))
