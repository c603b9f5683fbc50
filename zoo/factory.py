"""The first seam: a name and overrides become a module."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from zoo.checkpoint import read_checkpoint
from zoo.config.faults import ConfigError
from zoo.description import describe_
from zoo.init.filling import init_weights_
from zoo.init.options import Init, check_seed, to_options
from zoo.model import Model
from zoo.models.presets import register_cell, register_presets
from zoo.models.templates import register_templates
from zoo.models.trained import register_trained
from zoo.registry import find_model, list_models, register_model
from zoo.weights.loading import load_weights_

__all__ = ["build", "find_model", "list_models", "load_checkpoint", "register_cell", "register_model"]

# What PyTorch says where a weight has more bytes than the machine, or more numbers than it can count.
TOO_LARGE = "allocate memory|not enough memory|Overflow when unpacking|calculation overflowed"

register_presets()
register_templates()
register_trained()


def build(
    name: str,
    *,
    init: str | Init = "uniform",
    seed: int = 0,
    weights: str | Path | Mapping[str, Tensor | np.ndarray] | None = None,
    pretrained: bool = False,
    **overrides: object,
) -> Model:
    """Build a registered model, initialised or with given weights.

    The model is in eval mode, as everything that this package returns, so that dropout never changes its numbers by
    surprise. Call `model.train()` before you train it.

    Args:
        name: a name of `list_models()`.
        init: an initialisation scheme's name, or an `Init` with options.
        seed: of the initial weights. The same seed gives the same weights, and the global generator is not used.
        weights: a file (`.safetensors`, `.pt`, `.npz`, `.onnx`, `.keras`, `.h5`, or the index of one in parts) or a
            state dict to load.
        pretrained: load the weights that come with the package, with the configuration that they were trained with.
        overrides: fields of the model's configuration, such as hidden_size=64.

    Returns:
        The module in eval mode, with the attributes of `zoo.RecurrentModel`. Its repr begins with what goes in, and for
        trained weights with what comes out, in which units.

    Raises:
        UnknownModelError: no such name; the message gives the nearest ones.
        ConfigError: an override does not exist or does not fit, arguments contradict each other, or the model is too
            large for the memory.
        WeightsError: the weights do not fit; the message has all mismatches.
        InitError: the scheme does not exist or these layers cannot take it, or `init` or `seed` is of a wrong type.
    """
    entry = find_model(name)
    seed = check_seed(seed)
    config, training = entry.config, None
    if pretrained:
        if entry.pretrained is None:
            raise ConfigError(
                f"model {name!r} comes without trained weights; zoo.list_models(trained=True) has those with them"
            )
        if weights is not None:
            raise ConfigError("pretrained=True and weights=... both name weights; give one of them")
        checkpoint = read_checkpoint(entry.pretrained)
        config = config.replace(**checkpoint.config)
        weights, training = checkpoint.weights, checkpoint.training
    config = config.replace(**overrides)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module: Any = _make(entry.builder, name, config)
    if weights is None:
        options = to_options(init)
        init_weights_(module, options, seed=seed)
        module.init_record = {**options.to_dict(), "seed": seed}
    else:
        load_weights_(module, weights)
        module.init_record = None
    module.model_name = name
    module.config = config
    if not hasattr(module, "input_spec"):
        module.input_spec = config.input_spec
    module.quantization = None
    module.training_record = training
    describe_(module)
    return module.eval()


def _make(builder: Callable[[Any], nn.Module], name: str, config: Any) -> nn.Module:
    """Build a module; PyTorch's error about memory becomes one about the sizes that asked for it."""
    try:
        return builder(config)
    except (MemoryError, OverflowError, RuntimeError, TypeError) as error:
        if not (isinstance(error, MemoryError) or re.search(TOO_LARGE, str(error))):
            raise
        wanted = re.search(r"allocate (\d+) bytes", str(error))
        size = f"one weight takes {int(wanted[1]) / 2**30:,.0f} GiB" if wanted else "one weight has too many numbers"
        fields = ", ".join(f"{field}={value}" for field, value in _largest_sizes(config))
        raise ConfigError(f"{name} with {fields} does not fit into memory: {size}; give smaller sizes") from error


def _largest_sizes(config: Any) -> list[tuple[str, int]]:
    """Return the two largest numbers of a configuration, which make the largest weight."""
    sizes = [(name, value) for name, value in config.to_dict().items() if isinstance(value, int)]
    return sorted(sizes, key=lambda size: -size[1])[:2]


def load_checkpoint(folder: str | Path) -> Model:
    """Build the model that `zoo.save_checkpoint` wrote into a folder, in eval mode.

    Args:
        folder: a checkpoint, or the folder of a run, which has one inside.

    Raises:
        FileNotFoundError: a file is missing.
        CheckpointError: the folder is not a checkpoint.
        UnknownModelError, ConfigError, WeightsError: as in `build`.
    """
    checkpoint = read_checkpoint(folder)
    model = build(checkpoint.model, weights=checkpoint.weights, **checkpoint.config)
    model.training_record = checkpoint.training
    describe_(model)
    return model
