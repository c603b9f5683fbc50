"""Weights of Keras' files go where they belong: what Keras gave for a file, the model of the zoo gives too."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

import zoo
from zoo.weights.errors import WeightsError
from zoo.weights.keras_calls import KerasCall, KerasTensor, find_tensors, read_calls

ONE: dict[str, Any] = {"num_layers": 1, "dropout": 0.0}
# The zoo's models for the files of tests/support/keras_files.py.
MODELS: dict[str, tuple[str, dict[str, Any]] | None] = {
    "bilstm_tagger": ("lstm_tagger", {"hidden_size": 4, "bidirectional": True, "num_classes": 3}),
    "token_classifier": (
        "lstm_classifier",
        {"hidden_size": 6, "vocab_size": 11, "num_classes": 4, "pooling": "last"},
    ),
    "gru_after": ("gru_tagger", {"hidden_size": 6, "num_classes": 3, **ONE}),
    "gru_last": (
        "gru_classifier",
        {"hidden_size": 6, "num_classes": 3, "bidirectional": True, "pooling": "last", **ONE},
    ),
    "rnn_pooled": ("rnn_relu_classifier", {"hidden_size": 6, "num_classes": 3, "standardize": True, **ONE}),
    "rnn_steps": ("rnn_encoder", {"hidden_size": 6, **ONE}),
}


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", MODELS)
def test_a_file_gives_what_keras_gave(name: str, suffix: str, keras_files: Path) -> None:
    model, fields = MODELS[name]
    filled = zoo.build(model, weights=keras_files / f"{name}{suffix}", **{"input_size": 5, **fields})
    recorded = np.load(keras_files / f"{name}.npz")
    output = filled(torch.from_numpy(recorded["input"]))[0]
    if name == "token_classifier":
        output = output.softmax(1)
    assert np.abs(output.numpy() - recorded["output"]).max() < 2e-6


def test_layers_that_do_not_fit_are_named(keras_files: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        zoo.build("gru_tagger", weights=keras_files / "bilstm_tagger.keras", input_size=5, hidden_size=4, **ONE)
    text = str(caught.value)
    assert "unexpected lstm low: weight_ih [16, 5], weight_hh [16, 4], bias_ih [16], bias_hh [16], weight_ih_r" in text
    assert "missing backbone.stack.rnn.weight_ih_l0 [12, 5]" in text
    assert "head.weight: expected [17, 4], got [3, 8]" in text


def write_h5(path: Path, layers: list[tuple[str, str, dict[str, Any], list[np.ndarray]]]) -> Path:
    """Write a file in the layout of Keras 2: (class, name, settings, arrays) of each layer."""
    with h5py.File(path, "w") as file:
        entries = [{"class_name": kind, "config": {"name": name, **config}} for kind, name, config, _ in layers]
        config = {"class_name": "Sequential", "config": {"name": "old", "layers": entries}}
        file.attrs["model_config"] = json.dumps(config).encode()
        weights = file.create_group("model_weights")
        for _, name, _, arrays in layers:
            names = [f"{name}/{name}/part_{k}:0" for k in range(len(arrays))]
            weights.create_group(name).attrs["weight_names"] = [item.encode() for item in names]
            for item, array in zip(names, arrays, strict=True):
                weights[name][item] = array
    return path


def arrays_of(gates: int, inputs: int = 5, units: int = 4, biases: int = 1) -> list[np.ndarray]:
    generator = np.random.default_rng(gates)
    bias = (gates * units,) if biases == 1 else (biases, gates * units)
    shapes = [(inputs, gates * units), (units, gates * units), bias]
    return [generator.normal(0, 0.5, shape).astype(np.float32) for shape in shapes]


def test_the_gru_of_keras_2_runs_as_its_equations_say(tmp_path: Path) -> None:
    kernel, recurrent, bias = arrays_of(3)
    config = {"units": 4, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True}
    path = write_h5(tmp_path / "old.h5", [("GRU", "gru_7", config, [kernel, recurrent, bias])])
    filled = zoo.build("reset_before_gru_encoder", weights=path, input_size=5, hidden_size=4, **ONE)
    x = np.random.default_rng(5).normal(0, 1, (6, 5))
    h = np.zeros(4)
    for step in x:
        z_x, r_x, n_x = np.split(step @ kernel + bias, 3)
        u_z, u_r, u_n = np.split(recurrent, 3, axis=1)
        z, r = 1 / (1 + np.exp(-(z_x + h @ u_z))), 1 / (1 + np.exp(-(r_x + h @ u_r)))
        h = z * h + (1 - z) * np.tanh(n_x + (r * h) @ u_n)
    output = filled(torch.from_numpy(x).float().unsqueeze(0))[0]
    assert np.abs(output[0, -1].numpy() - h).max() < 1e-6


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("LSTM", {"recurrent_activation": "hard_sigmoid"}, "cell: recurrent_activation=hard_sigmoid, expected sigmoid"),
        ("LSTM", {"activation": "elu"}, "cell: activation=elu, expected tanh"),
        ("LSTM", {"go_backwards": True}, "cell: go_backwards=True"),
        ("LSTM", {"peepholes": True}, "cell: peepholes=True, which is not a known setting of LSTM"),
        (
            "LSTM",
            {"activation": {"class_name": "function", "config": "tanh", "registered_name": "mine>tanh"}},
            "cell: activation=mine>tanh, expected tanh",
        ),
        ("LSTM", {"use_bias": False}, "cell: 3 arrays, expected 2"),
        ("CuDNNLSTM", {}, "unexpected CuDNNLSTM cell: [5, 16], [4, 16], [16]"),
    ],
)
def test_what_no_layer_does_is_named(kind: str, changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    config = {"units": 4, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, **changes}
    path = write_h5(tmp_path / "old.h5", [(kind, "cell", config, arrays_of(4))])
    with pytest.raises(WeightsError) as caught:
        zoo.build("lstm_encoder", weights=path, input_size=5, hidden_size=4, **ONE)
    assert words in str(caught.value)


def test_a_state_in_the_place_of_the_output_is_named(keras_files: Path) -> None:
    with pytest.raises(WeightsError, match="head takes output 2 of low, expected low"):
        zoo.build("lstm_classifier", weights=keras_files / "cell_state.keras", input_size=5, hidden_size=5, **ONE)


def test_the_calls_of_keras_2_are_read() -> None:
    first = KerasTensor("low", 0)
    assert read_calls([[["low", 0, 0, {}]]]) == [KerasCall([first], {})]
    assert read_calls([[["low", 0, 0, {"training": False}], ["low", 0, 2, {}]]]) == [
        KerasCall([first, KerasTensor("low", 2)], {"training": False})
    ]
    states = {"initial_state": [["low", 0, 1], ["low", 0, 2]]}
    assert find_tensors(read_calls([[["low", 0, 0, states]]])[0].kwargs) == [
        KerasTensor("low", 1),
        KerasTensor("low", 2),
    ]


def test_an_axis_may_be_counted_from_the_front(tmp_path: Path) -> None:
    config = {"units": 4, "activation": "tanh", "recurrent_activation": "sigmoid", "return_sequences": False}
    dense = {"units": 3, "activation": "linear"}
    arrays = [np.ones((4, 3), np.float32), np.zeros(3, np.float32)]
    shares = ("Softmax", "shares", {"axis": 1}, [])
    few = write_h5(
        tmp_path / "few.h5", [("LSTM", "cell", config, arrays_of(4)), ("Dense", "head", dense, arrays), shares]
    )
    assert zoo.import_model(few).activation == "softmax"
    steps = {**config, "return_sequences": True}
    all_steps = [("LSTM", "cell", steps, arrays_of(4)), ("Dense", "head", dense, arrays), shares]
    with pytest.raises(WeightsError, match="shares: axis=1, expected -1"):
        zoo.import_model(write_h5(tmp_path / "all.h5", all_steps))


def test_states_that_are_kept_are_noted(tmp_path: Path) -> None:
    config = {"activation": "tanh", "recurrent_activation": "sigmoid", "return_sequences": True, "stateful": True}
    path = write_h5(tmp_path / "stateful.h5", [("LSTM", "cell", config, arrays_of(4))])
    assert zoo.import_model(path).notes == (
        "cell keeps its states from call to call: give the model the states that it returned",
    )


def test_files_without_the_model(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["kernel"] = np.zeros(3)
    with pytest.raises(WeightsError, match="has weights without the model"):
        zoo.build("lstm_encoder", weights=tmp_path / "weights.h5")
    (tmp_path / "cut.keras").write_bytes(b"\x89HDF\r\n\x1a\n cut")
    with pytest.raises(WeightsError, match="not a readable Keras model"):
        zoo.build("lstm_encoder", weights=tmp_path / "cut.keras")
