"""What evaluation needs travels with the model: a run, its checkpoint and its file know data and classes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zoo
from zoo.cli import evaluate as evaluate_program
from zoo.cli import script as script_program
from zoo.training.evaluation import restore_task
from zoo.training.experiment import read_experiment
from zoo.training.trainer import train

NAMES = "Ada B-per\nspoke O\n\nBonn S-loc\nis O\nBonn S-loc\n\n" * 10
QUICK = {"training.max_epochs": 8, "training.accelerator": "cpu", "training.batch_size": 4, "training.average": 0.0}
SIZES = {"model.overrides.hidden_size": 8, "optimizer.learning_rate": 0.02, "schedule.warmup_steps": 2}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a tagger on a file and return the folder of its run; the file is gone afterwards."""
    folder = tmp_path_factory.mktemp("own")
    data = folder / "a.bio"
    data.write_text(NAMES)
    task = {"task.name": "conllu", "task.options": {"train": str(data), "label_smoothing": 0.05}}
    done = train(read_experiment("lstm_tagger_wnut17", {**task, **QUICK, **SIZES}), folder / "run", progress=False)
    assert done.metrics["test"]["f1"] == 1
    data.unlink()
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(program: Any, *arguments: object) -> tuple[int, str, str]:
        status = program.main([*map(str, arguments)])
        return status, *capsys.readouterr()

    return call


def test_a_model_file_says_what_it_was_trained_on(folder: Path, tmp_path: Path, run: Run) -> None:
    status, _, error = run(script_program, folder / "run", "-o", tmp_path / "model.pt")
    assert status == 0, error
    manifest = zoo.load_artifact(tmp_path / "model.pt").manifest
    task = manifest["training"]["task"]
    assert (task["name"], task["options"]["label_smoothing"]) == ("conllu", 0.05)
    repeats = {"validation": 2, "test": 2}  # the file has the same two sentences again and again
    tags = {"tags": ["B-per", "O", "S-loc"], "scheme": "BIOES"}
    assert task["record"] == {**tags, "parts": [16, 2, 2], "repeats": repeats}
    assert manifest["metrics"]["test"] == json.loads((folder / "run" / "metrics.json").read_text())["test"]
    assert manifest["dataset"] == "your tagged words"
    quantized = zoo.quantize(zoo.load_checkpoint(folder / "run"), "dynamic_int8")
    assert quantized.training_record == manifest["training"]


@pytest.mark.parametrize("of", ["run", "run/checkpoint", "model.pt"])
def test_another_file_is_tested_without_the_training_file(folder: Path, tmp_path: Path, run: Run, of: str) -> None:
    model = folder / of
    if of.endswith(".pt"):
        model = tmp_path / of
        zoo.save_artifact(zoo.load_checkpoint(folder / "run"), model)
    other = tmp_path / "b.bio"
    other.write_text("Ada B-per\nspoke O\n\nBonn B-per\nis O\nBonn S-loc\n")
    status, out, error = run(evaluate_program, model, other, "--json")
    assert status == 0, error
    report = json.loads(out)
    for language in ("cpp", "python"):
        assert report[language]["accuracy"] == pytest.approx(4 / 5)
        assert report[language]["f1"] == pytest.approx(2 / 3)
    other.write_text("Earth S-star\n")
    assert run(evaluate_program, model, other)[2].startswith("zoo evaluate: error: " + str(other) + ", line 1: the tag")
    status, out, error = run(evaluate_program, model, other, "task.options.unseen_tags=miss", "--json")
    assert (status, json.loads(out)["cpp"]["accuracy"]) == (0, 0), error


def test_what_evaluation_cannot_do_is_one_line(folder: Path, tmp_path: Path, run: Run) -> None:
    own = tmp_path / "own.pt"
    zoo.save_artifact(zoo.build("gru_tagger", input_size=3, hidden_size=4), own)
    for arguments, words in (
        ([folder / "run"], "a.bio cannot be read: No such file"),
        ([folder / "run", "nowhere.bio"], "'nowhere.bio' is neither a file nor a folder nor a data set; those are"),
        ([folder / "run", "a", "b"], "one file, folder or data set at a time; got a, b"),
        ([folder / "run", "task.options.colum=3"], "task conllu has no option colum"),
        ([folder / "run", "training.max_epochs=3"], "evaluation changes options of the task only, NAME=VALUE"),
        ([own], "own.pt does not say what it was trained on; name the data set: one of fsdd,"),
        ([tmp_path], "is not a checkpoint: config.json is missing"),
    ):
        status, out, error = run(evaluate_program, *arguments)
        assert (status, out, error.count("\n")) == (1, "", 1), error
        assert words in error


def test_a_run_has_an_input_for_the_program(folder: Path) -> None:
    words = np.load(folder / "run" / "inputs" / "1.npy")
    assert (words.shape, words.dtype) == ((1, 2, 32), np.int64)
    assert bytes(words[0, 0].tolist()).rstrip(b"\0") == b"Ada"


def test_a_damaged_record_is_told(folder: Path, tmp_path: Path) -> None:
    copy = zoo.save_checkpoint(zoo.load_checkpoint(folder / "run"), tmp_path / "copy")
    (copy / "training.json").write_text("[1,")
    with pytest.raises(zoo.CheckpointError, match=r"training.json must hold one JSON object"):
        zoo.load_checkpoint(copy)


def test_a_model_of_the_package_knows_its_data_set(artifact: Path) -> None:
    zoo.save_artifact(zoo.build("gru_classifier_japanese_vowels", hidden_size=4), artifact)
    task: Any = restore_task(artifact)
    assert (type(task).__name__, task.options["noise"]) == ("JapaneseVowels", 0.2)
    assert restore_task(artifact, "japanese_vowels", {"noise": 0.5}).options["noise"] == 0.5
    with pytest.raises(ValueError, match="JapaneseVowels is tested on its own data set; leave the other data out"):
        restore_task(artifact, str(artifact))
