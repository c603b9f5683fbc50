"""Keras' files as they are: the layers of a `.keras` or `.h5` file with their settings and arrays, in Keras' layout."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.weights.errors import WeightsError
from zoo.weights.keras_calls import KerasCall, KerasTensor, read_calls, read_outputs

# Where a `.keras` file has the arrays of a layer, below its own folder.
FOLDERS = {
    "Bidirectional": ("forward_layer/cell/vars", "backward_layer/cell/vars"),
    "TimeDistributed": ("layer/vars",),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), ("cell/vars",)),
}
# The folder of all layers: Keras 3, and the Keras 2 that wrote `.keras` files.
ROOTS = ("layers", "_layer_checkpoint_dependencies")


@dataclass(frozen=True)
class KerasLayer:
    """A layer of a Keras model.

    Args:
        name: as the model calls it.
        class_name: such as "LSTM".
        config: its settings.
        arrays: its weights, in Keras' order: kernel, recurrent kernel, bias; of the forward layer first.
        calls: what it takes, once for each time that it is called; None where each layer takes the one before.
    """

    name: str
    class_name: str
    config: dict[str, Any]
    arrays: list[np.ndarray]
    calls: list[KerasCall] | None


@dataclass(frozen=True)
class KerasModel:
    """A whole Keras model.

    Args:
        layers: in the order in which the model lists them.
        outputs: what it returns; None where that is what the last layer gives.
    """

    layers: list[KerasLayer]
    outputs: list[KerasTensor] | None


def read_class_name(entry: dict[str, Any]) -> str:
    """Return the name of a class; one that is not Keras' own is marked, because it may have the name of one that is."""
    is_own = entry.get("registered_name") is None or str(entry.get("module")).startswith("keras.")
    return str(entry["class_name"]) if is_own else f"custom {entry['class_name']}"


def unwrap(keras: KerasLayer) -> tuple[str, dict[str, Any]]:
    """Return class and settings of the layer itself, without what is around it."""
    if keras.class_name in ("Bidirectional", "TimeDistributed"):
        inner = keras.config["layer"]
        return read_class_name(inner), inner["config"]
    return keras.class_name, keras.config


def import_h5py() -> Any:
    """Return the package `h5py`.

    Raises:
        WeightsError: it is not installed.
    """
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise WeightsError(f"reading Keras: {error}; install it: pip install 'recurrent-zoo[keras]'") from error
    return h5py


def read_keras(path: str | Path) -> KerasModel:
    """Read a whole Keras model.

    Raises:
        WeightsError: the file is not a Keras model, or has weights only.
    """
    path = Path(path)
    h5py = import_h5py()
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                model = json.loads(archive.read("config.json"))
                content = io.BytesIO(archive.read("model.weights.h5"))
            with h5py.File(content, "r") as file:
                return KerasModel(_read_archive(model, file), _outputs(model))
        with h5py.File(path, "r") as file:
            if "model_config" not in file.attrs:
                raise WeightsError(
                    f"{path} has weights without the model; save the whole one, model.save('model.keras')"
                )
            model = json.loads(_text(file.attrs["model_config"]))
            return KerasModel(_read_h5(model, file["model_weights"]), _outputs(model))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path} is not a readable Keras model: {str(error).strip()[:160]}") from error


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _entries(model: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of a model's layers; the earliest Keras has them as the configuration itself."""
    config = model["config"]
    return list(config if isinstance(config, list) else config["layers"])


def _outputs(model: dict[str, Any]) -> list[KerasTensor] | None:
    config = model["config"]
    return read_outputs(config["output_layers"]) if isinstance(config, dict) and "output_layers" in config else None


def _read_h5(model: dict[str, Any], weights: Any) -> list[KerasLayer]:
    layers = []
    for entry in _entries(model):
        name = _name(entry)
        arrays = []
        if name in weights:
            arrays = [np.asarray(weights[name][_text(item)]) for item in weights[name].attrs["weight_names"]]
        layers.append(_layer(entry, arrays))
    return layers


def _read_archive(model: dict[str, Any], file: Any) -> list[KerasLayer]:
    root: Any = next((file[name] for name in ROOTS if name in file), {})
    seen: dict[str, int] = {}
    layers = []
    for entry in _entries(model):
        # Keras calls a folder after the layer's class, and numbers those of one class.
        folder = _snake_case(entry["class_name"])
        number = seen[folder] = seen.get(folder, -1) + 1
        group = root.get(f"{folder}_{number}" if number else folder)
        arrays = []
        for inner in FOLDERS.get(entry["class_name"], ("vars",)):
            variables = None if group is None else group.get(inner)
            if variables is not None:
                arrays += [np.asarray(variables[key]) for key in sorted(variables, key=int)]
        layers.append(_layer(entry, arrays))
    return layers


def _name(entry: dict[str, Any]) -> str:
    return str(entry["config"].get("name", entry.get("name", "")))


def _snake_case(name: str) -> str:
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _layer(entry: dict[str, Any], arrays: list[np.ndarray]) -> KerasLayer:
    calls = None if "inbound_nodes" not in entry else read_calls(entry["inbound_nodes"])
    return KerasLayer(_name(entry), read_class_name(entry), entry["config"], arrays, calls)
