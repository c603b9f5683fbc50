"""Whole models of ONNX and Keras become models of the zoo that are proved, or what they do besides is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from support.onnx_files import HIDDEN, INPUT, draw, export_with_torch, model_of, recurrent_model, run
from torch import Tensor, nn

import zoo
from zoo.importing import onnx_runtime
from zoo.importing.keras_formulae import run_model
from zoo.weights import keras_layers
from zoo.weights.errors import WeightsError
from zoo.weights.keras_file import read_keras

# What the files of tests/support/keras_files.py are.
KERAS = {
    "bilstm_tagger": "lstm_tagger input_size=5 hidden_size=4 num_layers=2 dropout=0.0 bidirectional=True bias=True",
    "token_classifier": "lstm_classifier input_size=5 hidden_size=6 num_layers=2",
    "gru_after": "gru_tagger input_size=5 hidden_size=6 num_layers=1",
    "gru_last": "gru_classifier input_size=5 hidden_size=6 num_layers=1 dropout=0.0 bidirectional=True bias=True",
    "rnn_pooled": "rnn_relu_classifier input_size=5 hidden_size=6 num_layers=1",
    "rnn_steps": "rnn_encoder input_size=5 hidden_size=6 num_layers=1",
    "gru_state": "gru_classifier input_size=5 hidden_size=6 num_layers=1",
    "masked_features": "lstm_classifier input_size=5 hidden_size=6 num_layers=1",
    "masked_tokens": "lstm_classifier input_size=5 hidden_size=6 num_layers=1",
}
# What the refusal of each file of `make_foreign_models` says.
FOREIGN = {
    "cell_state": "head takes output 2 of low, expected low",
    "cell_state_returned": "the model returns output 2 of low, expected low",
    "initial_states": "high is called with initial_state=output 1 of low, output 2 of low",
    "initial_states_in_order": "high takes low, output 1 of low, output 2 of low, expected low",
    "gru_initial_state": "high is called with initial_state=output 1 of low",
    "state_of_two": "head takes output 1 of low, expected low",
    "two_outputs": "the model returns low, head, expected head, its last layer, alone",
    "early_output": "the model returns low, output 1 of low, expected low, its last layer, alone",
    "all_states": "low: return_state=True makes several outputs, expected one",
    "mask_given": "low takes mask=other, expected none or that of an Embedding or of Masking",
    "mask_made": "low takes mask=not_equal",
    "training": "drop is called with training=True",
    "softmax_of_steps": "shares: axis=1, expected -1",
    "scaled_steps": "scale: axis=1, expected -1",
    "kept_steps": "mean: keepdims=True, expected False",
    "pooled_features": "max: data_format=channels_first, expected channels_last",
    "other_gates": "low: backward_layer: recurrent_activation=hard_sigmoid, expected sigmoid",
    "two_kinds": "low: backward_layer=GRU, expected LSTM",
    "int8": "head: quantization_config=Int8QuantizationConfig, expected None",
    "own_class": "unexpected custom LSTM low",
}


@pytest.mark.parametrize("name", KERAS)
def test_keras_models_are_found_filled_and_proved(name: str, keras_files: Path) -> None:
    imported = zoo.import_model(keras_files / f"{name}.keras")
    assert imported.description.startswith(KERAS[name])
    assert imported.worst_difference < (1e-7 if name == "rnn_pooled" else 1e-9)  # of which the deviations are rounded
    assert sorted(imported.lengths) == [7, 12]
    recorded = np.load(keras_files / f"{name}.npz")
    output = imported.model(torch.from_numpy(recorded["input"]))[0]
    if name == "token_classifier":
        assert imported.activation == "softmax"
        assert imported.notes == ()
        output = output.softmax(1)
    assert np.abs(output.numpy() - recorded["output"]).max() < 2e-6


@pytest.mark.parametrize("name", [*KERAS, "gru_before"])
def test_the_formulae_give_what_keras_gave(name: str, keras_files: Path) -> None:
    recorded = np.load(keras_files / f"{name}.npz")
    output = run_model(read_keras(keras_files / f"{name}.h5"), recorded["input"])
    assert np.abs(output - recorded["output"]).max() < 1e-6


@pytest.mark.parametrize("name", FOREIGN)
def test_what_a_chain_of_layers_does_not_do_is_named(name: str, keras_files: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        zoo.import_model(keras_files / f"{name}.keras")
    assert FOREIGN[name] in str(caught.value)


def test_the_proof_follows_the_connections_itself(keras_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_layers, "find_branches", lambda model: [])
    with pytest.raises(WeightsError, match="computes something else than the models that have its layers"):
        zoo.import_model(keras_files / "cell_state.keras")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (0, 2, 1)])
def test_a_gate_in_the_wrong_place_is_not_proved(
    order: tuple[int, ...], keras_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(keras_layers.GATES, "GRU", order)
    with pytest.raises(WeightsError, match="computes something else than the models that have its layers"):
        zoo.import_model(keras_files / "gru_after.keras")


def test_keras_layers_that_differ_are_named(keras_files: Path) -> None:
    with pytest.raises(WeightsError, match="differ in size or direction"):
        zoo.import_model(keras_files / "gru_before.h5")


class Classifier(nn.Module):
    def __init__(self, pooling: str, tokens: bool) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, INPUT) if tokens else nn.Identity()
        self.rnn = nn.GRU(INPUT, HIDDEN, 2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * HIDDEN, 3)
        self.pooling = pooling

    def forward(self, x: Tensor) -> Tensor:
        steps, h = self.rnn(self.embed(x))
        if self.pooling == "steps":
            return self.head(steps).log_softmax(2)
        if self.pooling == "last":
            return self.head(torch.cat([h[-2], h[-1]], 1)).softmax(1)
        return self.head(steps.mean(1) if self.pooling == "mean" else steps.amax(1))


@pytest.mark.parametrize(
    ("pooling", "tokens", "words", "activation"),
    [
        ("last", True, "gru_classifier|vocab_size=11 num_classes=3 pooling=last", "softmax"),
        ("mean", False, "gru_classifier|pooling=mean", ""),
        ("max", False, "gru_classifier|pooling=max", ""),
        ("steps", False, "gru_ctc|num_labels=3", ""),
    ],
)
def test_what_pytorch_exports_is_found(pooling: str, tokens: bool, words: str, activation: str, tmp_path: Path) -> None:
    module = Classifier(pooling, tokens)
    x = torch.randint(0, 11, (3, 7)) if tokens else torch.randn(3, 7, INPUT)
    imported = zoo.import_model(export_with_torch(module, x, tmp_path / "model.onnx"))
    assert all(part in imported.description for part in words.split("|"))
    assert (imported.activation, imported.worst_difference < 2e-6) == (activation, True)
    output = imported.model(x)[0]
    assert ((output.softmax(1) if activation else output) - module(x)).abs().max() < 2e-6


@pytest.mark.parametrize(
    ("op", "options", "family"),
    [("GRU", {}, "reset_before_gru"), ("LSTM", {"peepholes": True}, "peephole_lstm"), ("RNN", {}, "rnn")],
)
def test_a_bare_node_is_an_encoder(op: str, options: dict[str, Any], family: str, tmp_path: Path) -> None:
    model = recurrent_model(op, directions=2, **options)
    onnx.save(model, tmp_path / "model.onnx")
    imported = zoo.import_model(tmp_path / "model.onnx")
    assert imported.description.startswith(f"{family}_encoder")
    assert imported.description.endswith("batch_first=False")
    x = draw(7, 3, INPUT, seed=9)
    expected = run(model, x)[0].transpose(0, 2, 1, 3).reshape(7, 3, -1)
    assert np.abs(imported.model(torch.from_numpy(x))[0].numpy() - expected).max() < 1e-6


def with_activation(op_type: str, folder: Path) -> Path:
    graph = recurrent_model("GRU").graph
    cell = graph.node[0]
    cell.output[0] = "h"
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    arrays |= {"M": draw(HIDDEN, 3, seed=7), "axes": np.array([1])}
    nodes = [
        cell,
        helper.make_node(op_type, ["h"], ["r"]),
        helper.make_node("Squeeze", ["r", "axes"], ["s"]),
        helper.make_node("MatMul", ["s", "M"], ["y"]),
    ]
    onnx.save(model_of(nodes, arrays, ["steps", "rows", INPUT]), folder / "model.onnx")
    return folder / "model.onnx"


def test_what_lies_between_the_layers_shows_in_the_proof(tmp_path: Path) -> None:
    assert zoo.import_model(with_activation("Identity", tmp_path)).description.startswith("reset_before_gru_tagger")
    with pytest.raises(WeightsError, match=r"computes something else .* something between its layers is not read"):
        zoo.import_model(with_activation("Neg", tmp_path))


def test_outputs_that_are_no_numbers_prove_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_runtime, "find_unproved_nodes", lambda *_: [])
    with pytest.raises(WeightsError, match="computes something else"):
        zoo.import_model(with_activation("Sqrt", tmp_path))


@pytest.mark.parametrize("op_type", ["Relu", "Clip", "Sigmoid"])
def test_nodes_that_drawn_inputs_need_not_show_are_named(op_type: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f"{op_type} r is between the input and the output, where a model"):
        zoo.import_model(with_activation(op_type, tmp_path))


class AfterThreshold(nn.Module):
    """An LSTM behind a function that changes large numbers alone."""

    def __init__(self, before: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.rnn = nn.LSTM(INPUT, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 3)
        self.before = before

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(self.before(x))[0][:, -1])


THRESHOLDS: dict[str, Callable[[Tensor], Tensor]] = {
    "Clip": lambda x: x.clamp(-6, 6),
    "Where": lambda x: torch.where(x > 6, torch.zeros_like(x), x),
    "Min": lambda x: torch.minimum(x, torch.tensor(6.0)),
    "Mul": lambda x: x * (x < 6),
}


@pytest.mark.parametrize("op_type", THRESHOLDS)
@pytest.mark.parametrize("unlisted", [True, False])
def test_thresholds_beyond_the_drawn_inputs_are_refused(
    op_type: str, unlisted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = export_with_torch(AfterThreshold(THRESHOLDS[op_type]), torch.randn(3, 7, INPUT), tmp_path / "model.onnx")
    words = f"{op_type} .* is between the input and the output"
    if not unlisted:  # the wide probes alone
        monkeypatch.setattr(onnx_runtime, "find_unproved_nodes", lambda *_: [])
        words = "computes something else"
    with pytest.raises(WeightsError, match=words):
        zoo.import_model(path)


@pytest.mark.parametrize("cut", [slice(100), slice(-100, None), slice(13, None)])
def test_a_cut_beyond_the_longest_drawn_input_is_refused(cut: slice, tmp_path: Path) -> None:
    module = AfterThreshold(lambda x: x[:, cut])
    path = export_with_torch(module, torch.randn(3, 200, INPUT), tmp_path / "model.onnx")
    with pytest.raises(WeightsError, match=r"Slice .* is between the input and the output"):
        zoo.import_model(path)


class ComputedCut(nn.Module):
    """Cuts steps by a number that the graph computes, and that no drawn input reaches."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.rnn, self.way = nn.LSTM(INPUT, HIDDEN, batch_first=True), way

    def forward(self, x: Tensor) -> Tensor:
        steps = torch._shape_as_tensor(x)[1]
        most = torch.minimum(steps, torch.tensor(100))
        if self.way == "Slice":
            return self.rnn(x[:, :most])[0]
        if self.way == "Split":
            return self.rnn(torch.split(x, [most, steps - most], 1)[0])[0]
        return self.rnn(x)[0].index_select(1, (most - 1).reshape(1))[:, 0]


@pytest.mark.parametrize("way", ["Slice", "Gather"])
def test_a_cut_that_the_graph_computes_is_refused(way: str, tmp_path: Path) -> None:
    path = export_with_torch(ComputedCut(way).eval(), torch.randn(3, 200, INPUT), tmp_path / "model.onnx")
    assert any(node.op_type == "Min" for node in onnx.load(path).graph.node)
    with pytest.raises(WeightsError, match=f"{way} .* is between the input and the output"):
        zoo.import_model(path)


@pytest.mark.parametrize("cut", [slice(9), slice(-3, None)])
def test_a_cut_of_few_steps_is_disproved(cut: slice, tmp_path: Path) -> None:
    module = AfterThreshold(lambda x: x[:, cut])
    path = export_with_torch(module, torch.randn(3, 200, INPUT), tmp_path / "model.onnx")
    with pytest.raises(WeightsError, match="computes something else"):
        zoo.import_model(path)


def test_a_type_that_onnx_runtime_lacks_is_an_error_of_the_zoo(tmp_path: Path) -> None:
    module = AfterThreshold(nn.Identity()).double()
    path = export_with_torch(module, torch.randn(3, 7, INPUT).double(), tmp_path / "model.onnx")
    with pytest.raises(WeightsError, match=r"ONNX Runtime .* the model: .*double"):
        zoo.import_model(path)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("gru_classifier", {"bidirectional": True, "pooling": "mean"}),
        ("gru_classifier", {"bidirectional": True, "pooling": "max"}),
        ("lstm_tagger", {"bidirectional": True, "standardize": True}),
        ("peephole_lstm_tagger", {"vocab_size": 11}),
        ("gru_ctc", {"batch_first": False}),
    ],
)
def test_what_the_zoo_exports_comes_back(name: str, fields: dict[str, Any], tmp_path: Path) -> None:
    model = zoo.build(name, input_size=5, hidden_size=8, num_layers=2, dropout=0.0, seed=4, **fields)
    imported = zoo.import_model(zoo.export_onnx(model, tmp_path / "model.onnx").path)
    assert imported.description.startswith(name)
    own = imported.model.state_dict()
    for key, value in model.state_dict().items():
        assert torch.equal(own[key], value), key


def test_files_that_are_no_whole_model(tmp_path: Path) -> None:
    torch.save(nn.GRU(2, 3).state_dict(), tmp_path / "weights.pt")
    with pytest.raises(WeightsError, match="is a torch file, expected a whole model of ONNX or Keras"):
        zoo.import_model(tmp_path / "weights.pt")
    with pytest.raises(FileNotFoundError, match="no weights at"):
        zoo.import_model(tmp_path / "nothing.onnx")
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["kernel"] = np.zeros(3)
    with pytest.raises(WeightsError, match="has weights without the model"):
        zoo.import_model(tmp_path / "weights.h5")


def test_the_program_imports_a_file(keras_files: Path, artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from zoo.cli.script import main

    file = str(keras_files / "gru_last.h5")
    assert main([file, "-o", str(artifact)]) == 0
    assert "imported         gru_classifier input_size=5 hidden_size=6" in capsys.readouterr().out
    assert zoo.load_artifact(artifact).manifest["model"]["config"]["pooling"] == "last"
    assert main([file, "hidden_size=7", "-o", str(artifact)]) == 1
    assert "has its sizes and weights in it" in capsys.readouterr().err
