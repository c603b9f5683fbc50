"""Sequences in numpy arrays: every form that people keep them in, and what is refused with its place."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from zoo.data.arrays import label_arrays, load_arrays
from zoo.data.source import DataError

X = np.arange(24, dtype=np.float64).reshape(4, 3, 2)
FLOATS = np.array([0.5, 1.5, 2.5, 3.25])


@pytest.mark.parametrize("x", [X, X.astype(np.int16), list(X), torch.from_numpy(X), X.tolist()])
def test_features_of_every_kind(x: Any) -> None:
    found = label_arrays(x, FLOATS)
    assert [sequence.tolist() for sequence in found.sequences] == X.tolist()
    assert found.sequences[0].dtype == torch.float32
    assert [number.tolist() for number in found.numbers] == [[0.5], [1.5], [2.5], [3.25]]


def test_one_feature_and_padded_rows() -> None:
    found = label_arrays(X[..., 0], FLOATS, [1, 3, 2, 3])
    assert [sequence.flatten().tolist() for sequence in found.sequences] == [[0], [6, 8, 10], [12, 14], [18, 20, 22]]
    ragged = label_arrays([X[0, :1], X[1], X[2, :2]], FLOATS[:3])
    assert [len(sequence) for sequence in ragged.sequences] == [1, 3, 2]
    padded = X.copy()
    padded[0, 1:] = np.nan
    assert label_arrays(padded, FLOATS, [1, 3, 3, 3]).sequences[0].tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("y", "classes", "names"),
    [
        ([2, 10, 2, 3], ["2", "10", "2", "3"], ["2", "3", "10"]),
        (["b", "a", "b", "b"], ["b", "a", "b", "b"], ["a", "b"]),
        ([True, False, True, True], ["True", "False", "True", "True"], ["False", "True"]),
        (np.array(["x", "y", "x", "x"], dtype=object), ["x", "y", "x", "x"], ["x", "y"]),
    ],
)
def test_classes(y: Any, classes: list[str], names: list[str]) -> None:
    found = label_arrays(X, y)
    assert (found.classes, found.class_names, found.numbers) == (classes, names, [])


def test_numbers_of_a_sequence_and_of_every_step() -> None:
    pair = np.stack([FLOATS, 2 * FLOATS], 1)
    assert [part.tolist() for part in label_arrays(X, pair).numbers] == pair.tolist()
    steps = X[..., 0] / 4
    for y in (steps, steps[..., None], list(steps)):
        found = label_arrays(X, y, [1, 3, 2, 3])
        assert [part.flatten().tolist() for part in found.numbers] == [
            steps[k, :n].tolist() for k, n in enumerate([1, 3, 2, 3])
        ]
        assert {part.dim() for part in found.numbers} == {2}
    assert label_arrays(X, [1, 2, 3, 2], goal="numbers").numbers[1].tolist() == [2]
    assert label_arrays(X, [1.0, 2.0, 1.0, 2.0], goal="classes").classes == ["1.0", "2.0", "1.0", "2.0"]


def test_tensors_are_arrays() -> None:
    found = label_arrays(torch.tensor(X, requires_grad=True, dtype=torch.float32), torch.tensor([3, 5, 3, 5]))
    assert (found.classes, found.sequences[0].tolist()) == (["3", "5", "3", "5"], X[0].tolist())


def test_a_column_is_one_value_for_each_sequence() -> None:
    assert label_arrays(X, [["a"], ["b"], ["a"], ["b"]]).classes == ["a", "b", "a", "b"]
    assert label_arrays(X, np.array([b"no", b"yes", b"no", b"yes"])).class_names == ["no", "yes"]
    assert label_arrays(X, np.array([[0.5], [1.5], [2.5], [3]])).numbers[1].tolist() == [1.5]
    assert label_arrays(X, np.eye(4), goal="numbers").numbers[1].tolist() == [0, 1, 0, 0]


def test_files_and_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, X=X, y=[0, 1, 0, 1], lengths=[3, 2, 1, 3], groups=["p", "q", "p", "q"], names=["one", "two"])
    found = load_arrays(path)
    assert (found.classes, found.groups, found.left_out) == (["0", "1", "0", "1"], ["p", "q", "p", "q"], ["names"])
    assert [len(sequence) for sequence in found.sequences] == [3, 2, 1, 3]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"X": X[:3]}, "y has 4 rows, X has 3"),
        ({"X": X[:0]}, "X has no rows"),
        ({"X": np.zeros((4, 3, 2, 2))}, r"X\[0\] has shape \(3, 2, 2\); X must be \(N, T, F\)"),
        ({"X": X.astype(str)}, "X holds <U32, expected numbers"),
        ({"X": [X[0], X[1][:, :1], X[2], X[3]]}, r"X\[1\] has 1 features, X\[0\] has 2"),
        ({"X": np.where(X == 9, np.nan, X)}, r"X\[1, 1, 1\] is missing or infinite; .* rows are padded, give lengths"),
        ({"X": np.where(X == 9, np.inf, X)}, r"X\[1, 1, 1\] is missing or infinite"),
        ({"X": X + np.where(X == 9, 1e39, 0)}, r"feature 1 of X goes from 1 to 1e\+39, and float32"),
        ({"X": X + 1e10}, "feature 0 of X goes from 1e"),
        ({"lengths": [1, 2, 3, 4]}, r"lengths\[3\] is 4, expected 1 to the 3 steps of X"),
        ({"lengths": [1.0, 2, 3, 3]}, r"lengths is float64 \(4,\), expected whole numbers \(4,\)"),
        ({"groups": ["a"]}, "groups has 1 rows, X has 4"),
        ({"y": [0.5, np.nan, 1, 2]}, r"y\[1\] is missing; leave such sequences out"),
        ({"y": [0.5, np.inf, 1, 2]}, r"y\[1, 0\] is missing or infinite; leave such sequences out"),
        ({"y": [1.0, 2.0, 1.0, 2.0]}, "y is float64 with 2 whole numbers, which may be classes or numbers; say goal="),
        ({"y": 2 * np.eye(4, dtype=int)}, r"y is int64 \(4, 4\); expected one class for each sequence \(N,\)"),
        (
            {"y": np.eye(4)},
            r"y is float64 \(4, 4\) with one 1 in each row; give the classes, y.argmax\(1\); say goal=num",
        ),
        ({"y": [[1.0], [2.0], [1.0], [2.0]]}, "y is float64 with 2 whole numbers, which may be classes or numbers"),
        ({"y": ["a", None, "b", "a"]}, r"y\[1\] is missing; leave such sequences out"),
        ({"X": {"a": X}}, "X is a dict, expected a row for each sequence"),
        ({"y": 3}, "y is one value, 3, expected a row for each sequence"),
        ({"X": np.array(2.5)}, "X is one value, 2.5, expected a row for each sequence"),
        ({"y": np.array([b"\xff", b"a", b"b", b"c"])}, "y holds bytes that are no UTF-8"),
        ({"y": np.zeros((4, 5, 1))}, r"y\[0\] has 5 steps, X\[0\] has 3"),
        ({"y": [1j, 2j, 3j, 4j]}, "y holds complex128, expected classes or numbers"),
        ({"y": [[0.5], [1.5, 2.5], [1.0], [2.0]]}, r"y\[1\] has shape \(2,\), y\[0\] has \(1,\)"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        label_arrays(**{"X": X, "y": FLOATS, **changes})


def test_many_whole_numbers_may_be_either() -> None:
    x = np.random.default_rng(0).normal(size=(60, 3, 1))
    with pytest.raises(DataError, match="y is int64 with 30 whole numbers, which may be classes or numbers"):
        label_arrays(x, np.arange(60) // 2)
    assert len(label_arrays(x, np.arange(60) // 2, goal="classes").class_names) == 30
    assert len(label_arrays(x, np.arange(60) // 2, goal="numbers").numbers) == 60
    assert label_arrays(x, np.arange(60) / 2 + 0.25).classes == []
    with pytest.raises(ValueError, match="goal must be classes or numbers"):
        label_arrays(x, np.arange(60), goal="ranks")


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with pytest.raises(DataError, match=r"a.npz cannot be read: No such file"):
        load_arrays(path)
    np.savez(path, X_train=X, y_train=FLOATS)
    with pytest.raises(
        DataError, match=r"no array X; it has X_train, y_train, .* each part as a file .*; say test=FILE"
    ):
        load_arrays(path)
    with path.open("wb") as file:
        np.save(file, X)
    with pytest.raises(DataError, match=r"a.npz holds one array, as of numpy.save; numpy.savez\(FILE, X=X, y=y\)"):
        load_arrays(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"a.npz is not an .npz file; numpy.savez"):
        load_arrays(path)
    np.savez(path, X=X, y=FLOATS)
    whole = path.read_bytes()
    for damaged in (whole[:-50], whole[:200] + b"!!" + whole[202:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"a.npz is damaged: .*; write or copy it again"):
            load_arrays(path)
    np.savez(path, X=np.array([X[0], X[1, :1]], dtype=object), y=[0, 1])
    with pytest.raises(
        DataError, match=r"a.npz is not an .npz of plain arrays: it holds Python objects; save X padded"
    ):
        load_arrays(path)
    np.savez(path, data=X, y=FLOATS)
    with pytest.raises(DataError, match=r"a.npz has no array X; it has data, y, expected X and y"):
        load_arrays(path)
    np.savez(path, X=X, y=FLOATS[:2])
    with pytest.raises(DataError, match=r"a.npz: y has 2 rows, X has 4"):
        load_arrays(path)
