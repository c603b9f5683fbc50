"""Samples, metrics and records that a caller gives: what does not fit is refused in one line by an error of the zoo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.small_models import build_small
from torch import nn

import zoo
from zoo.artifact.given_samples import check_samples
from zoo.artifact.golden import SampleError
from zoo.artifact.signature import infer_signature

INPUT = torch.randn(2, 6, 12, generator=torch.Generator().manual_seed(0))
WRONG: list[tuple[Any, str]] = [
    (torch.randn(2, 6, 12), r"\[0\] is a Tensor, expected zoo.Sample\(name, tensor\)"),
    (zoo.Sample("z", INPUT.numpy()), r"\[0\] is a ndarray, expected zoo.Sample"),
    (zoo.Sample("z", INPUT[:, :, :7]), r"\[0\], 'z': the input has the shape \(2, 6, 7\), expected float32"),
    (zoo.Sample("z", INPUT[0]), r"the input has the shape \(6, 12\), expected float32 \(batch, seq_len, 12\)"),
    (zoo.Sample("z", INPUT[:, :0]), r"the input has the shape \(2, 0, 12\)"),
    (zoo.Sample("z", INPUT.double()), "the input is float64, expected float32"),
    (zoo.Sample("z", INPUT / 0), "the input holds NaN or Inf"),
    (zoo.Sample("z", INPUT.to("meta")), "the input lies on meta, expected the CPU"),
    (zoo.Sample("z", INPUT, torch.tensor([7, 3])), r"the lengths are \[7, 3\], expected 0 to the 6 steps"),
    (zoo.Sample("z", INPUT, torch.tensor([-1, 3])), r"the lengths are \[-1, 3\], expected 0 to the 6 steps"),
    (zoo.Sample("z", INPUT, torch.tensor([3])), r"the lengths are int64 of shape \(1\), expected int64 of shape \(2\)"),
    (zoo.Sample("z", INPUT, torch.tensor([3.0, 1.0])), r"the lengths are float32 of shape \(2\), expected int64"),
    (zoo.Sample("z", INPUT, [3, 1]), r"the lengths are list, expected int64"),
    (zoo.Sample("z", INPUT, torch.tensor([0, 0])), "must have at least one row with a step"),
]


@pytest.mark.parametrize(("sample", "message"), WRONG)
def test_samples_that_do_not_fit_are_refused(sample: Any, message: str) -> None:
    with pytest.raises(SampleError, match=message):
        check_samples("samples", [sample], infer_signature(build_small("gru_tagger")))


def test_every_function_that_takes_samples_refuses_them(artifact: Path, tmp_path: Path) -> None:
    model, wrong = build_small("gru_tagger"), [zoo.Sample("z", INPUT[:, :, :7])]
    for samples, message in (
        (wrong, r"samples\[0\], 'z': the input has the shape"),
        ([], "samples is empty; give at least one"),
    ):
        with pytest.raises(SampleError, match=message):
            zoo.save_artifact(model, artifact, samples=samples)
        with pytest.raises(SampleError, match=message):
            zoo.export_onnx(model, tmp_path / "model.onnx", samples=samples)
        with pytest.raises(SampleError, match=message):
            zoo.quantize(model, "int8", samples=samples)
        with pytest.raises(SampleError, match=message):
            zoo.compare_recipes(model, ["int8"], samples=samples)
    for calibration, message in ((wrong, r"calibration\[0\], 'z': the input has"), ([], "calibration is empty")):
        with pytest.raises(SampleError, match=message):
            zoo.quantize(model, "int8", calibration=calibration)
        with pytest.raises(SampleError, match=message):
            zoo.compare_recipes(model, ["int8"], calibration=calibration)
    assert not list(tmp_path.iterdir())


def test_tokens_and_models_without_lengths() -> None:
    model = build_small("gru_language_model")
    with pytest.raises(SampleError, match="the input has tokens 3 to 128, expected 0 to 127"):
        check_samples("samples", [zoo.Sample("z", torch.tensor([[3, 128]]))], infer_signature(model))
    model.takes_lengths = False
    sample = zoo.Sample("z", torch.tensor([[3, 127]]), torch.tensor([1]))
    with pytest.raises(SampleError, match="the model takes no lengths"):
        check_samples("samples", [sample], infer_signature(model))


def test_weights_that_give_nan_are_refused(artifact: Path) -> None:
    model = build_small("gru_tagger")
    nn.init.constant_(model.get_parameter("head.bias"), float("nan"))
    with pytest.raises(SampleError, match="the model gives NaN or Inf for sample 'one_step'"):
        zoo.save_artifact(model, artifact)
    with pytest.raises(SampleError, match="the model gives NaN or Inf for sample 'one_step'"):
        zoo.quantize(model, "int8")
    with pytest.raises(zoo.RecipeError, match="steps must be a whole number >= 0, got -5"):
        zoo.quantize(model, "int8", steps=-5)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({"a": float("nan")}, r"metrics\['a'\] is nan, and JSON has finite numbers only"),
        ({"a": [1.0, float("inf")]}, r"metrics\['a'\]\[1\] is inf"),
        ({"a": {"b": torch.tensor(1.0)}}, r"metrics\['a'\]\['b'\] is a Tensor, expected numbers"),
        ({(1, 2): 3}, r"metrics has the key \(1, 2\), expected strings"),
    ],
)
def test_metrics_that_json_lacks_are_refused(metrics: dict[Any, Any], message: str, artifact: Path) -> None:
    model = build_small("gru_tagger")
    with pytest.raises(zoo.ArtifactError, match=message):
        zoo.save_artifact(model, artifact, metrics=metrics)
    model.training_record = {"metrics": metrics}
    with pytest.raises(zoo.CheckpointError, match="training_record"):
        zoo.save_checkpoint(model, artifact.parent / "checkpoint")
    assert not list(artifact.parent.iterdir())


def test_metrics_of_numpy_are_numbers(artifact: Path) -> None:
    model = build_small("gru_tagger")
    metrics = {"accuracy": np.float32(0.5), "rows": np.int64(3), "of_class": (np.float64(1.0), None)}
    plain = {"accuracy": 0.5, "rows": 3, "of_class": [1.0, None]}
    zoo.save_artifact(model, artifact, metrics=metrics)
    assert zoo.load_artifact(artifact).manifest["metrics"] == plain
    model.training_record = metrics
    folder = zoo.save_checkpoint(model, artifact.parent / "checkpoint")
    assert json.loads((folder / "training.json").read_text()) == plain
