"""Loading weights: read a file without running code in it, find where the weights belong, report every mismatch."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from zoo.errors import ZooError


class WeightsError(ZooError, ValueError):
    """Weights do not fit the module, or a file holds none."""


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """Read a state dict from `.safetensors`, or from a `torch.save` file with nothing but tensors in it.

    From a Lightning checkpoint, the entry `state_dict` is taken.

    Raises:
        FileNotFoundError: no such file.
        WeightsError: the file is not a state dict, or reading it would run code.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no weights at {path}")
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except SafetensorError as error:
            raise WeightsError(f"{path} is not a readable safetensors file: {error}") from error
    if _is_torchscript(path):
        raise WeightsError(f"{path} is a TorchScript file, not a state dict; load it with zoo.load_artifact")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, UnicodeDecodeError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WeightsError(
            f"{path} does not load with weights_only=True: {reason[:160]}; "
            "save it with torch.save(model.state_dict(), path)"
        ) from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not all(isinstance(v, Tensor) for v in content.values()):
        raise WeightsError(
            f"{path} holds {type(content).__name__}, expected a mapping of names to tensors; "
            "save it with torch.save(model.state_dict(), path)"
        )
    return dict(content)


def load_weights_(module: nn.Module, weights: str | Path | Mapping[str, Tensor]) -> nn.Module:
    """Copy weights into a module in place.

    The names may be those of the module, with a prefix before all of them (`module.`, `model.`, `_orig_mod.`, or that
    of a module that held this one), or without one that all of the module's names have (`rnn.`). They may also be those
    of one bare `nn.LSTM/GRU/RNN` (`weight_ih_l0` ...); such weights go to the recurrent stack.

    Args:
        module: whose weights to set.
        weights: a file for `read_weights`, or a state dict.

    Returns:
        The module.

    Raises:
        WeightsError: with all missing, unexpected, misshapen and non-finite tensors at once.
        FileNotFoundError: no such file.
    """
    given = dict(weights) if isinstance(weights, Mapping) else read_weights(weights)
    given = _fit_prefix(given, set(module.state_dict()))
    if given and all("." not in name for name in given) and not set(given) & set(module.state_dict()):
        return _load_into_stack_(module, given)
    _check(module, given)
    module.load_state_dict(given)
    return module


def _fit_prefix(given: dict[str, Tensor], own: set[str]) -> dict[str, Tensor]:
    """Take from or put before all names the prefix with which most of them are the module's own."""
    prefixes = {name[: i + 1] for name in given for i, c in enumerate(name) if c == "."}
    choices = [given]
    choices += [
        {name.removeprefix(prefix): value for name, value in given.items()}
        for prefix in sorted(prefixes, key=len)
        if all(name.startswith(prefix) for name in given)
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
        _check(layers[0], given)
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
    _raise(faults)
    for layer, part in zip(layers, split, strict=True):
        layer.load_state_dict(part)
    return module


def find_mismatches(module: nn.Module, given: Mapping[str, Tensor]) -> list[str]:
    """Return one line for every missing, unexpected, misshapen or non-finite tensor."""
    own = module.state_dict()
    faults = [f"missing {name} {list(own[name].shape)}" for name in own if name not in given]
    faults += [f"unexpected {name} {list(given[name].shape)}" for name in given if name not in own]
    for name in own:
        if name not in given:
            continue
        if own[name].shape != given[name].shape:
            faults.append(f"{name}: expected {list(own[name].shape)}, got {list(given[name].shape)}")
        elif given[name].is_floating_point() and not torch.isfinite(given[name]).all():
            faults.append(f"{name}: holds NaN or Inf")
    return faults


def _check(module: nn.Module, given: Mapping[str, Tensor]) -> None:
    _raise(find_mismatches(module, given))


def _raise(faults: list[str]) -> None:
    if faults:
        raise WeightsError(f"weights do not fit the model, {len(faults)} mismatches:\n  " + "\n  ".join(faults))


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())
