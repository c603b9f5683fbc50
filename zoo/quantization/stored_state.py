"""Weights that are neither parameters nor buffers, and are in the `state_dict` of their module nevertheless.

TorchScript writes such weights as their module says, which is how a file gets fewer bytes. `state_dict` has them as the
file does, so that `load_state_dict` gives the same model again, and takes no weights of another recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from zoo.errors import ArgumentError

SHAPE = "shape"  # the last part of the name of a weight's sizes, whose numbers must be the same
# Of packed weights: what they are, in which precision and of which sizes. The C++ structs `Header` begin so.
HEADER_BYTES = 36
FITS = "a state dict fits a model of the same sizes that the same recipe quantized"


class StoredState(nn.Module):
    """A module whose weights are what `get_parts` gives. It has no modules inside."""

    def get_parts(self) -> dict[str, Tensor]:
        """Return the weights as a file keeps them, by names of their own."""
        raise NotImplementedError

    def set_parts(self, parts: Mapping[str, Tensor]) -> None:
        """Take weights, as `get_parts` gives them."""
        raise NotImplementedError

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        """Move the weights, as `.to(device)` does with parameters.

        Raises:
            ArgumentError: `fn` changes the type of the weights.
        """
        super()._apply(fn, recurse)
        for name, value in vars(self).items():
            if not name.startswith("_"):
                setattr(self, name, _move(value, fn))
        return self

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        for name, part in self.get_parts().items():
            destination[prefix + name] = part

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        own = self.get_parts()
        given = {key.removeprefix(prefix): value for key, value in state_dict.items() if key.startswith(prefix)}
        missing_keys += [prefix + name for name in own if name not in given]
        if strict:
            unexpected_keys += [prefix + name for name in given if name not in own]
        faults = [
            f"{prefix}{name}: expected {fault}; {FITS}"
            for name, part in own.items()
            if name in given and (fault := find_fault(name, part, given[name]))
        ]
        error_msgs += faults
        if not faults:
            self.set_parts({name: given.get(name, part) for name, part in own.items()})


def _move(value: Any, fn: Callable[[Tensor], Tensor]) -> Any:
    """Apply a function to the tensors of lists of tensors."""
    if isinstance(value, list):
        return [_move(item, fn) for item in value]
    if not isinstance(value, Tensor):
        return value
    moved = fn(value)
    if value.dtype == torch.float32 != moved.dtype:
        raise ArgumentError(
            f"a quantized model computes in float32, expected no change to {str(moved.dtype).removeprefix('torch.')}; "
            "convert its input instead"
        )
    return moved.to(value.dtype)  # what the file keeps in 16 bits stays so


class PackedState(nn.Module):
    """A module with a buffer `packed`, which has the engine's weights behind a header."""

    def __init__(self, packed: Tensor) -> None:
        super().__init__()
        self.packed: Tensor
        self.register_buffer("packed", packed)

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        *rest: Any,  # the rest is as in `StoredState`
    ) -> None:
        given = state_dict.get(prefix + "packed")
        if given is not None and not same_header(self.packed, given):
            error_msgs: list[str] = rest[-1]
            error_msgs.append(f"{prefix}packed: expected weights of the engine as this model has them; {FITS}")
            return
        super()._load_from_state_dict(state_dict, prefix, *rest)


def find_fault(name: str, own: Tensor, given: Any) -> str:
    """Return what was expected and what came, as the end of a sentence, or "" where the tensors are of one kind."""
    if not isinstance(given, Tensor):
        return f"a tensor, got {type(given).__name__}"
    if (own.dtype, own.shape) != (given.dtype, given.shape):
        return f"{own.dtype} {list(own.shape)}, got {given.dtype} {list(given.shape)}"
    if name.rpartition(".")[2] == SHAPE and own.tolist() != given.tolist():
        return f"{own.tolist()}, got {given.tolist()}"
    return ""


def same_header(own: Tensor, given: Tensor) -> bool:
    """Return whether packed weights are of the same layer, sizes and precision, with or without fixed ranges."""
    return not find_fault("packed", own, given) and torch.equal(own[:HEADER_BYTES], given[:HEADER_BYTES].to(own.device))
