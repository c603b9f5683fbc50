"""Calibration: recipe `static_int8` has the ranges of real inputs, and `int8` biases that take its mean error away."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.program import Program
from support.real_input import real_batch
from support.small_models import build_small
from test_mutants import forge
from test_scripts import call_zoo
from torch import Tensor, nn

import zoo
from zoo.cli.script import print_quantization
from zoo.ops import operators, pack
from zoo.quantization.calibration import MOST_ROWS, Seen, choose_range, correct_biases
from zoo.quantization.engine_layers import make_engine_layer
from zoo.quantization.int8_numbers import round_channels, round_range, round_rows
from zoo.quantization.static_int8 import make_static_layer
from zoo.quantization.written_out import Factors, write_out

EXACT = Factors(lambda _, weight: weight, lambda _, rows: rows)
BY_ROW = Factors(lambda _, weight: round_channels(weight), lambda _, rows: round_rows(rows))


def calibration(model: Any) -> list[zoo.Sample]:
    inputs, lengths = real_batch(model.config)
    return [zoo.Sample("calibration", inputs.flip(0), lengths.flip(0))]


def quantize_static(model: Any) -> zoo.Model:
    inputs, lengths = real_batch(model.config)
    samples = [zoo.Sample("real", inputs, lengths)]
    return zoo.quantize(model, "static_int8", samples=samples, calibration=calibration(model), allow_error=True)


torch.manual_seed(0)  # the weights do not depend on which files are collected before: others may meet a rounding tie
LAYERS: list[tuple[nn.Module, tuple[int, ...]]] = [
    (nn.LSTM(12, 20, 2, bidirectional=True, batch_first=True), (3, 9, 12)),
    (nn.LSTM(12, 20, proj_size=7, bias=False), (9, 3, 12)),
    (nn.GRU(12, 20, 2, batch_first=True), (3, 9, 12)),
    (nn.RNN(12, 20, nonlinearity="relu", bidirectional=True), (9, 3, 12)),
    (nn.LSTMCell(12, 20), (3, 12)),
    (nn.GRUCell(12, 20, bias=False), (3, 12)),
    (nn.RNNCell(12, 20), (3, 12)),
    (nn.Linear(12, 30), (2, 3, 12)),
    (nn.Conv1d(12, 5, 3, stride=2, padding=4, dilation=2), (2, 12, 9)),
]


def flat(result: Any) -> Tensor:
    parts = result if isinstance(result, tuple) else (result,)
    return torch.cat([flat(part) if isinstance(part, tuple) else part.flatten() for part in parts])


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
@torch.no_grad()
def test_a_layer_written_out_gives_the_numbers_of_the_layer_and_of_the_engine(
    layer: nn.Module, shape: tuple[int, ...]
) -> None:
    input = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(flat(write_out(layer, EXACT)(input)), flat(layer(input)), rtol=0, atol=1e-6)
    rounded, engine = flat(write_out(layer, BY_ROW)(input)), flat(make_engine_layer(layer, "int8")(input))
    # A rounding tie may fall the other way, which moves an activation by one of 255 steps.
    assert (rounded - engine).abs().mean() < 1e-5
    assert (rounded - engine).abs().max() < 1e-3 < (rounded - flat(layer(input))).abs().max()


@torch.no_grad()
def test_an_embedding_written_out_has_the_rows_of_the_engine() -> None:
    layer, tokens = nn.Embedding(40, 16), torch.arange(40)
    torch.testing.assert_close(write_out(layer, BY_ROW)(tokens), make_engine_layer(layer, "int8")(tokens))


def watch_layer(layer: nn.Module, input: Tensor) -> dict[str, Seen]:
    """Return what each matrix of a layer sees of an input."""
    seen: dict[str, Seen] = {}

    def note(name: str, weight: Tensor) -> Tensor:
        return seen.setdefault(name, Seen(weight)).weight

    def add(name: str, rows: Tensor) -> Tensor:
        seen[name].add(rows)
        return rows

    write_out(layer, Factors(note, add))(input)
    return seen


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
@torch.no_grad()
def test_fixed_ranges_compute_as_they_are_defined(layer: nn.Module, shape: tuple[int, ...]) -> None:
    input = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    seen = watch_layer(layer, input)
    ranges = {name: choose_range(matrix) for name, matrix in seen.items()}

    def round_fixed(name: str, rows: Tensor) -> Tensor:
        return round_range(rows, *ranges[name])

    static, beyond = make_static_layer(layer, seen), 1.5 * input  # some of it is outside of the ranges
    corrected = correct_biases(layer, seen, round_fixed)
    expected = flat(write_out(corrected, Factors(lambda _, weight: round_channels(weight), round_fixed))(beyond))
    got = flat(static(beyond))
    assert (got - expected).abs().mean() < 1e-5
    assert (got - expected).abs().max() < 1e-3
    ops = operators()
    before = ops.force_isa("portable")
    try:
        portable = flat(static(beyond))
    finally:
        ops.force_isa(before)
    torch.testing.assert_close(portable, got, rtol=1e-6, atol=1e-6)


@torch.no_grad()
def test_corrected_biases_take_the_mean_error_of_a_product_away() -> None:
    torch.manual_seed(3)
    layer, input = nn.Linear(64, 8), torch.rand(2000, 64) + 1  # activations of one sign: errors do not cancel
    seen = watch_layer(layer, input)
    corrected = correct_biases(layer, seen, lambda _, rows: round_rows(rows))

    def mean_error(floats: nn.Module) -> float:
        return float((make_engine_layer(floats, "int8")(input) - layer(input)).mean(0).abs().max())

    assert mean_error(corrected) < 1e-5 < 1e-3 < mean_error(layer)


def test_a_state_that_nobody_gave_is_not_switched_off() -> None:
    low, high = choose_range(Seen(torch.randn(8, 5)))
    assert (float(low), float(high)) == (-1, 1)


def test_a_range_leaves_an_outlier_out_and_rows_are_thinned_evenly() -> None:
    torch.manual_seed(4)
    seen = Seen(torch.eye(8))
    seen.weight[3] *= 0.01
    rows = 2 * torch.rand(4000, 8)
    rows[17, 3] = 4.0  # hardly counts in the product
    seen.add(rows)
    seen.add(torch.zeros(50, 8))  # padding
    assert len(seen.rows) == 4000
    low, high = choose_range(seen)
    assert (float(low), float(high)) == (0, 2)
    numbered = Seen(torch.eye(1))
    for part in torch.arange(1.0, 40_001.0).split(333):
        numbered.add(part[:, None])
    kept = numbered.rows[:, 0]
    assert MOST_ROWS / 2 < len(kept) <= 2 * MOST_ROWS
    assert kept.diff().unique().tolist() == [8]


@pytest.mark.parametrize("name", ["lstm_tagger", "gru_classifier", "lstm_language_model", "cnn_gru_tagger"])
def test_static_files_give_their_twins_numbers_in_cpp(name: str, artifact: Path, program: Program) -> None:
    model = build_small(name)
    quantized = quantize_static(model)
    assert quantized.quantization.calibrated
    assert zoo.save_artifact(quantized, artifact).worst_difference == 0.0
    manifest = zoo.load_artifact(artifact).manifest["quantization"]
    assert (manifest["recipe"], manifest["calibrated"]) == ("static_int8", True)
    report = program.succeed("verify", artifact, "--json").json
    assert {check["atol"] for check in report["checks"]} <= {1e-5, 1e-6}
    assert report["engine"]["acceleration"]["fused_layers"] >= 1


def test_ranges_do_not_depend_on_the_data() -> None:
    """A row of small numbers has the steps of the calibration: other than by row, it becomes zeros."""
    layer = nn.Linear(4, 4, bias=False)
    static = make_static_layer(layer, watch_layer(layer, torch.randn(100, 4)))
    small = torch.full((1, 4), 1e-4)
    assert torch.equal(static(small), torch.zeros(1, 4))
    assert make_engine_layer(layer, "int8")(small).any()


def widen(packed: Tensor, part: slice) -> None:
    """Make ranges two percent wider."""
    packed[part] = (packed[part].view(torch.float32) * 1.02).view(torch.uint8)


@pytest.mark.parametrize("layer", ["head", "backbone.stack.rnn.core"])
def test_verify_rejects_a_range_that_is_off_by_two_percent(layer: str, artifact: Path, program: Program) -> None:
    model = build_small("gru_tagger")
    quantized = quantize_static(model)
    zoo.save_artifact(quantized, artifact)
    forge(artifact, quantized)
    program.succeed("verify", artifact)  # the forging itself changes nothing
    packed: Any = quantized.get_submodule(layer).packed
    widen(packed, slice(36, 44) if layer == "head" else slice(-2 * 3 * 2 * 4, None))  # header; end of two layers
    forge(artifact, quantized)
    assert program("verify", artifact).status == 1


def test_what_cannot_be_calibrated_is_refused() -> None:
    model = build_small("gru_tagger")
    for recipe, options, message in (
        ("static_int8", {}, "recipe 'static_int8' needs calibration: real inputs .*; recipe 'int8' does without"),
        ("static_int8", {"calibration": []}, "calibration is empty"),
        (
            "static_int8",
            {"calibration": [zoo.Sample("two", torch.randn(1, 2, 12))]},
            "calibration has 2 steps in 1 sequence, expected at least 16 steps, and better 256; give more real inputs",
        ),
        (
            "int8",
            {"calibration": [zoo.Sample("few", torch.randn(5, 3, 12), torch.tensor([3, 3, 3, 3, 3]))]},
            "calibration has 15 steps in 5 sequences, expected at least 16",
        ),
        (
            "static_int8",
            {"calibration": [zoo.Sample("steps", torch.randn(19, 1, 12))]},
            r"no range for the hidden values of backbone.stack.rnn, .* with sequences of more than one step, or",
        ),
        (
            "static_int8",
            {"calibration": [zoo.Sample("zeros", torch.zeros(9, 5, 12))]},
            r"no range for the input values of backbone.stack.rnn, which are always 0; calibrate with other inputs, or",
        ),
        ("bf16", {"calibration": calibration(model)}, "'bf16' takes no calibration; int8, mixed, static_int8 do"),
    ):
        with pytest.raises(zoo.ZooError, match=message):
            zoo.quantize(model, recipe, **options)  # type: ignore[arg-type]
    ops, packed = operators(), pack(nn.GRU(4, 4), "int8")
    for call, message in (
        (lambda: ops.fix_ranges(pack(nn.GRU(4, 4)), torch.zeros(1, 3, 2)), "expected packed weights in int8"),
        (
            lambda: ops.fix_ranges(packed, torch.zeros(2, 3, 2)),
            r"expected ranges of shape \(1, 3, 2\), got \(2, 3, 2\)",
        ),
        (lambda: ops.fix_ranges(packed, torch.ones(1, 3, 2)), "with 0 between them, got 1 to 1"),
        (lambda: ops.fix_ranges(packed, torch.full((1, 3, 2), torch.nan)), "expected ranges of finite numbers"),
    ):
        with pytest.raises(RuntimeError, match=message):
            call()


@pytest.mark.parametrize(
    ("shape", "doubt"),
    [
        (
            (2, 20, 12),
            "calibration has 40 steps in 2 sequences: other inputs may be outside of what so few show; give 256",
        ),
        ((1, 300, 12), "calibration has 300 steps in 1 sequence: other inputs"),
        ((4, 80, 12), ""),
    ],
)
def test_calibration_that_says_little_is_named(
    shape: tuple[int, ...], doubt: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model, generator = build_small("gru_tagger"), torch.Generator().manual_seed(0)
    options: dict[str, Any] = {"calibration": [zoo.Sample("real", torch.randn(shape, generator=generator))]}
    record = zoo.quantize(model, "static_int8", allow_error=True, **options).quantization
    assert record is not None
    assert [one[: len(doubt)] for one in record.doubts] == [doubt] * bool(doubt)
    assert record.to_dict()["doubts"] == record.doubts
    print_quantization(dataclasses.replace(record, long_error=record.error))
    assert f"doubt            {doubt}" in capsys.readouterr().out or not doubt


def test_calibration_helps_int8_and_the_report_has_both(artifact: Path, program: Program) -> None:
    model = build_small("gru_tagger")
    inputs, lengths = real_batch(model.config)
    samples = [zoo.Sample("real", inputs, lengths)]
    reports = {
        report.recipe: report
        for report in zoo.compare_recipes(
            model, ["int8", "static_int8", "bf16"], samples=samples, calibration=calibration(model), steps=200
        )
    }
    assert not any(report.refusal for report in reports.values())
    error = {recipe: report.error.rms_of_std for recipe, report in reports.items() if report.error}
    assert error["bf16"] < error["int8"] < error["static_int8"]
    quantized = zoo.quantize(model, "int8", samples=samples, calibration=calibration(model))
    zoo.save_artifact(quantized, artifact, samples=samples)
    program.succeed("verify", artifact)


def test_the_console_program_takes_calibration(tmp_path: Path) -> None:
    model = build_small("gru_tagger")
    inputs, _ = real_batch(model.config)
    zoo.save_checkpoint(model, tmp_path / "tagger")
    np.save(tmp_path / "sample.npy", inputs[:2].numpy())
    np.save(tmp_path / "other.npy", inputs[2:].numpy())
    arguments = ["script", "tagger", "--sample", "sample.npy", "--calibration", "other.npy"]
    without = call_zoo(*arguments, cwd=tmp_path)
    assert "--calibration and --portable are for a recipe; give --recipe, too" in without.stderr
    done = call_zoo(*arguments, "--recipe", "static_int8", "--allow-error", "-o", "static.pt", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert zoo.load_artifact(tmp_path / "static.pt").manifest["quantization"]["calibrated"] is True
