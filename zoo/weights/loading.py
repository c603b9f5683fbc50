"""Weights into a module: find where they belong, and report every mismatch at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from zoo.quantized_parts import find_quantization
from zoo.weights.arrays import holds_numbers, to_tensor
from zoo.weights.errors import WeightsError, raise_faults
from zoo.weights.files import find_format, read_weights
from zoo.weights.keras_layers import read_keras_layers
from zoo.weights.layers import FileModel, place_layers
from zoo.weights.onnx_layers import read_onnx_layers

# Files that hold a whole model of another program.
LAYER_READERS = {"onnx": read_onnx_layers, "keras": read_keras_layers}


def load_weights_(module: nn.Module, weights: str | Path | Mapping[str, Tensor | np.ndarray]) -> nn.Module:
    """Copy weights into a module in place.

    From the file of an ONNX or Keras model, layers go where the module has layers of their kind, in the order of the
    data. All else has names, which may be those of the module, with a prefix (`module.`, `model.`, `_orig_mod.`, or
    that of a module that held this one), or without one that all of the module's names have (`rnn.`). They may also be
    those of one bare `nn.LSTM/GRU/RNN` (`weight_ih_l0` ...); such weights go to the recurrent stack.

    Args:
        module: whose weights to set.
        weights: a file, `.safetensors`, `.pt`, `.npz`, `.onnx`, `.keras` or `.h5`, the index of one in parts
            (`model.safetensors.index.json`), or a state dict. Floating-point numbers of any size fit a weight.

    Returns:
        The module.

    Raises:
        WeightsError: with all missing, unexpected, misshapen and non-finite tensors and those of another type at once,
            or the module is quantized, or the file cannot be read, or reading it would run code.
        FileNotFoundError: no such file.
    """
    _refuse_quantized(module)
    if not isinstance(weights, str | Path | Mapping):
        raise WeightsError(f"weights must be a file or a mapping of names to tensors, got {type(weights).__name__}")
    if not isinstance(weights, Mapping) and (reader := LAYER_READERS.get(find_format(weights))) is not None:
        return load_layers_(module, reader(weights))
    given = _to_tensors(weights) if isinstance(weights, Mapping) else read_weights(weights)
    given = _fit_prefix(given, set(module.state_dict()))
    if given and all("." not in name for name in given) and not set(given) & set(module.state_dict()):
        return _load_into_stack_(module, given)
    raise_faults(find_mismatches(module, given))
    module.load_state_dict(given)
    return module


def load_layers_(module: nn.Module, given: FileModel) -> nn.Module:
    """Copy the layers of a file into a module in place.

    Raises:
        WeightsError: with everything that has no place, and everything that is missing, at once; or the module is
            quantized.
    """
    _refuse_quantized(module)
    state, faults = place_layers(module, given.layers)
    raise_faults(given.faults + faults + find_mismatches(module, state))
    module.load_state_dict(state)
    return module


def _refuse_quantized(module: nn.Module) -> None:
    quantization = find_quantization(module)
    if quantization is not None:
        raise WeightsError(
            f"the model is quantized, by {quantization.recipe!r}, and takes no other weights; load them into the float "
            "model, and quantize that (load_state_dict takes the weights of a model that was quantized in the same way)"
        )


def _to_tensors(weights: Mapping[str, Tensor | np.ndarray]) -> dict[str, Tensor]:
    """Turn the arrays of a state dict into tensors.

    Raises:
        WeightsError: with everything that is neither, at once.
    """
    given: dict[str, Tensor] = {}
    faults = []
    for name, value in weights.items():
        if not isinstance(name, str):
            faults.append(f"{name!r} must be a string, the name of a tensor")
        elif isinstance(value, Tensor):
            given[name] = value
        elif isinstance(value, np.ndarray) and holds_numbers(value):
            given[name] = to_tensor(value)
        else:
            what = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
            faults.append(f"{name} must be a tensor or an array of numbers, got {what}")
    raise_faults(faults)
    return given


def _fit_prefix(given: dict[str, Tensor], own: set[str]) -> dict[str, Tensor]:
    """Take from the names, or put before all of them, the prefix with which most of them are the module's own.

    A checkpoint may hold more than the module, such as the weights of a loss; these keep their names.
    """
    prefixes = {name[: i + 1] for name in given for i, c in enumerate(name) if c == "."}
    choices = [given]
    choices += [
        {name.removeprefix(prefix): value for name, value in given.items()}
        for prefix in sorted(prefixes, key=len)
        if len({name.removeprefix(prefix) for name in given}) == len(given)
    ]
    outer = {name[: i + 1] for name in own for i, c in enumerate(name) if c == "."}
    choices += [
        {prefix + name: value for name, value in given.items()}
        for prefix in sorted(outer, key=len)
        if all(name.startswith(prefix) for name in own)
    ]
    return max(choices, key=lambda choice: len(own & set(choice)))  # the first of equals


def _load_into_stack_(module: nn.Module, given: dict[str, Tensor]) -> nn.Module:
    """Load the weights of one bare recurrent layer into the only one, or into the layers of a residual stack."""
    layers = [layer for layer in module.modules() if isinstance(layer, nn.RNNBase)]
    if len(layers) == 1:
        raise_faults(find_mismatches(layers[0], given))
        layers[0].load_state_dict(given)
        return module
    split: list[dict[str, Tensor]] = [{} for _ in layers]
    unexpected = {}
    for name, value in given.items():
        base, _, rest = name.rpartition("_l")
        number, _, suffix = rest.partition("_")
        if base and number.isdigit() and int(number) < len(layers):
            split[int(number)][f"{base}_l0" + (f"_{suffix}" if suffix else "")] = value
        else:
            unexpected[name] = value
    faults = [f"unexpected {name}" for name in sorted(unexpected)]
    for k, (layer, part) in enumerate(zip(layers, split, strict=True)):
        faults += [f"layer {k}: {fault}" for fault in find_mismatches(layer, part)]
    raise_faults(faults)
    for layer, part in zip(layers, split, strict=True):
        layer.load_state_dict(part)
    return module


def find_mismatches(module: nn.Module, given: Mapping[str, Tensor]) -> list[str]:
    """Return one line for every tensor that is missing, unexpected, misshapen, of another type, or not finite."""
    own = module.state_dict()
    faults = [f"missing {name} {list(own[name].shape)}" for name in own if name not in given]
    faults += [f"unexpected {name} {list(given[name].shape)}" for name in given if name not in own]
    for name in own:
        if name not in given:
            continue
        if own[name].shape != given[name].shape:
            faults.append(f"{name}: expected {list(own[name].shape)}, got {list(given[name].shape)}")
        else:
            faults += _value_faults(name, own[name], given[name])
    return faults


def _value_faults(name: str, own: Tensor, given: Tensor) -> list[str]:
    """Return what prevents the values of a tensor from becoming those of the module's own."""
    if given.layout != torch.strided or given.is_meta or given.is_quantized:
        what = "quantized" if given.is_quantized else "on the meta device" if given.is_meta else "sparse"
        return [f"{name}: is {what}, expected plain numbers"]
    if _kind(own.dtype) != _kind(given.dtype):
        # Integers, such as those of a quantized checkpoint, stand for weights only with a scale that is elsewhere.
        return [f"{name}: expected {_title(own.dtype)}, got {_title(given.dtype)}"]
    # Another type may have other limits, so it is the converted values that count.
    if own.is_floating_point() and not torch.isfinite(given.to(own.dtype)).all():
        return [f"{name}: holds NaN or Inf, or more than {_title(own.dtype)} can"]
    return []


def _kind(dtype: torch.dtype) -> str:
    if dtype.is_floating_point or dtype.is_complex:
        return "complex" if dtype.is_complex else "real"
    return "truth" if dtype == torch.bool else "whole"


def _title(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
