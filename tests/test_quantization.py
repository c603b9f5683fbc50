"""A recipe changes what it promises, says what it cannot take, and stays within its limits."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
import torch
from support.program import Program
from support.real_input import real_batch
from support.small_models import build_small
from torch import Tensor, nn

import zoo
from zoo import Recipe, RecipeError, register_recipe
from zoo.artifact import torchscript
from zoo.artifact.tolerances import FP32, INT8_LIMIT
from zoo.quantization.recipe import _recipes

# Recipe -> how far it may move outputs that span 0.4 to 0.6.
MOST = {"bf16": 2e-3, "dynamic_int8": 0.01, "float16": 5e-4, "int8": 0.01, "mixed": 0.01, "portable_int8": 0.01}
RECIPES = list(MOST)


def test_the_recipes_are_listed_with_what_they_do() -> None:
    assert zoo.list_recipes() == sorted([*RECIPES, "int4", "static_int8"])  # these have tests of their own
    assert all("LSTM" in zoo.find_recipe(name).description for name in RECIPES)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", ["lstm_classifier", "gru_tagger", "residual_gru_classifier", "lstm_language_model"])
def test_every_promised_layer_changes_and_the_model_stays(name: str, recipe: str) -> None:
    model = build_small(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    quantized = zoo.quantize(model, recipe)
    record = quantized.quantization
    assert record.recipe == recipe
    assert (record.backend in torch.backends.quantized.supported_engines) == (recipe == "dynamic_int8")
    expected = {n for n, m in model.named_modules() if isinstance(m, zoo.find_recipe(recipe).layers)}
    assert expected
    assert set(record.layers) == expected
    for layer in expected:
        assert "quantiz" in type(quantized.get_submodule(layer)).__module__
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert record.error["max_abs"] > 0
    inputs, lengths = real_batch(model.config)
    difference = (quantized(inputs, lengths)[0] - model(inputs, lengths)[0]).abs().max()
    assert 0 < difference < MOST[recipe]


@pytest.mark.parametrize(
    ("name", "overrides", "reason"),
    [
        ("rnn_tagger", {}, "backbone.stack.rnn is nn.RNN, which PyTorch's dynamic quantization leaves float"),
        ("lstm_tagger", {"proj_size": 8}, "has proj_size=8, and fails when called"),
        ("gru_tagger", {"bias": False}, "has bias=False"),
    ],
)
def test_what_pytorch_would_leave_or_break_is_refused(name: str, overrides: dict[str, object], reason: str) -> None:
    model = build_small(name, **overrides)
    with pytest.raises(
        RecipeError,
        match=f"recipe 'dynamic_int8' cannot take this model: .*{reason}.*; exclude these, or use recipe 'int8'",
    ):
        zoo.quantize(model, "dynamic_int8")
    assert list(zoo.quantize(model, "dynamic_int8", exclude=["RNNBase"]).quantization.layers) == ["head"]


def test_other_models_a_recipe_cannot_take() -> None:
    model = build_small("gru_tagger")
    with pytest.raises(RecipeError, match="quantize first, script afterwards"):
        zoo.quantize(torchscript.script(model), "dynamic_int8")
    with pytest.raises(RecipeError, match="quantized already, by 'float16'"):
        zoo.quantize(zoo.quantize(model, "float16"), "dynamic_int8")
    with pytest.raises(RecipeError, match=r"must be torch\.float32, got torch\.float64"):
        zoo.quantize(build_small("gru_tagger").double(), "dynamic_int8")
    with pytest.raises(
        RecipeError, match="no recipe is called 'int5'; there are bf16, dynamic_int8, float16, int4, int8"
    ):
        zoo.quantize(model, "int5")


class Cells(nn.Module):
    """One cell of each kind, stepped over time by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.gru, self.rnn = nn.LSTMCell(12, 20), nn.GRUCell(20, 20), nn.RNNCell(20, 20)

    def forward(self, input: Tensor) -> Tensor:
        h, c = torch.zeros(input.size(0), 20), torch.zeros(input.size(0), 20)
        g, r = torch.zeros(input.size(0), 20), torch.zeros(input.size(0), 20)
        for t in range(input.size(1)):
            h, c = self.lstm(input[:, t], (h, c))
            g = self.gru(h, g)
            r = self.rnn(g, r)
        return r


@pytest.mark.parametrize("recipe", [name for name in RECIPES if nn.LSTMCell in zoo.find_recipe(name).layers])
def test_cells_are_converted_and_saved(recipe: str, artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    torch.manual_seed(0)
    spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 12))
    model = zoo.quantize(zoo.build_own_model("test_quantization:Cells", {}, spec), recipe)
    assert sorted(model.quantization.layers.values()) == ["GRUCell", "LSTMCell", "RNNCell"]
    assert zoo.save_artifact(model, artifact).worst_difference == 0.0


def identity(module: nn.Module, names: Collection[str]) -> nn.Module:
    return module


def ruin(module: nn.Module, names: Collection[str]) -> nn.Module:
    quantized = torch.ao.quantization.quantize_dynamic(module, {nn.Linear}, dtype=torch.qint8)
    quantized.backbone.stack.rnn.weight_hh_l0.mul_(1.5)
    return quantized


@pytest.mark.parametrize(
    ("convert", "message"),
    [
        (identity, "left head float"),
        (ruin, "moves the outputs by .* of their range.*; use recipe 'int8', which .*; these are drawn inputs"),
    ],
)
def test_a_recipe_that_does_nothing_or_too_much_is_caught(convert: object, message: str) -> None:
    register_recipe(
        Recipe("broken", "for this test", lambda _: None, (nn.Linear,), convert, INT8_LIMIT, FP32, FP32)  # type: ignore[arg-type]
    )
    try:
        with pytest.raises(RecipeError, match=message):
            zoo.quantize(build_small("gru_tagger"), "broken")
        with pytest.raises(ValueError, match="registered already"):
            register_recipe(_recipes["broken"])
    finally:
        del _recipes["broken"]


def halve_precision(module: nn.Module, names: Collection[str]) -> nn.Module:
    """Keep weights in bfloat16 and turn them back in every call, without PyTorch's quantized backend."""
    for name in names:
        module.set_submodule(name, Rounded(module.get_submodule(name)))
    return module


class Rounded(nn.Module):
    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.weight = nn.Parameter(layer.weight.bfloat16(), requires_grad=False)
        self.bias = layer.bias

    def forward(self, input: Tensor) -> Tensor:
        return nn.functional.linear(input, self.weight.float(), self.bias)


def test_ones_own_recipe_goes_all_the_way_to_cpp(artifact: Path, program: Program) -> None:
    register_recipe(
        Recipe("bf16_head", "for this test", lambda _: None, (nn.Linear,), halve_precision, INT8_LIMIT, FP32, FP32)
    )
    try:
        model = zoo.quantize(build_small("gru_tagger"), "bf16_head")
    finally:
        del _recipes["bf16_head"]
    assert (model.quantization.backend, model.training) == ("", False)
    zoo.save_artifact(model, artifact)
    assert zoo.load_artifact(artifact).manifest["quantization"]["engine"] == ""
    program.succeed("verify", artifact)


def test_a_model_without_such_layers_is_refused() -> None:
    with pytest.raises(RecipeError, match="found nothing to convert"):
        zoo.quantize(nn.Conv1d(3, 3, 3), "dynamic_int8")


class Attentive(nn.Module):
    """An LSTM, attention over its steps, and one number for each row."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(12, 16, batch_first=True)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.head = nn.Linear(16, 1)

    def forward(self, input: Tensor) -> Tensor:
        features, _ = self.rnn(input)
        seen, _ = self.attention(features, features, features, need_weights=False)
        return self.head(seen.mean(1))


@pytest.fixture
def attentive(monkeypatch: pytest.MonkeyPatch) -> zoo.Model:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    torch.manual_seed(0)
    spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 12))
    return zoo.build_own_model("test_quantization:Attentive", {}, spec)


@pytest.mark.parametrize("recipe", RECIPES)
def test_attention_stays_float_and_one_number_has_an_error(
    attentive: zoo.Model, recipe: str, artifact: Path, program: Program
) -> None:
    one = [zoo.Sample("one", torch.randn(1, 9, 12, generator=torch.Generator().manual_seed(0)))]
    quantized = zoo.quantize(attentive, recipe, samples=one)
    assert sorted(quantized.quantization.layers.values()) == ["LSTM", "Linear"]
    error = quantized.quantization.error
    assert 0 < error["rms_of_std"] == error["max_of_range"] < 0.02  # a single number: both over its size
    zoo.save_artifact(quantized, artifact, samples=one)
    program.succeed("verify", artifact)


@pytest.mark.parametrize(
    ("options", "converted"),
    [
        ({"include": ["RNNBase"]}, ["backbone.stack.rnn"]),
        ({"include": ["backbone.*"]}, ["backbone.stack.rnn"]),
        ({"exclude": ["GRU"]}, ["head"]),
        ({"include": ["*"], "exclude": ["head"]}, ["backbone.stack.rnn"]),
    ],
)
def test_layers_are_included_and_excluded(options: dict[str, list[str]], converted: list[str]) -> None:
    quantized = zoo.quantize(build_small("gru_tagger"), "dynamic_int8", **options)
    assert list(quantized.quantization.layers) == converted


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"include": ["LSTM"]},
            "'LSTM' matches no layer that recipe 'dynamic_int8' converts; there are ",
        ),
        ({"exclude": ["haed"]}, "'haed' matches no layer"),
        ({"exclude": ["*"]}, r"nothing is left for recipe 'dynamic_int8' to convert; it could .*head \(Linear\)"),
    ],
)
def test_a_choice_that_means_nothing_is_refused(options: dict[str, list[str]], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        zoo.quantize(build_small("gru_tagger"), "dynamic_int8", **options)


def test_a_refusal_names_the_worst_layer_and_a_better_recipe() -> None:
    model = build_small("gru_tagger")
    inputs, lengths = real_batch(model.config)
    with torch.no_grad():
        model.head.weight[0, 0] = 20  # one scale for the whole matrix: its other weights become few numbers
    with pytest.raises(RecipeError) as refused:
        zoo.quantize(model, "dynamic_int8", samples=[zoo.Sample("real", inputs, lengths)])
    message = str(refused.value)
    assert "rms of the worst layers alone: head " in message
    assert "use recipe 'int8', which moves them by 0." in message
    assert "drawn" not in message
    assert "\n" not in message


OPTIONS: list[dict[str, Any]] = [
    {},
    {"bidirectional": True},
    {"bias": False},
    {"batch_first": False},
]


@pytest.mark.parametrize(
    ("family", "options"),
    [("lstm", {"proj_size": 7}), *((f, o) for f in ("lstm", "gru", "rnn", "rnn_relu") for o in OPTIONS)],
)
def test_float16_takes_every_option(family: str, options: dict[str, Any], artifact: Path, program: Program) -> None:
    model = zoo.quantize(build_small(f"{family}_tagger", **options), "float16")
    saved = zoo.save_artifact(model, artifact)
    assert saved.worst_difference == 0.0
    report = program.succeed("verify", artifact, "--json").json
    assert report["engine"]["acceleration"]["left"] == []  # the fused engine takes the layers
    assert report["engine"]["acceleration"]["fused_layers"] == 2


def weight_bytes(path: Path) -> int:
    size: int = zoo.load_artifact(path).manifest["weights"]["bytes"]
    return size


@pytest.mark.parametrize("name", ["lstm_tagger", "gru_classifier", "rnn_forecaster"])
def test_float16_halves_the_weights(name: str, artifact: Path) -> None:
    model = build_small(name, hidden_size=128)
    zoo.save_artifact(model, artifact)
    whole = weight_bytes(artifact)
    zoo.save_artifact(zoo.quantize(model, "float16"), artifact)
    assert weight_bytes(artifact) < 0.52 * whole


def test_a_weight_beyond_half_precision_is_refused() -> None:
    model = build_small("gru_tagger")
    with torch.no_grad():
        model.head.weight[0, 0] = 1e6
    with pytest.raises(
        RecipeError, match=r"head has a weight of 1e\+06, more than float16 holds; exclude these, or use recipe 'int8'"
    ):
        zoo.quantize(model, "float16")
