"""Loaders of sounds and names: counts, splits, values, and files that are refused."""

import pytest
import torch
from support.data_sets import need

from zoo.data import fsdd, names
from zoo.data.sounds import to_steps


def test_steps_are_filled_up_with_silence() -> None:
    assert to_steps(torch.tensor([1.0, 2.0, 3.0]), 2).tolist() == [[1, 2], [3, 0]]
    assert to_steps(torch.tensor([1.0, 2.0]), 2).tolist() == [[1, 2]]


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
