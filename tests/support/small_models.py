"""Registered models at a size that tests can afford, and the grid that they are tested over."""

from __future__ import annotations

from typing import Any

from torch import nn

import zoo
from zoo.models import presets

FAMILIES = ("lstm", "gru", "rnn", "rnn_relu")
SIZES: dict[str, dict[str, Any]] = {
    "classifier": {"input_size": 12, "num_classes": 9},
    "tagger": {"input_size": 12, "num_classes": 5},
    "forecaster": {"input_size": 12, "horizon": 3, "num_variables": 12},
    "ctc": {"input_size": 12, "num_labels": 11},
    "language_model": {"input_size": 10, "vocab_size": 128},
    "encoder": {"input_size": 12},
}
TASK_NAMES = list(presets.TASKS)
# Every family with every task; trained models come on top of these, and have tests of their own.
PRESET_NAMES = [f"{family}_{task}" for family in presets.FAMILIES for task in TASK_NAMES]


def build_small(name: str, **overrides: Any) -> nn.Module:
    """Build a registered model with 20 units (no multiple of a vector's width) and inputs that real data fits."""
    task = next(task for task in TASK_NAMES if name.endswith(task))
    layers = overrides.get("num_layers", 2)
    sizes = {"hidden_size": 20, "num_layers": layers, "dropout": 0.0 if layers == 1 else 0.2, **SIZES[task]}
    return zoo.build(name, **{**sizes, **overrides}).eval()


def grid() -> list[tuple[str, int, bool]]:
    """Return (name, num_layers, bidirectional) for every family, task, depth and direction that exists."""
    return [
        (f"{family}_{task}", layers, bidirectional)
        for family in FAMILIES
        for task in TASK_NAMES
        for layers in (1, 2)
        for bidirectional in (False, True)
        if not (bidirectional and task == "language_model")
    ]
