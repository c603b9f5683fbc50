"""Keras' layers in PyTorch's layout: LSTM, GRU, SimpleRNN, both directions, Dense, Embedding, Normalization."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from zoo.weights.arrays import to_tensor
from zoo.weights.keras_file import KerasLayer, read_keras
from zoo.weights.layers import REVERSE, FileModel, Layer

# Where each of PyTorch's gates is in Keras: i f c o is i f g o, and z r h is r z n in another order.
GATES = {"LSTM": (0, 1, 2, 3), "GRU": (1, 0, 2), "SimpleRNN": (0,)}
# Layers that have no weights, and of which a model of the zoo has its own.
WITHOUT_WEIGHTS = {
    "Activation", "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise",
    "GlobalAveragePooling1D", "GlobalMaxPooling1D", "InputLayer", "Masking", "Softmax", "SpatialDropout1D",
}  # fmt: skip
EPSILON = 1e-7  # Keras' own, below which a deviation of Normalization does not fall


def read_keras_layers(path: str | Path) -> FileModel:
    """Read the layers of a Keras model.

    Raises:
        WeightsError: the file is not a Keras model.
    """
    return convert_keras_layers(read_keras(path))


def convert_keras_layers(given: list[KerasLayer]) -> FileModel:
    """Return the layers in PyTorch's layout, and what PyTorch has no layer for."""
    layers: list[Layer] = []
    faults = _find_branches(given)
    for keras in given:
        objections = _objections(keras)
        faults += objections
        if not objections and keras.arrays:
            layers.append(_convert(keras))
    return FileModel(layers, faults)


def _find_branches(given: list[KerasLayer]) -> list[str]:
    """Return one line for each layer that does not take the output of the layer before it, and of it alone."""
    faults, before = [], None
    for keras in given:
        if keras.class_name == "NotEqual":  # Keras' own, which makes a mask
            continue
        if keras.inputs is not None and keras.class_name != "InputLayer" and keras.inputs != [before]:
            taken = ", ".join(keras.inputs) or "nothing"
            faults.append(f"{keras.name} takes {taken}, expected {before}: models that branch are not read")
        before = keras.name
    return faults


def unwrap(keras: KerasLayer) -> tuple[str, dict[str, Any]]:
    """Return class and settings of the layer itself, without what is around it."""
    if keras.class_name in ("Bidirectional", "TimeDistributed"):
        return keras.config["layer"]["class_name"], keras.config["layer"]["config"]
    return keras.class_name, keras.config


def activation(value: Any) -> str:
    """Return the name of an activation, which Keras may write as an entry."""
    return value["config"] if isinstance(value, dict) and isinstance(value["config"], str) else str(value)


def _objections(keras: KerasLayer) -> list[str]:
    """Return why no layer takes this one, one line each."""
    kind, config = unwrap(keras)
    if keras.class_name in WITHOUT_WEIGHTS or keras.class_name == "NotEqual":
        return []
    if kind in GATES:
        return [f"{keras.name}: {reason}" for reason in _recurrent_objections(keras, kind, config)]
    if kind == "Dense" or (kind in ("Embedding", "Normalization") and kind == keras.class_name):
        return [] if keras.arrays and not config.get("invert") else [f"{keras.name}: the file has no weights of it"]
    shapes = ", ".join(str(list(array.shape)) for array in keras.arrays)
    return [f"unexpected {kind} {keras.name}" + (f": {shapes}" if shapes else "")]


def _recurrent_objections(keras: KerasLayer, kind: str, config: dict[str, Any]) -> list[str]:
    found = []
    allowed = ("tanh", "relu") if kind == "SimpleRNN" else ("tanh",)
    if activation(config["activation"]) not in allowed:
        found.append(f"activation={activation(config['activation'])}, expected {' or '.join(allowed)}")
    if kind != "SimpleRNN" and activation(config["recurrent_activation"]) != "sigmoid":
        found.append(f"recurrent_activation={activation(config['recurrent_activation'])}, expected sigmoid")
    if config.get("go_backwards"):
        found.append("go_backwards=True, which no layer of the zoo does alone")
    if config.get("time_major"):
        found.append("time_major=True; save it with the batch first")
    if keras.class_name == "Bidirectional":
        if keras.config.get("merge_mode", "concat") != "concat":
            found.append(f"merge_mode={keras.config['merge_mode']}, expected concat")
        other = (keras.config.get("backward_layer") or keras.config["layer"])["config"]
        differing = [
            key for key in ("units", "activation", "use_bias", "reset_after") if other.get(key) != config.get(key)
        ]
        found += [f"{key} differs between the directions" for key in differing]
    elif keras.class_name == "TimeDistributed":
        found.append(f"a {kind} in TimeDistributed, which no layer of the zoo has")
    arrays = (3 if config.get("use_bias", True) else 2) * (2 if keras.class_name == "Bidirectional" else 1)
    if len(keras.arrays) != arrays:
        found.append(f"{len(keras.arrays)} arrays, expected {arrays}")
    return found


def _convert(keras: KerasLayer) -> Layer:
    kind, config = unwrap(keras)
    if kind in GATES:
        return _convert_recurrent(keras, kind, config)
    if kind == "Embedding":
        return Layer(keras.name, "embedding", {"weight": to_tensor(keras.arrays[0])})
    if kind == "Normalization":
        mean, variance = (array.reshape(-1) for array in keras.arrays[:2])
        std = np.maximum(np.sqrt(variance), EPSILON)
        return Layer(keras.name, "standardize", {"mean": to_tensor(mean), "std": to_tensor(std)})
    names = ("weight", "bias")
    return Layer(keras.name, "linear", {n: to_tensor(a.T) for n, a in zip(names, keras.arrays, strict=False)})


def _convert_recurrent(keras: KerasLayer, kind: str, config: dict[str, Any]) -> Layer:
    directions = 2 if keras.class_name == "Bidirectional" else 1
    each = len(keras.arrays) // directions
    tensors = {}
    for direction in range(directions):
        kernel, recurrent, *rest = keras.arrays[direction * each : (direction + 1) * each]
        parts = {"weight_ih": kernel.T, "weight_hh": recurrent.T}  # (gates * H, I), (gates * H, H)
        if rest:
            # GRU with reset_after has two biases; all others have one.
            parts["bias_ih"], parts["bias_hh"] = rest[0] if rest[0].ndim == 2 else (rest[0], np.zeros_like(rest[0]))
        for name, array in parts.items():
            blocks = np.split(array, len(GATES[kind]))
            suffix = REVERSE if direction else ""
            tensors[name + suffix] = to_tensor(np.concatenate([blocks[k] for k in GATES[kind]]))
    return Layer(keras.name, _cell(kind, config, keras.arrays), tensors)


def _cell(kind: str, config: dict[str, Any], arrays: list[np.ndarray]) -> str:
    if kind == "GRU":
        # Keras before 2.2 does not say it: the shape of the bias does.
        after = config.get("reset_after", len(arrays) > 2 and arrays[2].ndim == 2)
        return "gru" if after else "reset_before_gru"
    if kind == "SimpleRNN":
        return "rnn_relu" if activation(config["activation"]) == "relu" else "rnn"
    return "lstm"
