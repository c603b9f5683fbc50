"""Files of weights: which kind a file is of, by its content, and the names and tensors in it."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from zoo.weights.arrays import holds_numbers, to_tensor
from zoo.weights.errors import WeightsError

# The entries under which training programs keep the weights: Lightning's first.
ENTRIES = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params")
HDF5 = b"\x89HDF\r\n\x1a\n"


def find_format(path: str | Path) -> str:
    """Return "safetensors", "sharded", "torch", "torchscript", "npz", "onnx" or "keras", by content where it tells.

    Raises:
        FileNotFoundError: no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}")
    if zipfile.is_zipfile(path):
        return _find_archive_format(path)
    if path.suffix == ".json":
        return "sharded"
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(HDF5):
        return "keras"
    if start[8:9] == b"{" or path.suffix == ".safetensors":
        return "safetensors"
    # An ONNX file begins with its version, field 1 of the message, which is a number below 128.
    is_onnx = len(start) > 2 and start[0] == 0x08 and start[1] < 0x80
    if is_onnx or path.suffix == ".onnx":
        return "onnx"
    return {".keras": "keras", ".h5": "keras", ".hdf5": "keras", ".npz": "npz"}.get(path.suffix, "torch")


def _find_archive_format(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if any(name.endswith("/constants.pkl") for name in names):
        return "torchscript"
    if "model.weights.h5" in names or "config.json" in names:
        return "keras"
    return "npz" if names and all(name.endswith(".npy") for name in names) else "torch"


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """Read names and tensors from `.safetensors`, `.npz`, or a `torch.save` file with nothing but tensors in it.

    An index, `model.safetensors.index.json`, says which file beside it has which tensor.
    From a checkpoint of a training program, the entry with the weights is taken, which Lightning calls `state_dict`.

    Raises:
        FileNotFoundError: no such file.
        WeightsError: the file is of another kind, or reading it would run code.
    """
    path = Path(path)
    kind = find_format(path)
    if kind == "safetensors":
        try:
            return load_file(path)
        except SafetensorError as error:
            raise WeightsError(f"{path} is not a readable safetensors file: {error}") from error
    if kind == "npz":
        return _read_npz(path)
    if kind == "sharded":
        return _read_parts(path)
    if kind == "torchscript":
        raise WeightsError(f"{path} is a TorchScript file, not a state dict; load it with zoo.load_artifact")
    if kind != "torch":
        raise WeightsError(f"{path} is a whole model, not a state dict; give it to zoo.build as weights")
    return _read_torch(path)


def _read_parts(path: Path) -> dict[str, Tensor]:
    try:
        place_of = json.loads(path.read_text())["weight_map"]
        parts = sorted(set(place_of.values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f'{path} is not the index of weights in parts: expected {{"weight_map": {{name of a tensor: file}}}}'
        ) from error
    strange = [part for part in parts if Path(part).name != part or part.endswith(".json")]
    if strange:
        raise WeightsError(f"{path} names {strange[0]!r}, expected a file of weights in the same folder")
    held = {part: read_weights(path.parent / part) for part in parts}
    missing = [f"{name} is not in {part}" for name, part in place_of.items() if name not in held[part]]
    if missing:
        raise WeightsError(f"{path} does not fit its files: {', '.join(missing[:3])}; get all of them again")
    return {name: held[part][name] for name, part in place_of.items()}


def _read_npz(path: Path) -> dict[str, Tensor]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise WeightsError(f"{path} is not a readable .npz file of numbers: {error}") from error
    wrong = [f"{name} ({array.dtype})" for name, array in arrays.items() if not holds_numbers(array)]
    if wrong:
        raise WeightsError(f"{path} holds {', '.join(wrong)}, expected numbers; leave them out with numpy.savez")
    return {name: to_tensor(array) for name, array in arrays.items()}


def _read_torch(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, UnicodeDecodeError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WeightsError(
            f"{path} does not load with weights_only=True: {reason[:160]}; "
            "save it with torch.save(model.state_dict(), path)"
        ) from error
    found = _find_tensors(content)
    if found is None:
        raise WeightsError(
            f"{path} holds {type(content).__name__}, expected a mapping of names to tensors, or one under "
            f"{', '.join(ENTRIES)}; save it with torch.save(model.state_dict(), path)"
        )
    return found


def _find_tensors(content: object) -> dict[str, Tensor] | None:
    if not isinstance(content, Mapping):
        return None
    if all(isinstance(value, Tensor) for value in content.values()):
        return dict(content)
    return next((found for entry in ENTRIES if (found := _find_tensors(content.get(entry))) is not None), None)
