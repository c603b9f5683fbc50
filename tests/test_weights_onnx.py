"""Weights of ONNX files go where they belong: what ONNX Runtime gives for the file, the model of the zoo gives too."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from support.onnx_files import HIDDEN, INPUT, draw, export_with_torch, model_of, recurrent_model, run
from support.small_models import build_small
from torch import Tensor, nn

import zoo
from zoo.weights.errors import WeightsError
from zoo.weights.onnx_layers import read_onnx_layers

CELLS: dict[str, tuple[str, dict[str, Any]]] = {
    "lstm": ("LSTM", {}),
    "peephole_lstm": ("LSTM", {"peepholes": True}),
    "coupled_lstm": ("LSTM", {"input_forget": 1}),
    "gru": ("GRU", {"linear_before_reset": 1}),
    "reset_before_gru": ("GRU", {}),
    "rnn": ("RNN", {}),
    "rnn_relu": ("RNN", {"activations": ["Relu"]}),
}


def written(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "model.onnx"
    onnx.save(model, path)
    return path


def encoder(family: str, **options: Any) -> zoo.Model:
    sizes = {"input_size": INPUT, "hidden_size": HIDDEN, "num_layers": 1, "dropout": 0.0}
    return zoo.build(f"{family}_encoder", batch_first=False, **{**sizes, **options})


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("family", CELLS)
def test_a_node_gives_what_onnx_runtime_gives(family: str, directions: int, tmp_path: Path) -> None:
    op, options = CELLS[family]
    if "activations" in options:
        options = {"activations": options["activations"] * directions}
    model = recurrent_model(op, directions=directions, **options)
    x = draw(7, 3, INPUT, seed=9)
    expected = run(model, x)[0].transpose(0, 2, 1, 3).reshape(7, 3, -1)  # (T, D, B, H) to (T, B, D * H)
    filled = encoder(family, bidirectional=directions == 2, weights=written(model, tmp_path))
    assert np.abs(filled(torch.from_numpy(x))[0].numpy() - expected).max() < 1e-6


def test_a_node_without_biases(tmp_path: Path) -> None:
    path = written(recurrent_model("GRU", bias=False, linear_before_reset=1), tmp_path)
    x = torch.from_numpy(draw(7, 3, INPUT, seed=9))
    expected = run(path, x.numpy())[0][:, 0]
    for bias in (False, True):  # biases that the file does not have are 0
        assert np.abs(encoder("gru", bias=bias, weights=path)(x)[0].numpy() - expected).max() < 1e-6


def two_directions(joined: list[str] | None) -> onnx.ModelProto:
    """A node for each direction, and a Concat of their outputs in an order."""
    nodes, arrays = [], {}
    for k, direction in enumerate(("reverse", "forward")):
        part = recurrent_model("LSTM", direction=direction)
        node = part.graph.node[0]
        node.name = node.output[0] = direction
        for place, tensor in enumerate(part.graph.initializer, start=1):
            node.input[place] = f"{tensor.name}_{direction}"
            arrays[node.input[place]] = onnx.numpy_helper.to_array(tensor) * (1 + k)
        nodes += [node, helper.make_node("Identity", [direction], [f"{direction}_moved"])]
    names = [f"{direction}_moved" for direction in joined or ()]
    join = helper.make_node("Concat", names, ["y"], axis=3)
    summed = helper.make_node("Add", ["reverse_moved", "forward_moved"], ["y"])
    return model_of([*nodes, join if joined else summed], arrays, ["steps", "rows", INPUT])


def test_two_nodes_in_two_directions_are_one_layer(tmp_path: Path) -> None:
    path = written(two_directions(["forward", "reverse"]), tmp_path)
    x = draw(7, 3, INPUT, seed=9)
    filled = encoder("lstm", bidirectional=True, weights=path)
    assert np.abs(filled(torch.from_numpy(x))[0].numpy() - run(path, x)[0][:, 0]).max() < 1e-6


@pytest.mark.parametrize(
    ("joined", "words"),
    [
        (["reverse", "forward"], "joined by a Concat in another order"),
        (["forward", "reverse", "forward"], "joined by a Concat in another order"),
        (None, "not joined by a Concat"),
    ],
    ids=["swapped", "three", "summed"],
)
def test_directions_that_are_joined_in_another_way_are_refused(
    joined: list[str] | None, words: str, tmp_path: Path
) -> None:
    path = written(two_directions(joined), tmp_path)
    with pytest.raises(WeightsError, match=f"LSTM forward, which runs forward, and LSTM reverse, .*{words}"):
        encoder("lstm", bidirectional=True, weights=path)


@pytest.mark.parametrize("op_type", ["Cast", "Transpose"])
def test_weights_that_the_file_computes(op_type: str, tmp_path: Path) -> None:
    """The file has weights of 16 bits, or with other axes; a process that reads nothing else computes them."""
    model = recurrent_model("GRU", linear_before_reset=1)
    graph = model.graph
    for tensor in list(graph.initializer):
        array = onnx.numpy_helper.to_array(tensor)
        kept = array.astype(np.float16) if op_type == "Cast" else array.T
        given = {"to": onnx.TensorProto.FLOAT} if op_type == "Cast" else {}
        graph.initializer.remove(tensor)
        graph.initializer.append(onnx.numpy_helper.from_array(np.ascontiguousarray(kept), f"{tensor.name}_kept"))
        graph.node.insert(0, helper.make_node(op_type, [f"{tensor.name}_kept"], [tensor.name], **given))
    path = written(model, tmp_path)
    code = "import sys, torch, zoo; torch.save(zoo.import_model(sys.argv[1]).model.state_dict(), sys.argv[2])"
    state = tmp_path / "weights.pt"
    done = subprocess.run([sys.executable, "-c", code, path, state], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    x = draw(7, 3, INPUT, seed=9)
    filled = encoder("gru", weights=state)
    assert np.abs(filled(torch.from_numpy(x))[0].numpy() - run(path, x)[0][:, 0]).max() < 1e-6


class Tagger(nn.Module):
    def __init__(self, cell: type[nn.Module], layers: int, bidirectional: bool) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, INPUT)
        self.rnn = cell(INPUT, HIDDEN, layers, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(HIDDEN * (1 + bidirectional), 3)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.rnn(self.embed(tokens))[0])


@pytest.mark.parametrize(("cell", "family"), [(nn.LSTM, "lstm"), (nn.GRU, "gru"), (nn.RNN, "rnn")])
def test_what_pytorch_exports_comes_back(cell: type[nn.Module], family: str, tmp_path: Path) -> None:
    module, tokens = Tagger(cell, 2, True), torch.randint(0, 11, (3, 7))
    path = export_with_torch(module, tokens, tmp_path / "tagger.onnx")
    sizes = {"input_size": INPUT, "hidden_size": HIDDEN, "vocab_size": 11, "num_classes": 3, "bidirectional": True}
    filled = zoo.build(f"{family}_tagger", weights=path, **sizes)
    assert (filled(tokens)[0] - module(tokens)).abs().max() < 1e-6
    with pytest.raises(WeightsError) as caught:
        zoo.build(f"{family}_tagger", weights=path, **{**sizes, "num_layers": 1, "dropout": 0.0, "num_classes": 4})
    assert f"unexpected {family} " in str(caught.value)
    assert "head.weight: expected [4, 8], got [3, 8]" in str(caught.value)


def test_standardisation_and_products_with_biases(tmp_path: Path) -> None:
    mean, std = draw(INPUT, seed=5), np.abs(draw(INPUT, seed=6)) + 0.5
    node = recurrent_model("GRU", linear_before_reset=1).graph
    cell = node.node[0]
    cell.input[0], cell.output[0] = "z", "h"
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in node.initializer}
    arrays |= {"mean": mean, "std": std, "M": draw(HIDDEN, 3, seed=7), "b": draw(3, seed=8)}
    arrays["axes"] = np.array([1])
    nodes = [
        helper.make_node("Sub", ["x", "mean"], ["d"]),
        helper.make_node("Div", ["d", "std"], ["z"]),
        cell,
        helper.make_node("Squeeze", ["h", "axes"], ["s"]),
        helper.make_node("MatMul", ["s", "M"], ["m"]),
        helper.make_node("Add", ["b", "m"], ["y"]),
    ]
    path = written(model_of(nodes, arrays, ["steps", "rows", INPUT]), tmp_path)
    sizes: dict[str, Any] = {"input_size": INPUT, "hidden_size": HIDDEN, "num_layers": 1, "dropout": 0.0}
    filled = zoo.build("gru_tagger", weights=path, standardize=True, num_classes=3, batch_first=False, **sizes)
    x = draw(7, 3, INPUT, seed=9)
    assert np.abs(filled(torch.from_numpy(x))[0].numpy() - run(path, x)[0]).max() < 1e-6
    with pytest.raises(WeightsError, match=r"unexpected standardize Sub d: mean \[5\], std \[5\]"):
        zoo.build("gru_tagger", weights=path, num_classes=3, **sizes)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (recurrent_model("LSTM", clip=3.0), "LSTM cell: clip=3.0"),
        (recurrent_model("GRU", activations=["HardSigmoid", "Tanh"]), "GRU cell: activations hardsigmoid, tanh"),
        (recurrent_model("GRU", start=0.5), "GRU cell: its initial state h [1, 2, 4] is not 0"),
        (recurrent_model("RNN", direction="reverse"), "RNN cell runs in reverse alone"),
        (
            model_of(
                [helper.make_node("Conv", ["x", "k"], ["y"], "wide", dilations=[2])],
                {"k": draw(2, INPUT, 3, seed=1)},
                ["rows", INPUT, "steps"],
            ),
            "unexpected Conv wide: k [2, 5, 3]",
        ),
    ],
    ids=["clip", "activation", "start", "reverse", "dilated"],
)
def test_what_no_layer_does_is_named(model: onnx.ModelProto, words: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        encoder("lstm", weights=written(model, tmp_path))
    assert words in str(caught.value)
    assert "missing backbone.stack.rnn.weight_ih_l0 [16, 5]" in str(caught.value)


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(WeightsError, match="not a readable ONNX model"):
        read_onnx_layers(path)
    with pytest.raises(WeightsError, match="not a readable ONNX model"):
        build_small("gru_tagger", weights=path)
