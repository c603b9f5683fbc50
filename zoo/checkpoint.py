"""A checkpoint is a folder: `config.json` says which model it is, `model.safetensors` holds its weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from zoo._atomic_file import atomic_file

CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """What a folder says of itself: the registered name, all fields of the configuration, where the weights lie."""

    model: str
    config: dict[str, Any]
    weights: Path


def save_checkpoint(model: Any, folder: str | Path, matrices: torch.dtype | None = None) -> Path:
    """Write a model that `zoo.build` made into a folder, which is made if need be.

    Args:
        model: of `zoo.build`.
        folder: where the two files go.
        matrices: a floating-point dtype to round matrices to, such as torch.float16 for half the bytes; vectors, which
            are few and hold statistics, stay as they are. `load_checkpoint` gives float32 again, of the rounded values.

    Raises:
        ValueError: the module does not say which registered model it is, or `matrices` is no floating-point dtype or
            cannot hold a weight.
        OSError: the folder cannot be written to, or the disk is full; each file is the old or the new one, whole.
    """
    if not hasattr(model, "model_name") or not hasattr(model, "config"):
        raise ValueError("only a model from zoo.build says its name and configuration; save others with torch.save")
    tensors = {name: _store(name, value, matrices) for name, value in model.state_dict().items()}
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_file(folder / WEIGHTS_FILE) as temporary:
        temporary.write_bytes(save(tensors))
    about = {"model": model.model_name, "config": model.config.to_dict()}
    with atomic_file(folder / CONFIG_FILE) as temporary:
        temporary.write_text(json.dumps(about, indent=1) + "\n")
    return folder


def read_checkpoint(folder: str | Path) -> Checkpoint:
    """Read a folder that `save_checkpoint` wrote; the weights are not loaded yet.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: `config.json` is not what `save_checkpoint` writes.
    """
    folder = Path(folder)
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder} is no checkpoint: {name} is missing")
    try:
        about = json.loads((folder / CONFIG_FILE).read_text())
        return Checkpoint(about["model"], dict(about["config"]), folder / WEIGHTS_FILE)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'{folder / CONFIG_FILE} must hold {{"model": name, "config": {{...}}}}; reading it failed: {error!r}'
        ) from error


def _store(name: str, value: Tensor, matrices: torch.dtype | None) -> Tensor:
    if matrices is None or value.dim() < 2 or not value.is_floating_point():
        return value.contiguous()
    if not matrices.is_floating_point:
        raise ValueError(f"matrices must be a floating-point dtype such as torch.float16, got {matrices}")
    stored = value.to(matrices).contiguous()
    if not stored.isfinite().all():
        raise ValueError(f"{name} has a weight of {float(value.abs().max()):.3g}, more than {matrices} holds")
    return stored
