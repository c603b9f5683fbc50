"""What a Keras model computes, by Keras' own formulae in float64 and in Keras' layout: the reference of an import.

Nothing here is shared with the reader that turns the layers into PyTorch's, so that a fault of one shows in the other:
the reader takes a chain of layers, and the reference follows the connections of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zoo.importing.reference import Reference
from zoo.weights.keras_branches import MASKS
from zoo.weights.keras_calls import KerasTensor
from zoo.weights.keras_file import KerasLayer, KerasModel, unwrap
from zoo.weights.keras_settings import activation

Array = np.ndarray


def _sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def _softmax(x: Array, axis: int = -1) -> Array:
    shares = np.exp(x - x.max(axis, keepdims=True))
    return shares / shares.sum(axis, keepdims=True)


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "log_softmax": lambda x: np.log(_softmax(x)),
}
AT_THE_END = ("softmax", "log_softmax", "sigmoid")


def _lstm_step(x: Array, state: list[Array], weights: Sequence[Array], config: dict[str, Any]) -> list[Array]:
    h, c = state
    z_i, z_f, z_c, z_o = np.split(x @ weights[0] + h @ weights[1] + (weights[2] if len(weights) > 2 else 0.0), 4, 1)
    c = _sigmoid(z_f) * c + _sigmoid(z_i) * np.tanh(z_c)
    return [_sigmoid(z_o) * np.tanh(c), c]


def _gru_step(x: Array, state: list[Array], weights: Sequence[Array], config: dict[str, Any]) -> list[Array]:
    h = state[0]
    kernel, recurrent = weights[:2]
    bias = weights[2] if len(weights) > 2 else np.zeros(kernel.shape[1])
    units = len(recurrent)
    if config.get("reset_after", bias.ndim == 2):
        input_bias, recurrent_bias = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
        x_z, x_r, x_h = np.split(x @ kernel + input_bias, 3, 1)
        h_z, h_r, h_h = np.split(h @ recurrent + recurrent_bias, 3, 1)
        z, r = _sigmoid(x_z + h_z), _sigmoid(x_r + h_r)
        new = np.tanh(x_h + r * h_h)
    else:
        x_z, x_r, x_h = np.split(x @ kernel + bias, 3, 1)
        z = _sigmoid(x_z + h @ recurrent[:, :units])
        r = _sigmoid(x_r + h @ recurrent[:, units : 2 * units])
        new = np.tanh(x_h + (r * h) @ recurrent[:, 2 * units :])
    return [z * h + (1.0 - z) * new]


def _rnn_step(x: Array, state: list[Array], weights: Sequence[Array], config: dict[str, Any]) -> list[Array]:
    inside = x @ weights[0] + (weights[2] if len(weights) > 2 else 0.0) + state[0] @ weights[1]
    return [FUNCTIONS[activation(config["activation"])](inside)]


STEPS: dict[str, tuple[Callable[..., list[Array]], int]] = {
    "LSTM": (_lstm_step, 2),
    "GRU": (_gru_step, 1),
    "SimpleRNN": (_rnn_step, 1),
}


def _run_recurrent(keras: KerasLayer, x: Array) -> list[Array]:
    """Run (B, T, F).

    Returns:
        (B, T, units) or, of the last step alone, (B, units), of both directions side by side; then the states
        (B, units) of each direction.
    """
    kind, config = unwrap(keras)
    step, num_states = STEPS[kind]
    arrays = [np.asarray(array, np.float64) for array in keras.arrays]
    ways = (False, True) if keras.class_name == "Bidirectional" else (False,)
    each = len(arrays) // len(ways)
    results, states = [], []
    for k, backwards in enumerate(ways):
        weights = arrays[k * each : (k + 1) * each]
        state = [np.zeros((len(x), len(weights[1])))] * num_states
        outputs = []
        for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
            state = step(x[:, t], state, weights, config)
            outputs.append(state[0])
        steps = outputs[::-1] if backwards else outputs
        results.append(np.stack(steps, 1) if config.get("return_sequences") else outputs[-1])
        states += state
    return [np.concatenate(results, -1), *states]


def _run_layer(keras: KerasLayer, x: Array) -> list[Array]:
    """Return all that a layer gives: one output, and the states of a recurrent layer."""
    kind, config = unwrap(keras)
    arrays = [np.asarray(array, np.float64) for array in keras.arrays]
    if kind in STEPS:
        return _run_recurrent(keras, x)
    if kind == "Embedding":
        x = arrays[0][x]
    elif kind == "Normalization":
        x = (x - arrays[0]) / np.maximum(np.sqrt(arrays[1]), 1e-7)
    elif kind == "Dense":
        x = x @ arrays[0] + (arrays[1] if len(arrays) > 1 else 0.0)
    elif kind == "GlobalAveragePooling1D":
        x = x.mean(1)
    elif kind == "GlobalMaxPooling1D":
        x = x.max(1)
    elif kind == "Softmax":
        x = _softmax(x, config.get("axis", -1))
    if kind in ("Dense", "Activation"):
        x = FUNCTIONS[activation(config["activation"])](x)
    return [x]


def run_model(model: KerasModel, x: Array) -> Array:
    """Run a model on features (B, T, F), or tokens (B, T), along the connections that the file has."""
    values: dict[KerasTensor, Array] = {}
    output = x
    for keras in model.layers:
        if keras.class_name in MASKS:  # the probes have no padding
            continue
        if keras.class_name == "InputLayer":
            given = x
        elif keras.calls is None:
            given = output
        else:
            given = values[keras.calls[0].args[0]]
        results = _run_layer(keras, given)
        values.update({KerasTensor(keras.name, k): result for k, result in enumerate(results)})
        output = results[0]
    return output if model.outputs is None else values[model.outputs[0]]


def keras_reference(model: KerasModel) -> tuple[Reference, list[str]]:
    """Return what a Keras model computes, and one line for everything of it that no model of the zoo does."""
    faults: list[str] = []
    final = ""
    notes = []
    layers = [keras for keras in model.layers if keras.class_name not in MASKS]
    for keras in layers:
        kind, config = unwrap(keras)
        if final:
            faults.append(f"{keras.name} comes after {final}, which ends a model of the zoo")
        name = {"Softmax": "softmax"}.get(kind, activation(config.get("activation", "linear")))
        if kind in ("Dense", "Activation", "Softmax") and name != "linear":
            final = name if name in AT_THE_END else ""
            if name not in AT_THE_END:
                faults.append(
                    f"{keras.name}: activation={name}, expected linear or, at the end, {', '.join(AT_THE_END)}"
                )
        if config.get("mask_zero") or kind == "Masking":
            masked = "token 0" if kind == "Embedding" else f"steps of {config.get('mask_value', 0.0)}"
            notes.append(f"{keras.name} skips {masked}: give the model lengths instead, with the padding at the end")
        if config.get("stateful"):
            notes.append(f"{keras.name} keeps its states from call to call: give the model the states that it returned")
    shape = next((keras.config.get("batch_shape") or keras.config.get("batch_input_shape") for keras in layers), None)
    is_tokens = any(keras.class_name == "Embedding" for keras in layers)
    dims = tuple(shape) if shape else (None, None) if is_tokens else (None, None, _features(layers))
    # The model keeps a deviation as float32, and Keras a variance.
    tolerance = 1e-6 if any(keras.class_name == "Normalization" for keras in layers) else 1e-9
    return Reference(dims, lambda x: run_model(model, x), final, "float64", tolerance, tuple(notes)), faults


def _features(layers: Sequence[KerasLayer]) -> int:
    return next((len(keras.arrays[0]) for keras in layers if keras.arrays), 1)
