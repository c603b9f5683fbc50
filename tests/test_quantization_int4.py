"""Recipe `int4`: 5 bits a weight in the file, the same numbers in C++, and the limit kept by a trained model."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from support.data_sets import need
from support.program import Program
from support.small_models import PRESET_NAMES, build_small

import zoo
from zoo.quantization.groups import GROUP, round_groups
from zoo.quantization.stored_numbers import KeptTensors


def test_a_group_takes_the_range_with_the_smallest_squared_error() -> None:
    values = torch.randn(7, 2 * GROUP + 6)
    values[0, 5] = 30.0  # an outlier coarsens its own group only
    rounded = KeptTensors([values], round_groups)()[0]
    error = (rounded - values).abs()
    assert error[0, GROUP:].max() < 0.5
    plain = (values[1:, :GROUP].amax(1) - values[1:, :GROUP].amin(1)) / 15  # the step of the whole range
    rms = (rounded - values)[1:, :GROUP].square().mean(1).sqrt()
    assert (rms < 1.05 * plain / 12**0.5).all()


def test_numbers_lie_two_in_a_byte_and_steps_in_half_precision() -> None:
    numbers, step, lowest = round_groups(torch.full((3, 40), 0.25))
    assert (numbers.shape, step.shape, lowest.shape) == ((3, 2, 16), (3, 2, 1), (3, 2, 1))
    constant = KeptTensors([torch.full((3, 40), 0.3)], round_groups)
    torch.testing.assert_close(constant()[0], torch.full((3, 40), 0.3), rtol=1e-3, atol=0)
    ramp = torch.arange(16.0).repeat(2)[None]
    torch.testing.assert_close(KeptTensors([ramp], round_groups)()[0], ramp, rtol=1e-3, atol=1e-3)
    assert torch.equal(
        round_groups(ramp)[0][0, 0, :8], torch.tensor([16 * (k + 1) + k for k in range(0, 16, 2)]).byte()
    )


def test_a_copy_keeps_what_was_rounded() -> None:
    tensor = KeptTensors([torch.randn(4, 3, 5), torch.randn(4)], round_groups).eval()
    twin = copy.deepcopy(tensor)
    assert all(torch.equal(a, b) for a, b in zip(twin(), tensor(), strict=True))
    assert twin()[0].shape == (4, 3, 5)
    assert twin.training is False


@pytest.mark.parametrize("name", ["lstm_tagger", "gru_classifier", "rnn_language_model"])
def test_the_file_has_a_sixth_of_the_size_and_its_twins_numbers(name: str, artifact: Path, program: Program) -> None:
    model = build_small(name, hidden_size=128)
    zoo.save_artifact(model, artifact)
    whole = zoo.load_artifact(artifact).manifest["weights"]["bytes"]
    quantized = zoo.quantize(model, "int4", allow_error=True)
    assert zoo.save_artifact(quantized, artifact).worst_difference == 0.0
    assert zoo.load_artifact(artifact).manifest["weights"]["bytes"] < 0.19 * whole
    report = program.succeed("verify", artifact, "--json").json
    assert report["engine"]["acceleration"]["fused_layers"] == 2


def test_every_family_is_within_the_limit_or_refused_with_a_better_recipe() -> None:
    limit = zoo.find_recipe("int4").limit
    for name in (name for name in PRESET_NAMES if name.endswith("_tagger")):
        try:
            record = zoo.quantize(build_small(name), "int4").quantization
        except zoo.RecipeError as refusal:
            reason = str(refusal)
        else:
            assert record is not None
            reason = "within" if record.error["rms_of_std"] <= limit.rms_of_std else "beyond"
        assert reason == "within" or "use recipe 'int8'" in reason or "found nothing to convert" in reason, name


def test_a_trained_forecaster_is_within_the_limit() -> None:
    tasks = pytest.importorskip("zoo.training.tasks", reason="needs the extra `train`")
    shipping = pytest.importorskip("_shipping", reason="needs the extra `train`")
    task_class = tasks.find_task("etth1")
    need(task_class.about)
    samples = shipping.real_samples(task_class({"look_back": 336, "horizon": 192}))
    model = zoo.build("segrnn_forecaster_etth1_192", pretrained=True)
    error = zoo.quantize(model, "int4", samples=samples).quantization.error
    assert error["rms_of_std"] < 0.02
