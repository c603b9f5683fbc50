"""The gate: what a recipe costs is measured before a file is written, and beyond its limit only on request."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.program import Program
from support.real_input import real_batch, speech_batch
from support.small_models import build_small
from test_scripts import call_zoo
from torch import Tensor

import zoo
from zoo.artifact.features import count_scores
from zoo.artifact.signature import infer_signature
from zoo.quantization.long_run import repeat_samples
from zoo.quantization.shift import measure_shift

STEPS = 300


def sensitive(channel: int = 0) -> tuple[zoo.Model, list[zoo.Sample]]:
    """Return a model of whose head int8 makes few numbers, but for one input channel, and samples for it."""
    model = build_small("gru_tagger")
    with torch.no_grad():
        model.head.weight *= 4
        model.head.weight[:, channel] = 80.0  # each row's scale is that of this weight
    inputs, lengths = real_batch(model.config)
    return model, [zoo.Sample("real", inputs, lengths)]


def test_figures_of_scores_are_what_they_are_called() -> None:
    expected = torch.tensor([[4.0, 0.0], [0.0, 3.0]] * 8).double()
    got = expected.clone()
    got[0] = torch.tensor([0.0, 4.0])  # one of sixteen choices is another
    shift = measure_shift(expected.flatten(), got.flatten(), num_scores=2)
    assert shift.agreement == 15 / 16
    p = expected[0].softmax(0)
    assert shift.kl == pytest.approx(float((p[0] - p[1]) * 4) / 16)
    assert shift.max_of_range == 1.0
    rms, deviation = math.sqrt(2 * 16 / 32), float(expected.std())
    assert shift.rms_of_std == pytest.approx(rms / deviation)
    assert shift.snr_db == pytest.approx(20 * math.log10(deviation / rms))
    assert measure_shift(expected.flatten(), expected.flatten(), 2).snr_db is None


def test_what_is_no_score_has_no_agreement() -> None:
    assert count_scores(build_small("lstm_forecaster").config) == 0
    error = zoo.quantize(build_small("lstm_forecaster"), "int8").quantization.error
    assert "agreement" not in error
    assert zoo.quantize(build_small("lstm_ctc"), "int8").quantization.error["agreement"] > 0.5


def test_the_long_sequence_repeats_the_samples_without_their_padding() -> None:
    model = build_small("gru_tagger")
    input = torch.arange(2 * 5 * 12.0).view(2, 5, 12)
    samples = [zoo.Sample("padded", input, torch.tensor([5, 2]))]
    long = repeat_samples(samples, infer_signature(model), 9)
    assert torch.equal(long, torch.cat([input[:1], input[1:, :2], input[:1, :2]], 1))


class Drifting(torch.nn.Module):
    """A sum over all steps, whose error grows with each."""

    def __init__(self) -> None:
        super().__init__()
        self.product = torch.nn.Linear(12, 4, bias=False)

    def forward(self, input: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        start = torch.zeros(1, input.size(0), 4) if state is None else state
        sums = self.product(input.abs()).cumsum(1) + start.transpose(0, 1)
        return torch.sin(sums), sums[:, -1:].transpose(0, 1)


def test_an_error_that_grows_over_many_steps_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    torch.manual_seed(0)
    spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 12))
    model = zoo.build_own_model("test_quantization_gate:Drifting", {}, spec)
    samples = [zoo.Sample("short", torch.rand(1, 5, 12))]
    assert zoo.quantize(model, "int8", samples=samples).quantization.long_error == {}
    with pytest.raises(zoo.RecipeError, match=r"recipe 'int8' moves the outputs over 2,000 steps by "):
        zoo.quantize(model, "int8", samples=samples, steps=2000)


def test_an_error_beyond_the_limit_takes_a_word_and_is_recorded(artifact: Path, program: Program) -> None:
    model, samples = sensitive()
    with pytest.raises(zoo.RecipeError, match=r"rms of the worst layers alone: head .*; use recipe 'mixed'"):
        zoo.quantize(model, "int8", samples=samples)
    quantized = zoo.quantize(model, "int8", samples=samples, allow_error=True)
    zoo.save_artifact(quantized, artifact, samples=samples)
    manifest = zoo.load_artifact(artifact).manifest["quantization"]
    assert manifest["beyond_limit"] is True
    assert manifest["error"]["rms_of_std"] > 0.02
    program.succeed("verify", artifact)  # it gives what its twin gives


def test_mixed_leaves_the_worst_layer_in_float(artifact: Path, program: Program) -> None:
    model, samples = sensitive()
    record = zoo.quantize(model, "mixed", samples=samples).quantization
    assert (list(record.left_float), list(record.layers)) == (["head"], ["backbone.stack.rnn"])
    assert record.error["rms_of_std"] < 0.02
    assert not record.beyond_limit
    zoo.save_artifact(zoo.quantize(model, "mixed", samples=samples), artifact, samples=samples)
    program.succeed("verify", artifact)


def test_mixed_learns_from_calibration_what_int8_does(artifact: Path, program: Program) -> None:
    model, samples = sensitive(channel=3)  # of which the outputs see little, so that each error counts more
    inputs, lengths = real_batch(model.config)
    calibration = [zoo.Sample("other", inputs.flip(0), lengths.flip(0))]
    with pytest.raises(zoo.RecipeError, match="recipe 'mixed' moves the outputs by"):
        zoo.quantize(model, "mixed", samples=samples)
    mixed: Any = zoo.quantize(model, "mixed", samples=samples, calibration=calibration)
    record = mixed.quantization
    assert (list(record.left_float), list(record.layers), record.calibrated) == (["head"], ["backbone.stack.rnn"], True)
    int8: Any = zoo.quantize(model, "int8", samples=samples, calibration=calibration, exclude=["head"])
    assert torch.equal(mixed.backbone.stack.rnn.core.packed, int8.backbone.stack.rnn.core.packed)
    zoo.save_artifact(mixed, artifact, samples=samples)
    program.succeed("verify", artifact)


def test_a_report_has_every_recipe_and_says_what_is_refused() -> None:
    model, samples = sensitive()
    reports = {report.recipe: report for report in zoo.compare_recipes(model, samples=samples, steps=STEPS)}
    assert sorted(reports) == zoo.list_recipes()
    assert "beyond the limit on the samples; beyond the limit over 300 steps" in reports["int8"].refusal
    assert reports["int8"].layers[0][0] == "head"
    assert reports["mixed"].refusal == ""
    assert "needs calibration" in reports["static_int8"].refusal
    assert all((report.share or 1) < 1 for report in reports.values() if report.recipe != "static_int8")
    (refused,) = zoo.compare_recipes(build_small("rnn_tagger"), ["dynamic_int8"], steps=STEPS)
    assert "is nn.RNN, which" in refused.refusal
    assert refused.error is None


def test_the_console_program_prints_a_table_and_json(tmp_path: Path) -> None:
    np.save(tmp_path / "speech.npy", speech_batch()[0].numpy())
    zoo.save_checkpoint(sensitive()[0], tmp_path / "tagger")
    arguments = [
        "tagger",
        "--sample",
        "speech.npy",
        "--steps",
        str(STEPS),
        "--recipe",
        "dynamic_int8",
        "--recipe",
        "float16",
    ]
    table = call_zoo("recipes", *arguments, cwd=tmp_path)
    assert table.returncode == 0, table.stderr
    assert re.search(r"^recipe +MB +of float +worst +rms +SNR dB", table.stdout)
    assert re.search(r"^float16 .* [\w.]+ \d\.\d\d%$", table.stdout, re.MULTILINE)
    assert re.search(r"^dynamic_int8 refused: beyond the limit on the samples", table.stdout, re.MULTILINE)
    drawn = call_zoo("recipes", *arguments, "--json", "--picture", "recipes.png", cwd=tmp_path)
    assert (tmp_path / "recipes.png").read_bytes().startswith(b"\x89PNG")
    reports: list[dict[str, Any]] = json.loads(drawn.stdout)
    assert [report["recipe"] for report in reports] == ["dynamic_int8", "float16"]
    assert reports[0]["error"]["snr_db"] > 0
    refused = call_zoo("script", "tagger", "--recipe", "dynamic_int8", "--sample", "speech.npy", cwd=tmp_path)
    assert refused.returncode == 1
    assert not (tmp_path / "tagger.pt").exists()
    options = ["--recipe", "dynamic_int8", "--sample", "speech.npy", "--allow-error"]
    allowed = call_zoo("script", "tagger", *options, cwd=tmp_path)
    assert "this is beyond the recipe's limit, and the manifest says so" in allowed.stdout


def test_samples_in_which_nothing_happens_are_named_in_a_refusal() -> None:
    model, samples = sensitive()
    still = [zoo.Sample("still", 1e-4 * samples[0].input)]
    with pytest.raises(zoo.RecipeError, match=r"over these samples the outputs vary by .* give samples in which more"):
        zoo.quantize(model, "int8", samples=still)
    with pytest.raises(zoo.RecipeError) as refusal:
        zoo.quantize(model, "int8", samples=samples)
    assert "give samples in which more" not in str(refusal.value)


@pytest.mark.parametrize(("scale", "words"), [(0.0, "same input at all steps"), (1e-4, "the outputs vary by ")])
def test_samples_that_prove_nothing_are_named_where_a_recipe_is_taken(scale: float, words: str, tmp_path: Path) -> None:
    model, samples = sensitive()
    still = [zoo.Sample("still", scale * samples[0].input)]
    record = zoo.quantize(model, "float16", samples=still, allow_error=True).quantization
    assert record is not None
    assert any(words in doubt for doubt in record.doubts)
    assert zoo.quantize(model, "float16", samples=samples).quantization.doubts == []  # type: ignore[union-attr]
    np.save(tmp_path / "still.npy", still[0].input.numpy())
    zoo.save_checkpoint(model, tmp_path / "tagger")
    arguments = ["recipes", "tagger", "--sample", "still.npy", "--recipe", "float16", "--recipe", "bf16"]
    (line,) = re.findall("^doubt: .*$", call_zoo(*arguments, "--steps", "50", cwd=tmp_path).stdout, re.MULTILINE)
    assert words in line
