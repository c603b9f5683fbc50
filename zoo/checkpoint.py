"""A checkpoint: a folder with `config.json`, which says which model it is, and `model.safetensors`, its weights.

A trained one also has `training.json`: what evaluation needs, and what the model reached.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from zoo._atomic_file import atomic_file
from zoo._json_values import to_json_values
from zoo.errors import ZooError
from zoo.quantized_parts import find_quantization

CONFIG_FILE, WEIGHTS_FILE, TRAINING_FILE = "config.json", "model.safetensors", "training.json"
# The checkpoint inside the folder of a run.
INSIDE_RUN = "checkpoint"


class CheckpointError(ZooError, ValueError):
    """A model cannot be written as a checkpoint, or a folder is not a checkpoint."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as read: the registered name, all fields of the configuration, and the path of the weights.

    `training` is the model's `training_record`.
    """

    model: str
    config: dict[str, Any]
    weights: Path
    training: dict[str, Any] | None = None


def save_checkpoint(model: nn.Module, folder: str | Path, matrices: torch.dtype | None = None) -> Path:
    """Write a model from `zoo.build` into a folder, which is created if it does not exist.

    Args:
        model: a model from `zoo.build`; its `training_record` is written too.
        folder: for the files.
        matrices: a floating-point dtype to round matrices to, such as torch.float16 for half the bytes. Vectors are
            few and hold statistics, so they stay as they are. `load_checkpoint` turns the rounded values into float32.

    Returns:
        The folder.

    Raises:
        CheckpointError: the module does not say which registered model it is, or is quantized, or `matrices` is not a
            floating-point dtype or cannot hold a weight, or JSON has no such `training_record`.
        OSError: the folder cannot be written to, or the disk is full. Each file is then the old or the new one.
    """
    name, config = getattr(model, "model_name", None), getattr(model, "config", None)
    if name is None or config is None:
        raise CheckpointError(
            "only a model from zoo.build says its name and configuration; save other modules with torch.save"
        )
    quantization = find_quantization(model)
    if quantization is not None:
        raise CheckpointError(
            f"the model is quantized, by {quantization.recipe!r}, and a checkpoint holds float weights; write it with "
            "zoo.save_artifact, or save the float model"
        )
    record = to_json_values(getattr(model, "training_record", None), "training_record", CheckpointError)
    tensors = {key: _store(key, value, matrices) for key, value in model.state_dict().items()}
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_file(folder / WEIGHTS_FILE) as temporary:
        temporary.write_bytes(save(tensors))
    about = {"model": name, "config": config.to_dict()}
    _write_json(folder / CONFIG_FILE, about)
    if record is not None:
        _write_json(folder / TRAINING_FILE, record)
    return folder


def read_checkpoint(folder: str | Path) -> Checkpoint:
    """Read a folder that `save_checkpoint` wrote, or the one inside the folder of a run; weights are not loaded yet.

    Raises:
        FileNotFoundError: a file is missing.
        CheckpointError: `config.json` or `training.json` is not what `save_checkpoint` writes.
    """
    folder = Path(folder)
    if not (folder / CONFIG_FILE).is_file() and (folder / INSIDE_RUN).is_dir():
        folder = folder / INSIDE_RUN
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder} is not a checkpoint: {name} is missing")
    training = _read_training(folder / TRAINING_FILE)
    try:
        about = json.loads((folder / CONFIG_FILE).read_text())
        return Checkpoint(about["model"], dict(about["config"]), folder / WEIGHTS_FILE, training)
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f'{folder / CONFIG_FILE} must hold {{"model": name, "config": {{...}}}}; reading it failed: {error!r}'
        ) from error


def _read_training(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} must hold one JSON object; reading it failed: {error!r}") from error


def _write_json(path: Path, value: dict[str, Any]) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n")


def _store(name: str, value: Tensor, matrices: torch.dtype | None) -> Tensor:
    if matrices is None or value.dim() < 2 or not value.is_floating_point():
        return value.contiguous()
    if not matrices.is_floating_point:
        raise CheckpointError(f"matrices must be a floating-point dtype such as torch.float16, got {matrices}")
    stored = value.to(matrices).contiguous()
    if not stored.isfinite().all():
        raise CheckpointError(f"{name} has a weight of {float(value.abs().max()):.3g}, more than {matrices} holds")
    return stored
