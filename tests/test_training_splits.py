"""Parts that a seed draws: shares of each class, whole groups, and what cannot be split."""

import pytest

from zoo.training.splits import SplitError, split_by_class, split_by_group


def test_each_class_gives_its_share() -> None:
    classes = ["a"] * 10 + ["b"] * 20
    train, validation, test = split_by_class(classes, [0.1, 0.2])
    assert sorted(train + validation + test) == list(range(30))
    for part, count in ((train, (7, 14)), (validation, (1, 2)), (test, (2, 4))):
        assert (sum(k < 10 for k in part), sum(k >= 10 for k in part)) == count
    assert split_by_class(classes, [0.1, 0.2]) == [train, validation, test]
    assert split_by_class(classes, [0.1, 0.2], seed=1) != [train, validation, test]
    assert split_by_class(classes, []) == [list(range(30))]


def test_no_group_is_in_two_parts() -> None:
    classes, groups = list("abab" * 10), [f"g{k // 4}" for k in range(40)]
    for seed in range(20):
        parts = split_by_group(classes, groups, [0.1, 0.2], seed)
        found = [{groups[k] for k in part} for part in parts]
        assert list(map(len, found)) == [7, 1, 2]
        assert len(set.union(*found)) == 10
    rare = ["c" if group == "g3" else name for name, group in zip(classes, groups, strict=True)]
    for seed in range(20):
        assert {rare[k] for k in split_by_group(rare, groups, [0.1, 0.2], seed)[0]} == {"a", "b", "c"}


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(SplitError, match="class 'b' has 2 examples, too few for 3 parts"):
        split_by_class(list("aaaabb"), [0.1, 0.2])
    with pytest.raises(SplitError, match=r"leave nothing of class 'a' to train on"):
        split_by_class(list("aaaa"), [0.5, 0.5])
    with pytest.raises(SplitError, match="2 groups are too few for 3 parts"):
        split_by_group(list("abab"), list("xxyy"), [0.1, 0.2])
    with pytest.raises(SplitError, match="some class is in too few groups"):
        split_by_group(list("abcd"), list("wxyz"), [0.1, 0.2])
