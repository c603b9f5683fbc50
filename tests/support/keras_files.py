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
            x = generator.integers(0, 11, (3, 9))
        with torch.no_grad():
            y = model(x).detach().numpy()
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")
        np.savez(folder / f"{name}.npz", input=x, output=y)


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
