"""Keras' layers in PyTorch's layout: LSTM, GRU, SimpleRNN, both directions, Dense, Embedding, Normalization."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from zoo.weights.arrays import to_tensor
from zoo.weights.keras_branches import MASKS, find_branches
from zoo.weights.keras_file import KerasLayer, KerasModel, read_keras, unwrap
from zoo.weights.keras_settings import SETTINGS, WRAPPERS, activation, find_ranks, find_setting_faults
from zoo.weights.layers import REVERSE, FileModel, Layer

# Where each of PyTorch's gates is in Keras: i f c o is i f g o, and z r h is r z n in another order.
GATES = {"LSTM": (0, 1, 2, 3), "GRU": (1, 0, 2), "SimpleRNN": (0,)}
EPSILON = 1e-7  # Keras' own, below which a deviation of Normalization does not fall


def read_keras_layers(path: str | Path) -> FileModel:
    """Read the layers of a Keras model.

    Raises:
        WeightsError: the file is not a Keras model.
    """
    return convert_keras_layers(read_keras(path))


def convert_keras_layers(model: KerasModel) -> FileModel:
    """Return the layers in PyTorch's layout, and what PyTorch has no layer for."""
    layers: list[Layer] = []
    faults = find_branches(model)
    for keras, rank in zip(model.layers, find_ranks(model.layers), strict=True):
        objections = _objections(keras, rank)
        faults += objections
        if not objections and keras.arrays:
            layers.append(_convert(keras))
    return FileModel(layers, faults)


def _objections(keras: KerasLayer, rank: int) -> list[str]:
    """Return why no layer takes this one, one line each."""
    kind, config = unwrap(keras)
    if keras.class_name in MASKS:
        return []
    allowed = {"TimeDistributed": ("Dense",), "Bidirectional": tuple(GATES)}.get(keras.class_name, tuple(SETTINGS))
    if kind not in allowed or kind in WRAPPERS:
        shapes = ", ".join(str(list(array.shape)) for array in keras.arrays)
        around = f" in {keras.class_name}" if keras.class_name in WRAPPERS else ""
        return [f"unexpected {kind}{around} {keras.name}" + (f": {shapes}" if shapes else "")]
    return [
        f"{keras.name}: {reason}" for reason in find_setting_faults(keras, rank) + _array_faults(keras, kind, config)
    ]


def _array_faults(keras: KerasLayer, kind: str, config: dict[str, Any]) -> list[str]:
    given = len(keras.arrays)
    if kind == "Normalization":  # mean, variance and, in most versions, how many rows they are of
        return [] if given in (2, 3) else ["the file has no weights of it"]
    expected = int(kind == "Embedding")
    if kind in GATES or kind == "Dense":
        expected = (kind in GATES) + 1 + bool(config.get("use_bias", True))
    expected *= 2 if keras.class_name == "Bidirectional" else 1
    if given == expected:
        return []
    return [f"{given} arrays, expected {expected}" if given else "the file has no weights of it"]


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
