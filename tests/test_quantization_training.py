"""Quantization-aware training: the numbers of a recipe in the forward pass, gradients through them, a better file."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from support.data_sets import need
from support.real_input import real_batch
from support.small_models import build_small
from torch import nn

import zoo
from zoo.artifact import torchscript
from zoo.quantization.int8_numbers import count_steps
from zoo.quantization.stored_layers import make_stored_layer
from zoo.quantization.stored_numbers import KeptTensors
from zoo.training.experiment import read_experiment
from zoo.training.tasks.japanese_vowels import SOURCE
from zoo.training.trainer import train

pytestmark = pytest.mark.autograd


@pytest.mark.parametrize("recipe", ["int8", "int4"])
@pytest.mark.parametrize(
    "name",
    ["lstm_tagger", "gru_classifier", "rnn_language_model", "cnn_gru_tagger", "min_gru_tagger", "clockwork_rnn_tagger"],
)
def test_inside_a_model_has_the_numbers_of_the_recipe_and_afterwards_its_own(name: str, recipe: str) -> None:
    model = build_small(name)
    input, lengths = real_batch(model.config)
    expected = zoo.quantize(model, recipe, allow_error=True)(input, lengths)[0]
    before = model(input, lengths)[0]
    with zoo.fake_quantized(model, recipe):
        output = model(input, lengths)[0]
        output.square().mean().backward()
    # A rounding tie of int8 may fall the other way.
    assert (output - expected).abs().mean() < 1e-5 < (before - expected).abs().mean()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())
    assert torch.equal(model(input, lengths)[0], before)
    torchscript.script(model)


def test_dropout_between_layers_follows_the_mode() -> None:
    layer = nn.LSTM(4, 8, 2, dropout=0.5, batch_first=True)
    input = torch.randn(2, 5, 4)
    with zoo.fake_quantized(layer, "int8"):
        layer.train()
        assert not torch.equal(layer(input)[0], layer(input)[0])
        layer.eval()
        assert torch.equal(layer(input)[0], layer(input)[0])


def fit_line(layer: nn.Linear, input: torch.Tensor, target: torch.Tensor, rate: float) -> None:
    optimizer = torch.optim.Adam(layer.parameters())
    for step in range(600):  # after fewer, the rounding of another processor decides which twin is better
        optimizer.param_groups[0]["lr"] = rate * (1 - step / 600)
        optimizer.zero_grad()
        (layer(input) - target).square().mean().backward()
        optimizer.step()


def test_a_layer_trained_with_the_roundings_has_a_better_4_bit_twin() -> None:
    losses = {False: 0.0, True: 0.0}
    for seed, aware in product(range(3), losses):
        torch.manual_seed(seed)
        # Inputs that go together: some weights can make up for what the rounding does to others.
        input = torch.randn(200, 4) @ torch.randn(4, 32) + 0.1 * torch.randn(200, 32)
        target = input @ torch.randn(32, 3) / 6
        layer = nn.Linear(32, 3)
        fit_line(layer, input, target, 1e-2)
        with zoo.fake_quantized(layer, "int4") if aware else nullcontext():
            fit_line(layer, input, target, 3e-3)
        with torch.no_grad():
            twin: Any = zoo.find_recipe("int4").convert(layer, [""])
            losses[aware] += float((twin(input) - target).square().mean())
    assert losses[True] < 0.9 * losses[False]


def test_recipes_that_cannot_be_trained_for_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(zoo.RecipeError, match="'bf16' cannot be trained for; int4, int8, portable_int8 can"),
        zoo.fake_quantized(build_small("gru_tagger"), "bf16"),
    ):
        pass
    need(SOURCE)
    wrong = read_experiment("gru_classifier_japanese_vowels", {"training.fake_quantize": "int5"}, fast=True)
    with pytest.raises(zoo.RecipeError, match="no recipe is called 'int5'"):
        train(wrong, tmp_path / "run", fast=True, progress=False)


def test_an_experiment_trains_for_a_recipe(tmp_path: Path) -> None:
    need(SOURCE)
    overrides = {"training.fake_quantize": "int8", "training.average": 0.9}
    experiment = read_experiment("gru_classifier_japanese_vowels", overrides, fast=True)
    done = train(experiment, tmp_path / "run", fast=True, progress=False)
    assert done.metrics["experiment"]["training"]["fake_quantize"] == "int8"
    assert zoo.quantize(done.model, "int8").quantization is not None


def test_layers_that_a_recipe_does_not_take_are_refused_in_training_too() -> None:
    for layer, words in (
        (nn.Conv1d(4, 4, 3, padding=1, padding_mode="circular"), "has padding_mode='circular', expected 'zeros'"),
        (nn.Embedding(4, 4, max_norm=1.0), "has max_norm, which changes its weights in every call"),
    ):
        with (
            pytest.raises(zoo.RecipeError, match=f"recipe 'int4' cannot take this model: 0 {words}"),
            zoo.fake_quantized(nn.Sequential(layer), "int4"),
        ):
            pass


def test_groups_of_a_convolution_are_rounded_in_training() -> None:
    layer, input = nn.Conv1d(4, 6, 3, groups=2), torch.randn(2, 4, 9)
    with zoo.fake_quantized(nn.Sequential(layer), "portable_int8"):
        got = layer(input)
    expected = make_stored_layer(layer, partial(KeptTensors, rounding=count_steps))(input)
    torch.testing.assert_close(got, expected, atol=1e-6, rtol=1e-5)
    assert not torch.equal(got, layer(input))
