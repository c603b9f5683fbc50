"""Which settings a layer of Keras may have, so that none is left unread that changes what the layer computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo.weights.keras_calls import find_tensors
from zoo.weights.keras_file import KerasLayer, read_class_name, unwrap

ANY = None  # any value: it is read elsewhere, shows in the arrays, or matters in training alone
OFF = (False, None)
Values = dict[str, tuple[Any, ...] | None]  # those that each setting may have
# What a layer of any class may have.
COMMON: Values = dict.fromkeys(
    (
        "activity_regularizer", "batch_input_shape", "batch_shape", "dtype", "input_dim", "input_dtype", "input_length",
        "input_shape", "name", "seed", "trainable",
    ),
    ANY,
)  # fmt: skip
TRAINING = ("_initializer", "_regularizer", "_constraint")
# LoRA is merged when Keras saves.
ADAPTED: Values = {"lora_alpha": ANY, "lora_rank": ANY, "quantization_config": (None,)}
RECURRENT: Values = {
    "activation": ("tanh",),
    "dropout": ANY,
    "go_backwards": OFF,
    "implementation": ANY,  # 1 and 2 compute the same
    "recurrent_activation": ("sigmoid",),
    "recurrent_dropout": ANY,
    "return_sequences": ANY,
    "return_state": ANY,
    "stateful": ANY,
    "time_major": OFF,
    "unit_forget_bias": ANY,
    "units": ANY,
    "unroll": ANY,
    "use_bias": ANY,
    "zero_output_for_mask": ANY,  # of steps that a model of the zoo leaves out by its lengths
}
POOLING: Values = {"data_format": ("channels_last", None), "keepdims": OFF}
DROPOUT: Values = {"noise_shape": ANY, "rate": ANY}
# What a layer of each class may have besides, with the values that it may have.
SETTINGS: dict[str, Values] = {
    "Activation": {"activation": ANY},
    "ActivityRegularization": {"l1": ANY, "l2": ANY},
    "AlphaDropout": DROPOUT,
    "Bidirectional": {"backward_layer": ANY, "layer": ANY, "merge_mode": ("concat",)},
    "Dense": {"activation": ANY, "units": ANY, "use_bias": ANY, **ADAPTED},
    "Dropout": DROPOUT,
    "Embedding": {"mask_zero": ANY, "output_dim": ANY, "sparse": ANY, **ADAPTED},
    "GRU": {**RECURRENT, "reset_after": ANY},
    "GaussianDropout": DROPOUT,
    "GaussianNoise": {"stddev": ANY},
    "GlobalAveragePooling1D": POOLING,
    "GlobalMaxPooling1D": POOLING,
    "InputLayer": {"optional": ANY, "ragged": ANY, "sparse": ANY},
    "LSTM": RECURRENT,
    "Masking": {"mask_value": ANY},
    "Normalization": {"axis": (-1,), "invert": OFF, "mean": ANY, "variance": ANY},
    "SimpleRNN": {**RECURRENT, "activation": ("tanh", "relu")},
    "Softmax": {"axis": (-1,)},
    "SpatialDropout1D": DROPOUT,
    "TimeDistributed": {"layer": ANY},
}
WRAPPERS = ("Bidirectional", "TimeDistributed")
ALIKE = ("units", "activation", "use_bias", "reset_after")  # in both directions


def activation(value: Any) -> str:
    """Return the name of an activation, which Keras may write as an entry."""
    if not isinstance(value, dict):
        return str(value)
    # A registered name with this sign is of a function that is not Keras' own and may have the name of one that is.
    registered = str(value.get("registered_name"))
    if ">" in registered:
        return registered
    return value["config"] if isinstance(value["config"], str) else str(value["class_name"])


def find_setting_faults(keras: KerasLayer, rank: int) -> list[str]:
    """Return one line for each setting that makes a layer compute something that no layer of the zoo does.

    Args:
        keras: a layer of a class in `SETTINGS`.
        rank: of its input.
    """
    kind, config = unwrap(keras)
    found = _faults(kind, config, rank)
    if keras.class_name in WRAPPERS:
        found += _faults(keras.class_name, keras.config, rank)
    if keras.class_name == "Bidirectional" and keras.config.get("backward_layer"):
        found += _backward_faults(kind, config, keras.config["backward_layer"])
    return found


def _backward_faults(kind: str, config: dict[str, Any], entry: dict[str, Any]) -> list[str]:
    other = entry["config"]
    if read_class_name(entry) != kind:
        return [f"backward_layer={read_class_name(entry)}, expected {kind}"]
    # Keras has the second direction go backwards.
    found = [f"backward_layer: {fault}" for fault in _faults(kind, {**other, "go_backwards": False}, 3)]
    return found + [f"{key} differs between the directions" for key in ALIKE if other.get(key) != config.get(key)]


def find_ranks(layers: Sequence[KerasLayer]) -> list[int]:
    """Return the rank of each layer's input in a chain that begins with features (B, T, F) or tokens (B, T)."""
    ranks, rank = [], 3
    for keras in layers:
        kind, config = unwrap(keras)
        if any(tensor.index for tensor in find_tensors([call.args for call in keras.calls or []])):
            rank = 2  # a state
        ranks.append(rank)
        if kind.startswith("Global") or ("return_sequences" in config and not config["return_sequences"]):
            rank = 2
    return ranks


def _faults(kind: str, config: dict[str, Any], rank: int) -> list[str]:
    known = {**COMMON, **SETTINGS[kind]}
    found = []
    for key, value in config.items():
        allowed = ANY if key.endswith(TRAINING) else known.get(key, OFF)
        if allowed is ANY:
            continue
        if key == "axis":
            value = value[0] if isinstance(value, list) and len(value) == 1 else value
            value = -1 if value == rank - 1 else value
        elif isinstance(value, dict) or key.endswith("activation"):
            value = activation(value)
        if value not in allowed:
            expected = " or ".join(str(item) for item in allowed if item is not None or len(allowed) == 1)
            words = f"expected {expected}" if key in known else f"which is not a known setting of {kind}"
            found.append(f"{key}={value}, {words}")
    return found
