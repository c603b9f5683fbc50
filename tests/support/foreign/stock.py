"""What stock TorchScript gives for a file, with which everything else is compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from support.accelerated import CLOSE
from zoo.artifact.torchscript import without_notices


def save(module: nn.Module, path: Path) -> None:
    """Script a module into a file, in eval mode unless some of its submodules are in training mode on purpose."""
    children = list(module.modules())[1:]
    if module.training or not any(child.training for child in children):
        module.eval()
    with without_notices():
        torch.jit.script(module).save(str(path))


def named(result: Any, name: str = "") -> dict[str, Tensor]:
    """Flatten a result into copies with the names that the runner gives: "output", or "0" and "1.h"."""
    if result is None:
        return {}
    if isinstance(result, Tensor):
        return {name or "output": result.clone()}  # the module may change it in its next call
    if isinstance(result, bool | int | float):
        return {name or "output": torch.tensor(result, dtype=torch.float64 if isinstance(result, float) else None)}
    if isinstance(result, dict):
        parts = list(result.items())
    else:
        parts = list(zip(getattr(result, "_fields", range(len(result))), result, strict=True))
    prefix = f"{name}." if name else ""
    return {key: tensor for k, part in parts for key, tensor in named(part, f"{prefix}{k}").items()}


def assert_same(actual: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """Compare results by name; NumPy has no bfloat16, so the runner gives float32 for it."""
    assert actual.keys() == expected.keys()
    for name, tensor in expected.items():
        wanted = tensor.float() if tensor.dtype is torch.bfloat16 else tensor
        torch.testing.assert_close(actual[name].to(wanted.dtype), wanted, **CLOSE)


def is_close(actual: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float = 1e-4) -> bool:
    """Whether parts give what the whole gives, to a share of the range: LibTorch's own rounding may differ in parts."""
    return all(
        actual[name].shape == tensor.shape
        and (actual[name].double() - tensor.double()).abs().max()
        <= tolerance * (tensor.double().max() - tensor.double().min())
        for name, tensor in expected.items()
    )


def run_in_parts(path: Path, x: Tensor, size: int, axis: int) -> dict[str, Tensor] | None:
    """Run chunks of one input (axis 1) one after the other, or its rows (axis 0), each from the beginning.

    Returns:
        What the parts give, joined along the dimension in which they differ from the whole; None where that is not one
        or where a part fails.
    """
    module = torch.jit.load(path)
    whole = named(torch.jit.load(path)(x.clone()))
    try:
        parts = [named((module if axis == 1 else torch.jit.load(path))(part.clone())) for part in x.split(size, axis)]
    except (RuntimeError, torch.jit.Error):  # such as a state for two rows that meets a single one
        return None
    joined = {}
    for name, expected in whole.items():
        tensors = [part[name] for part in parts]
        grown = [d for d in range(expected.dim()) if tensors[0].shape[d] != expected.shape[d]]
        if len(grown) > 1:
            return None
        joined[name] = torch.cat(tensors, grown[0]) if grown else tensors[-1]
    return joined
