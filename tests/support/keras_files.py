"""Writes Keras models with Keras itself, as .keras and as .h5, with an input and what Keras gives for it.

It is a program of its own, `python keras_files.py FOLDER`, because Keras chooses its backend when it is imported, and
warns of its own formats.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np


def make_models(keras: Any) -> dict[str, Any]:
    layers = keras.layers
    features = keras.Input((None, 5))
    tokens = keras.Input((None,), dtype="int32")
    read = layers.Embedding(11, 5, name="letters")(tokens)
    read = layers.Dropout(0.3)(layers.LSTM(6, return_sequences=True, name="first")(read))
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(1).normal(2.0, 3.0, (40, 5)).astype(np.float32))
    return {
        "bilstm_tagger": keras.Sequential(
            [
                features,
                layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="low"),
                layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
                layers.TimeDistributed(layers.Dense(3)),
            ]
        ),
        "token_classifier": keras.Model(
            tokens, layers.Dense(4, activation="softmax", name="scores")(layers.LSTM(6)(read))
        ),
        "gru_after": keras.Sequential([features, layers.GRU(6, return_sequences=True), layers.Dense(3)]),
        "gru_before": keras.Sequential(
            [
                features,
                layers.Bidirectional(layers.GRU(4, reset_after=False, return_sequences=True)),
                layers.GRU(8, reset_after=False, use_bias=False),
                layers.Dense(3, use_bias=False),
            ]
        ),
        "gru_last": keras.Sequential([features, layers.Bidirectional(layers.GRU(6)), layers.Dense(3)]),
        "rnn_pooled": keras.Sequential(
            [
                features,
                normalization,
                layers.SimpleRNN(6, activation="relu", return_sequences=True),
                layers.GlobalAveragePooling1D(),
                layers.Dense(3),
            ]
        ),
        "rnn_steps": keras.Sequential([features, layers.SimpleRNN(6, return_sequences=True)]),
        # The last step, which a layer that gives all steps too gives as a state.
        "gru_state": keras.Model(
            features, layers.Dense(3)(layers.GRU(6, return_sequences=True, return_state=True)(features)[1])
        ),
        "masked_features": keras.Model(features, layers.Dense(3)(layers.LSTM(6)(layers.Masking()(features)))),
        "masked_tokens": keras.Model(
            tokens,
            layers.Dense(3)(
                layers.GlobalMaxPooling1D()(
                    layers.LSTM(6, return_sequences=True)(layers.Embedding(11, 5, mask_zero=True)(tokens))
                )
            ),
        ),
    }


def make_foreign_models(keras: Any) -> dict[str, Any]:
    """Return models that compute something that no model of the zoo does, though it has layers of their kinds."""
    layers, ops = keras.layers, keras.ops
    features, other = keras.Input((None, 5), name="features"), keras.Input((None,), dtype="bool", name="other")
    fixed = keras.Input((5, 5), name="fixed")
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    head = layers.Dense(3, name="head")
    steps, h, c = layers.LSTM(5, return_sequences=True, return_state=True, name="low")(features)
    gru_steps, state = layers.GRU(5, return_sequences=True, return_state=True, name="low")(features)
    both = layers.Bidirectional(layers.LSTM(5, return_sequences=True, return_state=True), name="low")(features)
    high = layers.LSTM(5, return_sequences=True, name="high")
    embedded = layers.Embedding(11, 5, name="letters")(tokens)
    middle = layers.Normalization(axis=1, name="scale")
    middle.adapt(np.random.default_rng(1).normal(2.0, 3.0, (40, 5, 5)).astype(np.float32))
    quantized = keras.Sequential([features, layers.LSTM(5), layers.Dense(3, name="head")])
    quantized.quantize("int8")

    class LSTM(layers.LSTM):  # type: ignore[name-defined, misc]
        pass

    return {
        "cell_state": keras.Model(features, head(c)),
        "cell_state_returned": keras.Model(features, c),
        "initial_states": keras.Model(features, high(steps, initial_state=[h, c])),
        "initial_states_in_order": keras.Model(features, high(steps, [h, c])),
        "gru_initial_state": keras.Model(
            features, layers.GRU(5, return_sequences=True, name="high")(gru_steps, initial_state=state)
        ),
        "state_of_two": keras.Model(features, head(both[1])),
        "two_outputs": keras.Model(features, [steps, head(steps)]),
        "early_output": keras.Model(features, {"all": steps, "few": h}),
        "all_states": keras.Sequential([features, layers.LSTM(5, return_state=True, name="low")]),
        "mask_given": keras.Model([other, features], layers.LSTM(5, name="low")(features, mask=other)),
        "mask_made": keras.Model(tokens, layers.LSTM(5, name="low")(embedded, mask=ops.not_equal(tokens, 3))),
        "training": keras.Model(features, layers.Dropout(0.5, name="drop")(steps, training=True)),
        "softmax_of_steps": keras.Model(features, layers.Softmax(axis=1, name="shares")(head(steps))),
        "scaled_steps": keras.Sequential([fixed, middle, layers.LSTM(5)]),
        "kept_steps": keras.Model(features, head(layers.GlobalAveragePooling1D(keepdims=True, name="mean")(steps))),
        "pooled_features": keras.Model(
            fixed,
            layers.GlobalMaxPooling1D(data_format="channels_first", name="max")(
                layers.LSTM(5, return_sequences=True)(fixed)
            ),
        ),
        "other_gates": keras.Sequential(
            [
                features,
                layers.Bidirectional(
                    layers.LSTM(5),
                    backward_layer=layers.LSTM(5, go_backwards=True, recurrent_activation="hard_sigmoid"),
                    name="low",
                ),
            ]
        ),
        "two_kinds": keras.Sequential(
            [
                features,
                layers.Bidirectional(layers.LSTM(5), backward_layer=layers.GRU(5, go_backwards=True), name="low"),
            ]
        ),
        "int8": quantized,
        "own_class": keras.Sequential([features, LSTM(5, name="low")]),
    }


def write_all(folder: Path) -> None:
    import keras
    import torch

    generator = np.random.default_rng(0)
    for name, model in make_models(keras).items():
        for weight in model.trainable_weights:  # Keras starts biases at 0, which would hide where they go
            weight.assign(generator.normal(0, 0.5, weight.shape).astype(np.float32))
        x: Any = generator.normal(0, 1, (3, 9, 5)).astype(np.float32)
        if "token" in name:
            x = generator.integers(int("masked" in name), 11, (3, 9))  # token 0 is what a mask hides
        with torch.no_grad():
            y = model(x).detach().numpy()
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")
        np.savez(folder / f"{name}.npz", input=x, output=y)
    for name, model in make_foreign_models(keras).items():
        model.save(folder / f"{name}.keras")


def write_keras_files(folder: Path) -> Path:
    """Run this program, unless another process of the same run has done so; return the folder."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            command = [sys.executable, __file__, str(folder)]
            subprocess.run(command, env={**os.environ, "KERAS_BACKEND": "torch"}, check=True, capture_output=True)
            (folder / "done").touch()
    return folder


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
