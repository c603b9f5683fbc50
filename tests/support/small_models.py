"""Registered models at a size that tests can afford, and the grid that they are tested over."""

from __future__ import annotations

import dataclasses
from typing import Any

import zoo
import zoo.factory  # registers the models
from zoo.config.cells import WRITTEN_CELLS
from zoo.models import presets
from zoo.registry import find_model

# The grid leaves out the families whose layers are joined, which have tests of their own. Written-out cells share one
# stack, which the first of them shows in every form. Two forms show what each of the others does.
JOINED = ("residual", "highway", "batch_norm")
FAMILIES = [family for family, traits in presets.FAMILIES.items() if not any(traits.get(name) for name in JOINED)]
FUSED_FAMILIES = [family for family in FAMILIES if family not in WRITTEN_CELLS]  # those that the engine runs
TASK_NAMES = list(presets.TASKS)
WRITTEN_FORMS = [("classifier", 2, True), ("encoder", 2, False)]  # task, num_layers, bidirectional


IN_TURNS = [
    family
    for family, traits in presets.FAMILIES.items()
    if family in WRITTEN_CELLS or traits.get("highway") or traits.get("batch_norm")
]


def tasks_of(family: str) -> list[str]:
    """Return the tasks that a family is tested with: all, but for those IN_TURNS one."""
    return [TASK_NAMES[IN_TURNS.index(family) % len(TASK_NAMES)]] if family in IN_TURNS else TASK_NAMES


# Trained models come on top of these, and have tests of their own.
PRESET_NAMES = [f"{family}_{task}" for family in presets.FAMILIES for task in tasks_of(family)]
# Those that read float features.
FLOAT_NAMES = [name for name in PRESET_NAMES if find_model(name).config.vocab_size is None]

# 20 units are not a multiple of any vector's width. Real input has 12 features, and text has bytes below 128.
FLOATS = {"input_size": 12, "hidden_size": 20}
TOKENS = {"input_size": 10, "hidden_size": 20, "vocab_size": 128}
# Of the fields that a head may have, whichever the model's configuration has.
HEAD = {"num_classes": 9, "horizon": 3, "num_variables": 12, "num_labels": 11, "num_targets": 2}


def build_small(name: str, **overrides: Any) -> zoo.Model:
    """Build a registered model with 20 units and inputs that real data fits."""
    config = find_model(name).config
    fields = {field.name for field in dataclasses.fields(config)}
    layers = overrides.get("num_layers", 2)
    sizes = {"num_layers": layers, "dropout": 0.0 if layers == 1 else 0.2, **(TOKENS if config.vocab_size else FLOATS)}
    sizes |= {field: size for field, size in HEAD.items() if field in fields}
    return zoo.build(name, **{**sizes, **overrides})


def grid() -> list[tuple[str, int, bool]]:
    """Return (name, num_layers, bidirectional) for every family, task, depth and direction that exists;
    most written-out cells have WRITTEN_FORMS only."""
    first = next(iter(WRITTEN_CELLS))
    return [
        (f"{family}_{task}", layers, bidirectional)
        for family in FAMILIES
        for task in TASK_NAMES
        for layers in (1, 2)
        for bidirectional in (False, True)
        if not (bidirectional and presets.TASKS[task][0].vocab_size)
        and (family not in WRITTEN_CELLS or family == first or (task, layers, bidirectional) in WRITTEN_FORMS)
    ]
