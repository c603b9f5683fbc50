"""Smoothing: it changes nothing in float, and int8 then bears input channels of very different range."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.data_sets import need
from support.program import Program
from support.small_models import build_small
from test_mutants import forge
from test_quantization_static import LAYERS, flat, watch_layer
from torch import Tensor, nn

import zoo
from zoo.cli.script import print_quantization
from zoo.data import etth1
from zoo.data.japanese_vowels import load_japanese_vowels
from zoo.data.sequences import pad
from zoo.quantization import smoothing
from zoo.quantization.calibration import Seen
from zoo.quantization.engine_layers import InputScale, find_core, make_engine_layer
from zoo.quantization.int8_numbers import round_rows
from zoo.quantization.smoothing import Smoothing, choose_factors, choose_smoothing, make_smoothed, scale_weights

STEPS = 96


@pytest.fixture(scope="module")
def etth1_table() -> Tensor:
    need(etth1.SOURCE)
    return torch.as_tensor(etth1.load_etth1().values, dtype=torch.float32)


@torch.enable_grad()
def train_on_raw_columns(table: Tensor) -> zoo.Model:
    """Return a small model that predicts the oil's temperature an hour ahead from columns as they stand in the file.

    It is trained on standardised columns, and the statistics are then worked into the weights.
    """
    generator = torch.Generator().manual_seed(0)
    mean, std = table[: etth1.BORDERS[0]].mean(0), table[: etth1.BORDERS[0]].std(0)
    sizes = {"input_size": table.size(1), "hidden_size": 32, "num_layers": 1, "num_targets": 1}
    model: Any = zoo.build("gru_regressor", dropout=0.0, pooling="none", seed=0, **sizes).train()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    features = (table - mean) / std
    for _ in range(150):
        starts = torch.randint(etth1.BORDERS[0] - STEPS - 1, (32,), generator=generator).tolist()
        batch = torch.stack([features[start : start + STEPS + 1] for start in starts])
        loss = (model(batch[:, :-1])[0] - batch[:, 1:, 6:]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    layer = model.backbone.stack.rnn
    with torch.no_grad():
        layer.bias_ih_l0 -= layer.weight_ih_l0 @ (mean / std)
        layer.weight_ih_l0 /= std
    return model.eval()


def cut_days(table: Tensor, first: int) -> list[zoo.Sample]:
    """Return eight windows of four days, one after the other, as a sample."""
    starts = range(first, first + 8 * STEPS, STEPS)
    return [zoo.Sample("real", torch.stack([table[start : start + STEPS] for start in starts]))]


def with_hours(table: Tensor) -> Tensor:
    """Return the table with the number of the hour as one more column, which rises to 17,419."""
    return torch.cat([table, torch.arange(len(table), dtype=torch.float32)[:, None]], 1)


@pytest.mark.parametrize(("hours", "recipe"), [(False, "static_int8"), (True, "int8")])
def test_a_model_of_raw_columns_is_within_the_limits_only_when_smoothed(
    hours: bool,
    recipe: str,
    etth1_table: Tensor,
    artifact: Path,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = with_hours(etth1_table) if hours else etth1_table
    model = train_on_raw_columns(table)
    samples, calibration = cut_days(table, etth1.BORDERS[1]), cut_days(table, etth1.BORDERS[1] + 8 * STEPS)
    with monkeypatch.context() as patched:
        patched.setattr(smoothing, "WORTH", 0.0)
        with pytest.raises(zoo.RecipeError, match=r"rms of the worst layers alone: backbone\.stack\.rnn"):
            zoo.quantize(model, recipe, samples=samples, calibration=calibration)
    smoothed: Any = zoo.quantize(model, recipe, samples=samples, calibration=calibration)
    record = smoothed.quantization
    assert list(record.smoothed) == ["backbone.stack.rnn"]
    assert set(record.smoothed.values()) <= set(smoothing.ALPHAS)
    print_quantization(replace(record, long_error=record.error))
    assert "smoothed         backbone.stack.rnn, alpha 0." in capsys.readouterr().out
    assert zoo.save_artifact(smoothed, artifact, samples=samples).worst_difference == 0.0
    assert zoo.load_artifact(artifact).manifest["quantization"]["smoothed"] == record.smoothed
    program.succeed("verify", artifact)
    smoothed.backbone.stack.rnn.core.input_scale.scale[6] *= 1.02
    forge(artifact, smoothed)
    assert program("verify", artifact).status == 1


UNITS = torch.exp2(torch.arange(12) % 5 * 4.0 - 8)  # of twelve channels, 2**-8 to 2**8


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
@torch.no_grad()
def test_a_layer_divides_what_its_weights_are_multiplied_by(layer: nn.Module, shape: tuple[int, ...]) -> None:
    """In float without a difference in any bit, and in the engine by the same factors."""
    is_conv = isinstance(layer, nn.Conv1d)
    factors = UNITS.repeat_interleave(3) if is_conv else UNITS
    units = UNITS[:, None] if is_conv else UNITS
    input = torch.randn(shape, generator=torch.Generator().manual_seed(5))
    raw, learned = input * units, scale_weights(layer, 1 / factors)  # as if trained on these units
    assert torch.equal(flat(learned(raw)), flat(layer(input)))
    made = make_smoothed(Smoothing(0.5, factors), watch_layer(learned, raw), make_int8, learned)
    assert torch.equal(flat(made(raw)), flat(make_engine_layer(layer, "int8")(input)))


def make_int8(layer: nn.Module, seen: dict[str, Seen]) -> nn.Module:
    return make_engine_layer(layer, "int8")


def vowels(units: Tensor) -> list[zoo.Sample]:
    """Return forty utterances in other units."""
    batch, lengths = pad(load_japanese_vowels("test").sequences[:40])
    return [zoo.Sample("real", torch.from_numpy(batch) * units, torch.from_numpy(lengths))]


# Where the weights are that know the units, and whether the statistics can take the division.
PLACES = {
    "gru_tagger": ("backbone.stack.rnn", True),
    "cnn_gru_tagger": ("backbone.convolutions.stages.0.convolution", False),  # past features are a state
    "batch_norm_lstm_tagger": ("backbone.stack.layers.0.rnn", False),  # the shift of a norm comes after them
}


@pytest.mark.parametrize("name", PLACES)
@torch.no_grad()
def test_statistics_take_the_division_where_they_do_nothing_else(name: str, artifact: Path, program: Program) -> None:
    place, absorbed = PLACES[name]
    model: Any = build_small(name, standardize=True)
    layer = model.get_submodule(place)
    factors = UNITS.repeat_interleave(5) if isinstance(layer, nn.Conv1d) else UNITS
    model.set_submodule(place, scale_weights(layer, 1 / factors))
    if name == "batch_norm_lstm_tagger":
        model.backbone.stack.norms[0].shift.copy_(0.1 * UNITS)
    samples = vowels(UNITS)
    plain = zoo.quantize(model, "int8", samples=samples, allow_error=True).quantization.error["rms_of_std"]
    quantized: Any = zoo.quantize(model, "int8", samples=samples, calibration=samples)
    assert list(quantized.quantization.smoothed) == [place]
    assert quantized.quantization.error["rms_of_std"] < 0.2 * plain
    assert isinstance(find_core(quantized.get_submodule(place)).input_scale, InputScale) != absorbed
    assert torch.equal(quantized.backbone.front_end.std, torch.ones(12)) != absorbed
    assert torch.equal(model.backbone.front_end.std, torch.ones(12))
    zoo.save_artifact(quantized, artifact, samples=samples)
    program.succeed("verify", artifact)


def test_what_needs_no_smoothing_or_has_too_few_rows_stays_as_it_is() -> None:
    model = zoo.build("gru_classifier_japanese_vowels", pretrained=True)
    samples = vowels(torch.ones(12))
    assert zoo.quantize(model, "int8", samples=samples, calibration=samples).quantization.smoothed == {}
    layer, rows = nn.Linear(12, 30), torch.randn(400, 12, generator=torch.Generator().manual_seed(6))
    learned = scale_weights(layer, 1 / UNITS)
    for floats, seen, expected in (
        (layer, rows, False),
        (learned, rows * UNITS, True),
        (learned, rows[:100] * UNITS, False),
    ):
        chosen = choose_smoothing(watch_layer(floats, seen), lambda matrix: round_rows(matrix.rows))
        assert (chosen is not None) is expected


def test_factors_stay_finite_and_a_channel_that_never_came_counts_as_loud() -> None:
    rows = torch.tensor([[8.0, 0.5, 0.0, 2.0]])
    weight = torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    factors = choose_factors([Seen(weight, [rows])], 0.5)
    assert factors.tolist() == [4, 1, 4, 512]
    nothing = choose_factors([Seen(torch.zeros(1, 4), [torch.zeros(3, 4)])], 0.25)
    assert torch.isfinite(nothing).all()
