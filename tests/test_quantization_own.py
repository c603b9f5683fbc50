"""Recipes for modules of one's own: layers with two names, weights that a module reads, weights that it computes."""

from __future__ import annotations

import copy
import dataclasses
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from support.program import Program
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

import zoo
from zoo.cli.script import print_quantization
from zoo.quantization.trial import find_unchanged

RECIPES = zoo.list_recipes()
CALIBRATION = [zoo.Sample("real", torch.randn(4, 40, 4, generator=torch.Generator().manual_seed(1)))]
TOKENS = [zoo.Sample("real", torch.randint(0, 30, (4, 40), generator=torch.Generator().manual_seed(1)))]


class Layers(nn.Module):
    input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 4))

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(4, 8, batch_first=True)
        self.fc = nn.Linear(8, 8)

    def forward(self, input: Tensor) -> Tensor:
        return self.fc(self.rnn(input)[0])


class TwoNames(Layers):
    def __init__(self) -> None:
        super().__init__()
        self.again = self.fc
        self.deep = nn.ModuleList([nn.Linear(8, 8)] * 2)

    def forward(self, input: Tensor) -> Tensor:
        features = self.again(torch.tanh(self.fc(self.rnn(input)[0])))
        for layer in self.deep:
            features = layer(torch.tanh(features))
        return features


class Reads(Layers):
    def forward(self, input: Tensor) -> Tensor:
        return nn.functional.linear(self.fc(self.rnn(input)[0]), self.fc.weight, self.fc.bias)


class Tied(nn.Module):
    """Scores of tokens by their embeddings, in whatever dtype these are."""

    input_spec = zoo.TensorSpec("input", "int64", ("batch", "seq_len"), (0, 29))

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.rnn = nn.Embedding(30, 8), nn.LSTM(8, 8, batch_first=True)

    def forward(self, input: Tensor) -> Tensor:
        return self.rnn(self.embedding(input))[0] @ self.embedding.weight.float().t()


@pytest.fixture(autouse=True)
def own_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    torch.manual_seed(0)


def build(name: str) -> Any:
    return zoo.build_own_model(f"test_quantization_own:{name}", {})


def quantize(model: Any, recipe: str, samples: list[zoo.Sample] = CALIBRATION, **options: Any) -> Any:
    return zoo.quantize(
        model, recipe, calibration=samples if recipe == "static_int8" else None, allow_error=True, **options
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_layer_is_converted_under_all_its_names(recipe: str) -> None:
    module = quantize(build("TwoNames"), recipe).module
    assert not any(type(part) in (nn.Linear, nn.LSTM) for _, part in module.named_modules(remove_duplicate=False))
    assert module.again is module.fc
    assert module.deep[1] is module.deep[0]


def test_a_name_under_which_a_layer_stayed_float_is_found() -> None:
    model = TwoNames()
    half = copy.deepcopy(model)
    for name in ("rnn", "fc", "deep.0"):
        half.set_submodule(name, nn.Identity())
    assert find_unchanged(model, half, ["rnn", "fc", "deep.0"]) == ["again", "deep.1"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_layer_whose_weights_a_module_reads_is_named(recipe: str) -> None:
    with pytest.raises(
        zoo.RecipeError, match=r"once module\.fc is converted, it fails with \w+: .*; exclude"
    ) as refused:
        quantize(build("Reads"), recipe)
    assert "\n" not in str(refused.value)
    assert refused.value.__cause__ is not None
    assert list(quantize(build("Reads"), recipe, exclude=["module.fc"]).quantization.layers) == ["module.rnn"]


@pytest.mark.parametrize("recipe", [name for name in RECIPES if nn.Embedding in zoo.find_recipe(name).layers])
def test_rounded_embeddings_are_not_taken_for_weights(recipe: str) -> None:
    with pytest.raises(zoo.RecipeError, match=r"once module\.embedding is converted, it fails"):
        quantize(build("Tied"), recipe, TOKENS)


def test_a_better_recipe_is_one_that_takes_the_model() -> None:
    model = build("Tied")
    with torch.no_grad():
        model.module.rnn.weight_hh_l0[0, 0] = 300  # of a scale for the whole matrix little is left for the others
    with pytest.raises(zoo.RecipeError, match=r"'dynamic_int8' moves the outputs .*or keep the model in float"):
        zoo.quantize(model, "dynamic_int8")


def norm_new(model: Any) -> None:
    parametrizations.weight_norm(model.module.rnn, "weight_hh_l0")
    parametrizations.orthogonal(model.module.fc)
    with torch.no_grad():
        model.module.rnn.parametrizations.weight_hh_l0.original0.mul_(2)


def norm_old(model: Any) -> None:
    with warnings.catch_warnings():  # people still have such models
        warnings.simplefilter("ignore", FutureWarning)
        weight_norm(model.module.fc)
    spectral_norm(model.module.rnn, "weight_hh_l0")
    model.train()
    for _ in range(5):  # each call in training mode is a power iteration, and leaves weights that are results
        model(CALIBRATION[0].input)
    model.eval()
    with torch.no_grad():
        # The layers' own weights are still those before this.
        model.module.fc.weight_g.mul_(2)
        model.module.rnn.weight_hh_l0_orig[:16] = 0


@pytest.mark.parametrize("norm", [norm_new, norm_old])
@pytest.mark.parametrize("recipe", RECIPES)
def test_weights_that_are_computed_are_taken_as_they_are_now(
    recipe: str, norm: Any, artifact: Path, program: Program
) -> None:
    model = build("Layers")
    norm(model)
    quantized = quantize(model, recipe)
    assert list(quantized.quantization.layers) == ["module.rnn", "module.fc"]
    assert quantized.quantization.error["rms_of_std"] < (0.1 if recipe == "int4" else 0.02)
    torch.testing.assert_close(
        quantized(CALIBRATION[0].input)[0],
        model(CALIBRATION[0].input)[0],
        rtol=0,
        atol=0.1 if recipe == "int4" else 0.02,
    )
    zoo.save_artifact(quantized, artifact)
    program.succeed("verify", artifact)


class Matrices(Layers):
    """Its largest matrices are in no layer that a recipe converts."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.plane = nn.Conv2d(1, 2, 3, padding=1)
        self.own = nn.Parameter(torch.randn(40, 8))
        self.norm, self.scale = nn.LayerNorm(8), nn.Parameter(torch.ones(1, 1, 8))
        self.register_buffer("filters", torch.ones(8, 8))

    def forward(self, input: Tensor) -> Tensor:
        steps = self.rnn(self.plane(input.unsqueeze(1)).mean(1))[0]
        steps = self.norm(self.attention(steps, steps, steps, need_weights=False)[0]) * self.scale
        return functional.linear(self.fc(steps @ self.filters), self.own)


def test_matrices_that_stay_in_float_are_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    model = build("Matrices")
    record = quantize(model, "bf16", steps=50).quantization
    whole = sum(parameter.numel() for parameter in model.parameters())
    assert record.float_matrices == {
        "module.own": 320 / whole,
        "module.attention.in_proj_weight": 192 / whole,
        "module.attention.out_proj.weight": 64 / whole,
        "module.plane.weight": 18 / whole,
    }
    assert record.to_dict()["float_matrices"] == record.float_matrices
    print_quantization(dataclasses.replace(record, float_matrices=record.float_matrices | {"head.weight": 0.01}))
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("weights in float")]
    share = (320 + 192 + 64 + 18) / whole + 0.01
    assert line.endswith(f"module.plane.weight, ...: {share:.1%} of the bytes of the float model")
    assert quantize(build("Layers"), "bf16").quantization.float_matrices == {}


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_hook_that_would_be_lost_is_refused(recipe: str) -> None:
    model = build("Layers")
    model.module.fc.register_forward_hook(lambda module, inputs, output: output * 1.001)
    with pytest.raises(zoo.RecipeError, match=r"module\.fc has a forward hook, which a converted layer would not run"):
        quantize(model, recipe)


@pytest.mark.parametrize(
    "options",
    [{"include": "head"}, {"exclude": "head"}, {"exclude": (name for name in ("head",))}, {"include": [3]}],
    ids=["include", "exclude", "iterator", "number"],
)
def test_names_of_layers_are_a_list(options: dict[str, Any]) -> None:
    model = build("Layers")
    name = next(iter(options))
    words = f"{name} must be a list of names, got " + ("the text 'head'; write" if options[name] == "head" else "")
    with pytest.raises(zoo.RecipeError, match=words):
        quantize(model, "bf16", **options)
    if options[name] == "head":
        with pytest.raises(zoo.RecipeError, match=words):
            zoo.compare_recipes(model, ["bf16"], **options)
    with pytest.raises(zoo.RecipeError, match="recipes must be a list of names, got the text 'bf16'"):
        zoo.compare_recipes(model, "bf16")
    sample = zoo.Sample("one", torch.randn(1, 5, 4))
    with pytest.raises(zoo.SampleError, match="samples is a Sample, expected a list of"):
        zoo.quantize(model, "bf16", samples=sample)  # type: ignore[arg-type]
