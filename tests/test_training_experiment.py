"""Experiments: what is read, what may differ, and what is refused in words."""

import argparse
import math
import re
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from zoo.cli.train import read_override
from zoo.errors import ArgumentError
from zoo.training.experiment import (
    RANGES,
    Experiment,
    ExperimentError,
    ModelPart,
    TaskPart,
    list_experiments,
    list_keys,
    make_experiment,
    read_experiment,
)
from zoo.training.tasks import TASKS, make_task

SMALL = """
name = "small"
[model]
name = "gru_classifier"
[task]
name = "japanese_vowels"
[fast]
"training.max_epochs" = 2
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.mark.parametrize("name", list_experiments())
def test_every_experiment_reads_and_names_what_exists(name: str) -> None:
    import zoo

    for fast in (False, True):
        experiment = read_experiment(name, fast=fast)
        assert experiment.name == name
        assert experiment.task.name in TASKS
        assert experiment.model.name in zoo.list_models()


def test_overrides_come_after_what_is_fast(small: Path) -> None:
    assert read_experiment(small).training.max_epochs == 20
    assert read_experiment(small, fast=True).training.max_epochs == 2
    assert read_experiment(small, {"training.max_epochs": 3}, fast=True).training.max_epochs == 3


def test_options_of_another_task_do_not_count(small: Path) -> None:
    small.write_text(small.read_text() + '"task.options.warp" = 0.1\n')
    assert read_experiment(small, fast=True).task.options == {"warp": 0.1}
    shipped = "gru_classifier_japanese_vowels"
    assert read_experiment(shipped, {"task.name": "japanese_vowels"}).task.options["warp"] == 0.2
    overrides = {"task.options.train": "a.ts", "task.name": "ts"}
    for name in (shipped, small):
        assert read_experiment(name, overrides, fast=True).task.options == {"train": "a.ts"}


def test_override_values_are_toml_or_strings(small: Path) -> None:
    overrides = [
        "seed=7",
        "model.init=orthogonal",
        "model.overrides.hidden_size=8",
        "task.options.warp=0.5",
        "optimizer.learning_rate=1",
        "optimizer.betas=[0.5, 0.6]",
        "training.gradient_checkpointing=true",
    ]
    experiment = read_experiment(small, dict(map(read_override, overrides)))
    assert (experiment.seed, experiment.model.init, experiment.model.overrides) == (7, "orthogonal", {"hidden_size": 8})
    assert experiment.task.options == {"warp": 0.5}
    assert (experiment.optimizer.learning_rate, experiment.optimizer.betas) == (1.0, [0.5, 0.6])
    assert experiment.training.gradient_checkpointing is True


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("training.max_epoch=3", "no key training.max_epoch; did you mean training.max_epochs"),
        ("optimiser.learning_rate=3", "no key optimiser; did you mean optimizer"),
        ("training.max_epochs=many", "training.max_epochs must be int, got 'many'"),
        ("training.gradient_checkpointing=1", "training.gradient_checkpointing must be bool, got 1"),
        ("training.precision=int8", "training.precision must be one of fp32, bf16, fp16, got 'int8'"),
        ("schedule=3", "schedule must be a table, got 3"),
        ("seed.low=3", "no key seed.low|seed must be int|seed is a value"),
        ("name.first=x", "name is a value, so 'name.first' cannot be set inside it"),
    ],
)
def test_what_is_wrong_is_said(small: Path, override: str, words: str) -> None:
    with pytest.raises(ExperimentError, match=words):
        read_experiment(small, dict([read_override(override)]))


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("training.accumulate=0", "training.accumulate must be at least 1, got 0"),
        ("training.validate_every=0", "training.validate_every must be at least 1, got 0"),
        ("training.max_epochs=0", "training.max_epochs must be at least 1, got 0"),
        ("training.batch_size=0", "training.batch_size must be at least 1, got 0"),
        ("training.patience=-1", "training.patience must be at least 0, got -1"),
        ("training.average=1", "training.average must be a share, from 0 to less than 1, got 1.0"),
        ("training.devices=0", "training.devices must be at least 1, got 0"),
        ("optimizer.betas=[1.0, 2.0]", "optimizer.betas must be two numbers from 0 to less than 1, got [1.0, 2.0]"),
        ("optimizer.betas=[0.9]", "optimizer.betas must be two numbers from 0 to less than 1, got [0.9]"),
        ('optimizer.betas=["a", 0.9]', "optimizer.betas must be two numbers from 0 to less than 1, got ['a', 0.9]"),
        ("optimizer.learning_rate=-1e-3", "optimizer.learning_rate must be more than 0, got -0.001"),
        ("optimizer.learning_rate=nan", "optimizer.learning_rate must be a finite number, got nan"),
        ("optimizer.weight_decay=-1", "optimizer.weight_decay must be at least 0, got -1.0"),
        ("schedule.warmup_steps=-1", "schedule.warmup_steps must be at least 0, got -1"),
        ("schedule.final=1.5", "schedule.final must be from 0 to 1, got 1.5"),
        ("schedule.factor=1.0", "schedule.factor must be more than 0 and less than 1, got 1.0"),
        ("seed=-1", "seed must be from 0 to 4294967295, got -1"),
    ],
)
def test_numbers_have_ranges(small: Path, override: str, words: str) -> None:
    with pytest.raises(ExperimentError, match=f"^{re.escape(words)}$"):
        read_experiment(small, dict([read_override(override)]))
    key, _, value = override.partition("=")
    part, _, name = key.rpartition(".")
    text = small.read_text()
    small.write_text(f"{text}[{part}]\n{name} = {value}\n" if part else f"{name} = {value}\n{text}")
    with pytest.raises(ExperimentError, match=f"^{re.escape(words)}$"):
        read_experiment(small)


def test_every_number_of_an_experiment_has_a_range() -> None:
    experiment = Experiment(name="a", model=ModelPart(name="a"), task=TaskPart(name="a"))
    numbers = {key for key in list_keys() if type(reduce(getattr, key.split("."), experiment)) in (int, float)}
    assert numbers == set(RANGES)


@pytest.mark.parametrize(
    ("task", "options", "words"),
    [
        (
            "csv",
            {"test_share": 0},
            "option test_share must be more than 0 where the test part has no data of its own, got 0",
        ),
        (
            "plain_text",
            {"validation_share": 0},
            "option validation_share must be more than 0 where the validation part",
        ),
        ("npz", {"test_share": -0.1}, "option test_share must be a share, from 0 to less than 1, got -0.1"),
        (
            "csv",
            {"test_share": 0.5, "validation_share": 0.5},
            "must leave something to train on, less than 1 in all, got 1",
        ),
        ("csv", {"test_share": math.nan}, "option test_share must be a finite number, got nan"),
        ("ts", {"label_smoothing": 1.5}, "option label_smoothing must be a share, from 0 to less than 1, got 1.5"),
        ("conllu", {"case": 0.7}, "option case must be from 0 to 0.5, got 0.7"),
        ("plain_text", {"block": -1}, "option block must be at least 0, got -1"),
        ("japanese_vowels", {"fold": -1}, "option fold must be at least 0, got -1"),
        ("speech_activity", {"ratio": [1]}, "option ratio must be 2 finite numbers in a list, got [1]"),
        ("csv", {"columns": [True]}, "option columns must be a list of texts, got [True]"),
    ],
)
def test_numbers_of_tasks_have_ranges(tmp_path: Path, task: str, options: dict[str, Any], words: str) -> None:
    (tmp_path / "data").write_text("")
    own = {"csv": "path", "plain_text": "path", "npz": "train", "ts": "train", "conllu": "train"}
    place = {own[task]: str(tmp_path / "data")} if task in own else {}
    with pytest.raises(ArgumentError, match=re.escape(words)):
        make_task(task, {**place, **options})


@pytest.mark.parametrize("text", ["model", "=3", "model..init=x"])
def test_an_override_has_a_key_and_a_value(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"expected key.sub=value, got "):
        read_override(text)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    table = {"name": "a", "model": {"name": "m"}, "task": {"name": "t"}}
    for given, overrides, words in (
        ([1], {}, "the experiment must be a table whose keys are texts, got [1]"),
        (table, {5: 1}, "the overrides must be a table whose keys are texts, got {5: 1}"),
        ({**table, "fast": [1]}, {}, "fast must be a table whose keys are texts, got [1]"),
    ):
        with pytest.raises(ExperimentError, match=f"^{re.escape(words)}$"):
            make_experiment(given, overrides)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"options of task csv must be a table with texts as keys, got \[1\]"):
        make_task("csv", [1])  # type: ignore[arg-type]
    path = tmp_path / "a.toml"
    path.write_bytes('name = "gr\u00fcn"'.encode("latin-1"))
    with pytest.raises(ExperimentError, match=r"^a.toml is not TOML: 'utf-8' codec can't decode byte 0xfc"):
        read_experiment(path)


def test_an_experiment_that_lacks_something_or_is_none(tmp_path: Path) -> None:
    path = tmp_path / "half.toml"
    path.write_text('name = "half"\n[model]\ninit = "orthogonal"\n[task]\nname = "names"\n')
    with pytest.raises(ExperimentError, match=r"the experiment lacks model.name"):
        read_experiment(path)
    path.write_text("name = ")
    with pytest.raises(ExperimentError, match=r"half.toml is not TOML"):
        read_experiment(path)
    with pytest.raises(ExperimentError, match=r"no experiment 'gru_classifier_cats'; there are .*gru_classifier_fsdd"):
        read_experiment("gru_classifier_cats")
