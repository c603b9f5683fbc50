"""ONNX out: every model gives in ONNX Runtime what it gives in Python, at any length, in chunks and in batches."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from support.small_models import FLOATS, PRESET_NAMES, build_small
from torch import Tensor, nn

import zoo
from zoo.artifact.signature import random_input
from zoo.config.cells import CELLS, WRITTEN_CELLS
from zoo.models import presets
from zoo.models.pronouncer import Pronouncer
from zoo.models.seq2seq import Seq2Seq
from zoo.onnx_export.running import MANIFEST

TRAINED = [name for name in zoo.list_models() if zoo.find_model(name).pretrained]
WITH_A_NODE = ("peephole_lstm", "coupled_lstm", "reset_before_gru")  # written-out cells that ONNX has a node for
# Beside every registered model: what its configuration can be.
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("lstm_tagger", {"proj_size": 8, "bidirectional": True}),
    ("lstm_encoder", {"proj_size": 8, "num_layers": 3, "residual": True, "bias": False}),
    ("gru_classifier", {"bidirectional": True, "pooling": "additive_attention", "standardize": True}),
    ("gru_classifier", {"pooling": "dot_product_attention"}),
    ("rnn_classifier", {"pooling": "max", "vocab_size": 11}),
    ("lstm_classifier", {"pooling": "last", "bidirectional": True, "residual": True, "bias": False}),
    ("rnn_relu_tagger", {"batch_first": False, "bidirectional": True}),
    ("gru_language_model", {"batch_first": False}),
    ("lstm_ctc", {"bidirectional": True, "batch_first": False}),
    *[(f"{family}_classifier", {"pooling": "last", "attention_window": 5}) for family in presets.HYBRID_FAMILIES],
    ("gru_regressor", {"pooling": "none", "batch_first": False}),
    ("lstm_forecaster", {"standardize": True}),
    ("cnn_lstm_tagger", {"bidirectional": True, "vocab_size": 11}),
    ("transformer_gru_encoder", {"attention_window": 40, "batch_first": False}),
    ("highway_lstm_classifier", {"num_layers": 4, "bidirectional": True, "pooling": "last"}),
    ("peephole_lstm_tagger", {"batch_norm": True, "highway": True}),
    *[(f"{cell}_encoder", {"bidirectional": True, "bias": False}) for cell in WRITTEN_CELLS],
]


def compare_at_other_lengths(model: Any, path: Path) -> None:
    """Compare with Python at lengths that no golden sample has: padded, with a row that has ended, and in chunks."""
    loaded = zoo.load_onnx(path)
    generator = torch.Generator().manual_seed(5)
    batch_first = loaded.batch_axis == 0
    input = random_input(model.input_spec, 3, 29, generator)
    lengths = torch.tensor([29, 4, 11])
    tolerance = loaded.manifest["precisions"]["fp32"]["regrouped"]
    _same(loaded(input, lengths), model(input, lengths), loaded, tolerance)
    if not loaded.takes_state:
        return
    axis = 1 if batch_first else 0
    first, second = input.narrow(axis, 0, 17), input.narrow(axis, 17, 12)
    state, expected_state = loaded(first)[1], model(first)[1]
    ended = torch.tensor([12, 0, 5])
    _same(loaded(second, ended, state), model(second, ended, expected_state), loaded, tolerance)


def _same(got: Any, expected: Any, loaded: zoo.OnnxModel, tolerance: dict[str, Any]) -> None:
    names = ["output", *loaded.state_names]
    for name, a, b in zip(names, [got[0], *got[1]], [expected[0], *expected[1]], strict=True):
        atol = max(tolerance["atol_of"][name], 1e-6 * max(1.0, float(b.max() - b.min())))
        torch.testing.assert_close(a, b, atol=atol, rtol=tolerance["rtol"], msg=lambda text, n=name: f"{n}: {text}")


def cases() -> list[Any]:
    named = [(name, {"num_layers": 3} if "residual" in name else {}) for name in PRESET_NAMES]
    return [
        pytest.param(name, options, id="-".join([name, *map(str, options.values())]))
        for name, options in named + OPTIONS
    ]


@pytest.mark.parametrize(("name", "options"), cases())
def test_every_model_runs_in_onnx_runtime(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    model = build_small(name, **options)
    if hasattr(model, "backbone") and options.get("standardize"):
        zoo.set_statistics_(model, torch.linspace(-1, 1, 12), torch.linspace(0.5, 2, 12))
    if hasattr(model, "units") and not isinstance(model.units, nn.Identity):
        zoo.set_units_(model, torch.full_like(model.units.mean, 3.0), torch.full_like(model.units.std, 0.25))
    saved = zoo.export_onnx(model, tmp_path / "model.onnx")
    has_node = not options.get("proj_size") and (model.config.cell in CELLS or model.config.cell in WITH_A_NODE)
    assert bool(saved.nodes.keys() & {"LSTM", "GRU", "RNN"}) is has_node
    assert ("Scan" in saved.nodes) is not has_node
    onnx.checker.check_model(str(saved.path), full_check=True)
    compare_at_other_lengths(model, saved.path)


@pytest.mark.parametrize("name", TRAINED)
def test_trained_models_run_in_onnx_runtime(name: str, tmp_path: Path) -> None:
    model = zoo.build(name, pretrained=True)
    if isinstance(model, Seq2Seq | Pronouncer):
        with pytest.raises(zoo.OnnxError, match=f"{model.model_name} has no ONNX form here"):
            zoo.export_onnx(model, tmp_path / "model.onnx")
        return
    saved = zoo.export_onnx(model, tmp_path / "model.onnx", license="as the data")
    manifest = zoo.load_onnx(saved.path).manifest
    assert (manifest["model"]["name"], manifest["license"]) == (name, "as the data")
    compare_at_other_lengths(model, saved.path)


def test_words_and_bytes_of_any_kind_find_their_rows(tmp_path: Path) -> None:
    from zoo.models.characters import spell

    model = zoo.build("lstm_tagger_wnut17", num_words=5, hidden_size=8, character_hidden_size=8, num_classes=3)
    model.words.set_vocabulary(["the", "Cat", "sat", "naïve", "0"])
    loaded = zoo.load_onnx(zoo.export_onnx(model, tmp_path / "model.onnx").path)
    words = ["THE", "cat", "", "NAÏVE", "naïve", "unknown", "0", "a" * 40, "sat"]
    input = spell(words, 32).unsqueeze(0)
    input[0, 8, 5] = 65  # after the end of a word
    torch.testing.assert_close(loaded(input)[0], model(input)[0], atol=2e-6, rtol=0)


def test_labels_of_a_ctc_model_are_decoded_in_the_file(tmp_path: Path) -> None:
    model = build_small("lstm_ctc", init="orthogonal", seed=3)
    loaded = zoo.load_onnx(zoo.export_onnx(model, tmp_path / "model.onnx").path)
    input, lengths = torch.randn(4, 40, 12) * 5, torch.tensor([40, 1, 17, 33])
    results = loaded.run(input, lengths)
    assert results["labels"].tolist() == zoo.decode_ctc(model(input, lengths)[0], lengths).tolist()
    assert results["labels"].shape[1] > 3


class GatedCell(nn.Module):
    """A cell of one's own with what cells are made of: normalisation, slices, constants, a bias of its own."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "gated_here", hidden_size, False
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(2 * hidden_size, hidden_size))
        self.norm = nn.LayerNorm(2 * hidden_size)

    def forward(self, input: Tensor, state: list[Tensor]) -> list[Tensor]:
        h, age = state[0], state[1]
        a = self.norm(nn.functional.linear(input, self.weight_ih)) + h @ self.weight_hh.t()
        size = self.hidden_size
        f = torch.sigmoid(a[:, :size] - 1.5)
        new = torch.tanh(a[:, size:]).clamp(min=-0.9)
        h = torch.where(age > 3, f * h + (1 - f) * new, h / 2)
        return [h, age + 1]


class SortingCell(GatedCell):
    def forward(self, input: Tensor, state: list[Tensor]) -> list[Tensor]:
        return [super().forward(input, state)[0].sort(dim=1)[0], state[1]]


def test_cells_of_ones_own_are_traced_or_refused(tmp_path: Path) -> None:
    for name, factory in (("gated_here", GatedCell), ("sorting_here", SortingCell)):
        if name not in WRITTEN_CELLS:
            spec = zoo.CellSpec(gate_names=("forget", "new"), state_names=("h", "age"))
            zoo.register_cell(name, spec, factory)
    model = zoo.build("gated_here_tagger", num_layers=2, bidirectional=True, **FLOATS)
    saved = zoo.export_onnx(model, tmp_path / "model.onnx")
    assert saved.nodes["Scan"] == 4
    compare_at_other_lengths(model, saved.path)
    with pytest.raises(zoo.OnnxError, match=r"backbone\.stack\.layers\.0, cell 'gated_here': operator aten\.sort"):
        zoo.export_onnx(zoo.build("sorting_here_tagger", **FLOATS), tmp_path / "other.onnx")
    assert not (tmp_path / "other.onnx").exists()


def test_padding_may_hold_anything(tmp_path: Path) -> None:
    model = build_small("gru_tagger", bidirectional=True)
    loaded = zoo.load_onnx(zoo.export_onnx(model, tmp_path / "model.onnx").path)
    input, lengths = torch.randn(2, 9, 12), torch.tensor([9, 4])
    expected = loaded(input, lengths)[0]
    input[1, 4:] = float("nan")
    assert torch.equal(loaded(input, lengths)[0], expected)


def test_names_and_free_dimensions_of_the_file(tmp_path: Path) -> None:
    saved = zoo.export_onnx(build_small("lstm_tagger"), tmp_path / "model.onnx", metrics={"accuracy": 0.5})
    session = onnxruntime.InferenceSession(str(saved.path), providers=["CPUExecutionProvider"])
    inputs = {value.name: (value.type, value.shape) for value in session.get_inputs()}
    assert inputs == {
        "input": ("tensor(float)", ["batch", "seq_len", 12]),
        "lengths": ("tensor(int64)", ["batch"]),
        "h_0": ("tensor(float)", [2, "batch", 20]),
        "c_0": ("tensor(float)", [2, "batch", 20]),
    }
    assert [value.name for value in session.get_outputs()] == ["output", "h_n", "c_n"]
    manifest = json.loads(session.get_modelmeta().custom_metadata_map[MANIFEST])
    assert manifest["metrics"] == {"accuracy": 0.5}
    assert manifest["model"]["config"]["hidden_size"] == 20


def damage(path: Path, change: Any, part: str) -> Path:
    """Change one weight of a file."""
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.name == part:
            tensor.CopyFrom(onnx.numpy_helper.from_array(change(onnx.numpy_helper.to_array(tensor).copy()), part))
    onnx.save(model, path)
    return path


def swap_gates(array: np.ndarray) -> np.ndarray:
    i, o, f, c = np.split(array, 4, axis=1)
    return np.concatenate([i, f, o, c], axis=1)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("backbone.stack.rnn.l0.W", swap_gates),
        ("backbone.stack.rnn.l1.R", lambda a: a * 1.0002),
        ("head.bias", lambda a: a + 3e-6),
        ("backbone.front_end.std", lambda a: a * 1.00005),
    ],
    ids=["gates", "scale", "bias", "deviation"],
)
def test_a_damaged_file_fails(part: str, change: Any, tmp_path: Path) -> None:
    saved = zoo.export_onnx(build_small("lstm_tagger", standardize=True), tmp_path / "model.onnx")
    assert all(one.passed for one in zoo.verify_onnx(saved.path))
    assert not all(one.passed for one in zoo.verify_onnx(damage(saved.path, change, part)))


@pytest.mark.parametrize("name", presets.WHOLE_MODELS)
def test_models_that_write_labels_by_themselves_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(zoo.OnnxError, match="has no ONNX form here; CharacterLanguageModel, Encoder"):
        zoo.export_onnx(zoo.build(name), tmp_path / "model.onnx")


STATE_OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("lstm_classifier", {"zoneout": 0.1, "pooling": "last"}),
    ("peephole_lstm_tagger", {"zoneout": 0.1, "bidirectional": True}),
    ("gru_encoder", {"zoneout": 0.1, "num_layers": 1}),
    ("sru_encoder", {"zoneout": 0.1, "learned_state": True}),
    ("gru_tagger", {"learned_state": True, "bidirectional": True}),
    ("lstm_classifier", {"learned_state": True, "residual": True, "pooling": "last"}),
    ("transformer_lstm_encoder", {"learned_state": True}),
    ("grid_lstm_tagger", {"columns": 4}),
    ("grid_lstm_classifier", {"columns": 2, "bidirectional": True, "zoneout": 0.1}),
    ("grid_lstm_tagger", {"columns": 2, "bidirectional": True, "highway": True}),
]


@pytest.mark.parametrize(
    ("name", "options"), [pytest.param(*case, id=f"{case[0]}-{'-'.join(case[1])}") for case in STATE_OPTIONS]
)
def test_states_that_are_learned_mixed_or_in_columns(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    model = build_small(name, **options)
    starts = [parameter for key, parameter in model.named_parameters() if ".starts." in key]
    assert bool(starts) is options.get("learned_state", False)
    for start in starts:
        start.normal_()  # 0 would hide a file that forgets them
    saved = zoo.export_onnx(model, tmp_path / "model.onnx")
    onnx.checker.check_model(str(saved.path), full_check=True)
    compare_at_other_lengths(model, saved.path)
    if "columns" not in options and "learned_state" not in options:
        assert "Scan" in saved.nodes


def test_models_without_an_onnx_form_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"before")
    quantized = zoo.quantize(build_small("gru_tagger"), "dynamic_int8")
    with pytest.raises(zoo.OnnxError, match="a quantized model has no ONNX form; export the float model"):
        zoo.export_onnx(quantized, path)

    class Own(nn.Module):
        input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 3))

        def forward(
            self, input: Tensor, lengths: Tensor | None = None, state: Any = None
        ) -> tuple[Tensor, list[Tensor]]:
            return input, []

    with pytest.raises(zoo.OnnxError, match="Own has no ONNX form here; CharacterLanguageModel, Encoder"):
        zoo.export_onnx(Own(), path)
    assert path.read_bytes() == b"before"
    with pytest.raises(zoo.OnnxError, match="ONNX Runtime does not load"):
        zoo.verify_onnx(path)


def test_the_program_writes_and_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from zoo.cli import main

    path = tmp_path / "model.onnx"
    sizes = ["input_size=12", "hidden_size=20", "dropout=0", "num_layers=1"]
    assert main(["export", "gru_tagger", *sizes, "-o", str(path)]) == 0
    assert "recurrent nodes  1 GRU" in capsys.readouterr().out
    assert main(["verify", str(path)]) == 0
    assert capsys.readouterr().out.endswith("\npassed\n")
    damage(path, lambda a: a + 1, "head.bias")
    assert main(["verify", "--json", str(path)]) == 1
    assert json.loads(capsys.readouterr().out)["passed"] is False
    assert main(["export", "gru_tagger", "hidden=3", "-o", str(path)]) == 1
    assert "zoo export: error: TaggerConfig has no hidden" in capsys.readouterr().err
