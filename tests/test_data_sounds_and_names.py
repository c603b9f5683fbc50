"""Loaders of sounds and names: counts, splits, values, and files that are refused."""

import itertools

import pytest
import torch
from support.data_sets import need

from zoo.data import fsdd, names
from zoo.data.sounds import to_steps
from zoo.training.tasks.byte_texts import draw_case


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
    assert len(surnames.languages) == 18
    assert names.load_names() == surnames
    splits = [surnames.train, surnames.validation, surnames.test]
    every = surnames.train + surnames.validation + surnames.test
    assert len(every) == len(set(every)) == 18_012
    folded = [{name.casefold() for name, _ in split} for split in splits]
    assert not any(a & b for a, b in itertools.combinations(folded, 2))
    for label, language in enumerate(surnames.languages):
        share = sum(k == label for _, k in surnames.test) / sum(k == label for _, k in every)
        # Names that another language has too follow it: a quarter of the 94 Korean ones is in the test split.
        assert share == pytest.approx(0.2, abs=0.06), language


def test_a_name_of_two_languages_is_in_one_split() -> None:
    many = [f"name{k}" for k in range(40)]
    surnames = names.split_names({"a": [*many, "Same", "name0", ""], "b": ["SAME", *many]})
    for split in (surnames.train, surnames.validation, surnames.test):
        assert {name.casefold() for name, label in split if label == 0} == {n.casefold() for n, k in split if k == 1}
    assert sum(map(len, (surnames.train, surnames.validation, surnames.test))) == 82


def test_letters_change_in_their_share() -> None:
    torch.manual_seed(0)
    changed = [draw_case(0.25)("Straße") for _ in range(400)]
    assert changed.count("STRASSE") == pytest.approx(100, abs=30)
    assert changed.count("straße") == pytest.approx(100, abs=30)
    assert {draw_case(0.0)("Straße") for _ in range(20)} == {"Straße"}
