"""Models of arrays in memory in a few lines, on the code that trains on files."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import torch

import zoo
from zoo.data.arrays import label_arrays, load_arrays, save_arrays
from zoo.data.source import DataError
from zoo.training.experiment import read_experiment

QUICK = {"training.accelerator": "cpu", "training.max_epochs": 12, "model.overrides.hidden_size": 8}


@pytest.mark.autograd
def test_classes_of_padded_arrays(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(90, 9, 2)) + np.where(np.arange(90) % 2, 1, -1)[:, None, None]
    words = np.where(np.arange(90) % 2, "up", "down")
    done = zoo.fit(x, words, lengths=np.arange(90) % 5 + 5, folder=tmp_path / "run", overrides=QUICK, progress=False)
    assert done.metrics["test"]["accuracy"] > 0.9
    assert done.task.record()["classes"] == ["down", "up"]
    saved = zoo.save_artifact(done.model, tmp_path / "model.pt")
    scores, _ = zoo.load_artifact(saved.path)(torch.ones(1, 9, 2))
    assert int(scores.argmax()) == 1
    assert read_experiment(tmp_path / "run" / "experiment.toml").to_dict() == done.metrics["experiment"]
    with pytest.raises(ValueError, match="holds a run already; name another folder"):
        zoo.fit(x, words, folder=tmp_path / "run")


@pytest.mark.autograd
def test_numbers_of_a_list_of_arrays() -> None:
    generator = np.random.default_rng(0)
    rows = [generator.normal(size=(4 + k % 4, 1)) + k % 7 for k in range(90)]
    done = zoo.fit(rows, [500 + 10 * row.mean() for row in rows], family="rnn", overrides=QUICK, progress=False)
    assert done.metrics["test"]["r2"] > 0.8
    assert done.model.model_name == "rnn_regressor"
    assert done.folder.name.startswith("zoo-fit-")


def test_errors_name_the_arrays(tmp_path: Path) -> None:
    x = np.zeros((5, 3, 1))
    with pytest.raises(DataError, match=r"^y has 4 rows, X has 5"):
        zoo.fit(x, [0, 1, 0, 1], folder=tmp_path / "run")
    x[2, 1] = np.nan
    with pytest.raises(DataError, match=r"^X\[2, 1, 0\] is missing or infinite"):
        zoo.fit(x, [0, 1, 0, 1, 0], folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(DataError, match=r"^class '1' has 2 examples, too few for 3 parts"):
        zoo.fit(x[[0, 1, 3, 4, 0]], [0, 1, 0, 1, 0], folder=tmp_path / "run")


def test_arguments_of_another_type_are_refused_by_name() -> None:
    x, y = np.random.default_rng(0).normal(size=(40, 5, 2)), ["a", "b"] * 20
    arguments: list[tuple[dict[str, Any], str]] = [
        ({"groups": 5}, "groups is one value, 5, expected a row for each sequence"),
        ({"groups": ["a"]}, "groups has 1 rows, X has 40"),
        ({"overrides": None}, "overrides must be a dictionary such as .*, got None"),
        ({"overrides": {5: 1}}, "overrides must be a dictionary such as .*, got {5: 1}"),
    ]
    for given, words in arguments:
        with pytest.raises(zoo.ZooError, match=words):
            zoo.fit(x, y, **given)


def test_numbers_out_of_range_leave_no_run(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(40, 5, 2)), ["a", "b"] * 20
    for overrides, words in (
        ({"training.max_epochs": 0}, "training.max_epochs must be at least 1, got 0"),
        ({"task.options.test_share": 0}, "option test_share must be more than 0"),
        ({"model.overrides.dropout": 1.5}, r"dropout must be in \[0, 1\), got 1.5"),
    ):
        with pytest.raises(zoo.ZooError, match=words):
            zoo.fit(x, y, folder=tmp_path / "run", overrides=overrides)
        assert not (tmp_path / "run" / "last.ckpt").exists()
    assert not (tmp_path / "run" / "data.npz").exists()


def test_what_is_written_is_what_was_given(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    ragged = [generator.normal(size=(k, 2)) for k in (3, 1, 4)]
    cases = [
        (ragged, [row[:, 0] for row in ragged], None, None),
        (ragged, [row.cumsum(0) for row in ragged], None, ["a", "b", "a"]),
        (generator.normal(size=(3, 4)), np.array(["x", "y", "x"], dtype=object), [4, 2, 1], None),
        (ragged, [3, 10, 3], None, None),
        (ragged, generator.normal(size=(3, 3)), None, None),
        (ragged, generator.normal(size=(3, 4)), None, None),  # as many numbers as steps of the longest one
        (generator.normal(size=(3, 4, 2)), generator.normal(size=(3, 4)), [4, 2, 1], None),
        (ragged, np.array([2, 10, 1], dtype=object), None, None),
        (ragged, np.array([0.5, 1.5, 0.25], dtype=object), None, None),
        (ragged, torch.tensor([0.5, 1.5, 0.25], requires_grad=True), None, None),
    ]
    for x, y, lengths, groups in cases:
        save_arrays(tmp_path / "a.npz", x, y, lengths, groups)
        given, read = label_arrays(x, y, lengths, groups), load_arrays(tmp_path / "a.npz")
        for one, other in zip(given.sequences + given.numbers, read.sequences + read.numbers, strict=True):
            assert torch.equal(one, other)
        assert (given.classes, given.class_names, given.groups) == (read.classes, read.class_names, read.groups)


def test_classes_and_numbers_of_objects(tmp_path: Path) -> None:
    """Columns of a table that mixes types come as objects."""
    x = np.random.default_rng(0).normal(size=(12, 4, 1))
    save_arrays(tmp_path / "a.npz", x, np.arange(12).astype(object))
    assert load_arrays(tmp_path / "a.npz").class_names == [str(k) for k in range(12)]
    save_arrays(tmp_path / "a.npz", x, np.repeat([0.5, 1.5, 2.5, 3.25], 3).astype(object))
    assert [float(number) for number in load_arrays(tmp_path / "a.npz").numbers[::3]] == [0.5, 1.5, 2.5, 3.25]


def test_what_a_mask_hides_is_missing(tmp_path: Path) -> None:
    x = np.ma.masked_array(np.arange(24.0).reshape(4, 3, 2), mask=np.zeros((4, 3, 2)))
    y = np.ma.masked_array(np.arange(12.0).reshape(4, 3) / 8, mask=np.zeros((4, 3)))
    whole = label_arrays(x, y)
    assert (whole.sequences[3].tolist(), whole.numbers[3].tolist()) == (x.data[3].tolist(), y.data[3, :, None].tolist())
    y[2, 0] = x[1, 2, 0] = np.ma.masked
    for given in (x, list(x), x.astype(int)):
        with pytest.raises(DataError, match=r"X\[1, 2, 0\] is missing or infinite"):
            zoo.fit(given, [0, 1, 0, 1], folder=tmp_path / "run")
    save_arrays(tmp_path / "a.npz", x, y)
    for found in (label_arrays(x, y, missing=True), load_arrays(tmp_path / "a.npz", missing=True)):
        assert found.sequences[1].isnan().tolist() == [[False, False], [False, False], [True, False]]
        assert found.numbers[2].isnan().flatten().tolist() == [True, False, False]


@pytest.mark.parametrize(
    "y",
    [
        np.ma.masked_array([0, 1, 0, 1], mask=[0, 1, 0, 0]),
        np.ma.masked_array(["a", "b", "a", "b"], mask=[0, 1, 0, 0]),
        np.array(["a", np.nan, "a", "b"], dtype=object),
        ["a", np.nan, "a", "b"],
        ["a", None, "a", "b"],
        np.array([0, pandas.NA, 0, 1], dtype=object),
        pandas.array([0, None, 0, 1], dtype="Int64"),
    ],
)
def test_a_class_that_is_missing_is_no_class(y: Any) -> None:
    with pytest.raises(DataError, match=r"^y\[1\] is missing; leave such sequences out"):
        label_arrays(np.zeros((4, 3, 2)), y)
