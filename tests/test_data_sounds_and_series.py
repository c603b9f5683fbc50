"""Loaders of sounds, names and series: counts, splits, values, and files that are refused."""

from pathlib import Path

import pytest
import torch
from support.data_sets import need

from zoo.data import fsdd, names
from zoo.data.sounds import to_steps
from zoo.data.source import DataError
from zoo.data.time_series_file import load_time_series

SERIES = """# a comment
@problemName toy
@timeStamps false
@univariate false
@classLabel true up down
@data
1,2,3:4,5,6:up
7,8:9,1e1:down
"""


def test_steps_are_filled_up_with_silence() -> None:
    assert to_steps(torch.tensor([1.0, 2.0, 3.0]), 2).tolist() == [[1, 2], [3, 0]]
    assert to_steps(torch.tensor([1.0, 2.0]), 2).tolist() == [[1, 2]]


def test_series_files(tmp_path: Path) -> None:
    path = tmp_path / "toy.ts"
    path.write_text(SERIES)
    loaded = load_time_series(path)
    assert loaded.class_names == ["up", "down"]
    assert loaded.labels.tolist() == [0, 1]
    assert loaded.series[0].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert loaded.series[1].tolist() == [[7, 9], [8, 10]]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("@data", "@nothing", "has no line @data"),
        ("@timeStamps false", "@timeStamps true", "has time stamps"),
        ("7,8", "7,?", "series 2: could not convert string to float: '\\?'; missing values"),
        ("7,8:9,1e1", "7,8:9", r"series 2: channels of \[2, 1\] values"),
        ("7,8:9,1e1", "7,8", r"series of \[1, 2\] channels"),
        (":down", ":left", "classes left are not in its @classLabel line"),
    ],
)
def test_series_files_that_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "toy.ts"
    path.write_text(SERIES.replace(old, new))
    with pytest.raises(DataError, match=words):
        load_time_series(path)


def test_fsdd_has_its_official_split() -> None:
    need(fsdd.SOURCE)
    splits = fsdd.load_fsdd()
    assert [len(split) for split in (splits.train, splits.validation, splits.test)] == [2400, 300, 300]
    for split in (splits.train, splits.validation, splits.test):
        assert len({(recording.digit, recording.speaker) for recording in split}) == 60
        assert all(recording.samples.abs().max() <= 1 for recording in split)
    assert sum(len(recording.samples) for recording in splits.test) == 1_034_030


def test_names_are_split_by_language() -> None:
    need(names.SOURCE)
    surnames = names.load_names()
    assert (len(surnames.train), len(surnames.validation), len(surnames.test)) == (14034, 2004, 4012)
    assert len(surnames.languages) == 18
    assert names.load_names() == surnames
    every = surnames.train + surnames.validation + surnames.test
    for label, language in enumerate(surnames.languages):
        share = sum(k == label for _, k in surnames.test) / sum(k == label for _, k in every)
        assert share == pytest.approx(0.2, abs=0.01), language
