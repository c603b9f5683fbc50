"""`zoo diagnose`: model files, checkpoints and experiments in; tables, JSON, pictures and TensorBoard's files out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.data_sets import need
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import zoo
from zoo.cli.diagnose import main
from zoo.data.japanese_vowels import SOURCE as JAPANESE_VOWELS

SMALL: dict[str, Any] = {"input_size": 12, "hidden_size": 6, "num_classes": 9, "num_layers": 1, "dropout": 0.0}
pytestmark = pytest.mark.autograd


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    need(JAPANESE_VOWELS)

    def run(*arguments: object) -> tuple[int, str, str]:
        return (main(list(map(str, arguments))), *capsys.readouterr())

    return run


def test_a_file_and_a_checkpoint_are_diagnosed_alike(call: Callable[..., Any], artifact: Path, tmp_path: Path) -> None:
    model = zoo.build("peephole_lstm_classifier", seed=3, **SMALL)
    zoo.save_artifact(model, artifact)
    zoo.save_checkpoint(model, tmp_path / "checkpoint")
    folder, events = tmp_path / "diagnosis", tmp_path / "events"
    status, printed, errors = call(artifact, "japanese_vowels", "--rows", 4, "-o", folder, "--tensorboard", events)
    assert (status, errors) == (0, "")
    assert ["backbone.stack.layers.0.forget", "sigmoid"] in [line.split()[:2] for line in printed.splitlines()]
    written = json.loads((folder / "diagnosis.json").read_text())
    assert max(written["gradient_errors"].values()) < 1e-4
    assert json.loads(call(tmp_path / "checkpoint", "japanese_vowels", "--rows", 4, "--json")[1]) == written
    pictures = {path.stem for path in folder.glob("*.png")}
    assert pictures == {name for name, value in written.items() if isinstance(value, dict)} - {"weight_norms"}
    assert all((folder / f"{name}.png").stat().st_size > 5_000 for name in pictures)
    shown = EventAccumulator(str(events)).Reload()
    curve = written["gradients_through_time"]["backbone.stack.layers.0.c"]
    seen = [point.value for point in shown.Scalars("gradients_through_time/backbone.stack.layers.0.c")]
    assert seen == pytest.approx(curve)
    assert [point.step for point in shown.Scalars("hidden_norms/backbone.stack.layers.0")][-1] == len(curve)


def test_an_experiment_is_diagnosed_with_initial_weights_or_given_ones(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    name = "gru_classifier_japanese_vowels"
    arguments = (name, "--rows", 2, "--no-gradient-check", "--json")
    start = json.loads(call(*arguments)[1])
    assert start["gradient_errors"] == {}
    assert start["spectral_radii"]["backbone.stack.rnn.l0.new"] == pytest.approx(1.0, abs=1e-4)  # init = "orthogonal"
    trained = zoo.build(name, pretrained=True)
    torch.save(trained.state_dict(), tmp_path / "weights.pt")
    then = json.loads(call(*arguments, "--weights", tmp_path / "weights.pt")[1])
    assert then["loss"] < 0.1 < start["loss"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.pt", "japanese_vowels"], "no artifact at nowhere.pt"),
        (["MODEL"], "model.pt does not say what it was trained on; name the data set: one of fsdd, "),
        (["MODEL", "japanese_vowels", "--rows", "0"], "--rows must be at least 1, got 0"),
        (["MODEL", "japanese_vowels", "--weights", "w.pt"], "--weights is for an experiment's model"),
        (["MODEL", "japanese_vowels"], "the model does not fit a batch of shape [16, "),
        (["INT8", "japanese_vowels"], "int8.pt is quantized, and a quantized model has no gradients"),
        (["gru_classifier_names", "names"], "gru_classifier_names is an experiment, which has its own data"),
    ],
)
def test_what_is_wrong_is_one_line(call: Callable[..., Any], tmp_path: Path, arguments: list[str], words: str) -> None:
    model = zoo.build("gru_tagger", **SMALL)
    zoo.save_artifact(model, tmp_path / "model.pt")
    zoo.save_artifact(zoo.quantize(model, "dynamic_int8"), tmp_path / "int8.pt")
    files = {"MODEL": str(tmp_path / "model.pt"), "INT8": str(tmp_path / "int8.pt")}
    status, printed, errors = call(*(files.get(argument, argument) for argument in arguments))
    assert (status, printed, errors.count("\n")) == (1, "", 1), errors
    assert errors.startswith("zoo diagnose: error: ")
    assert words in errors
