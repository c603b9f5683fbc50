"""Metrics against values worked out by hand."""

import pytest
import torch

from zoo.training.batching import Batch
from zoo.training.learners.classification import score_classes_alike
from zoo.training.metrics import (
    accuracy,
    area_under_roc,
    calibration_error,
    confusion_matrix,
    edit_distance,
    equal_error_rate,
    error_rate,
    roc_curve,
)


def test_accuracy_and_confusions_count() -> None:
    predicted, target = torch.tensor([0, 2, 1, 1]), torch.tensor([0, 2, 2, 1])
    assert accuracy(predicted, target) == 0.75
    assert confusion_matrix(predicted, target, 3).tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


def test_a_class_that_a_split_lacks_has_no_recall() -> None:
    outputs = torch.eye(4)[[0, 0, 1, 3]]  # class 2 is in no example, and class 3 is called for one of class 1
    batch = Batch(torch.zeros(4, 1), None, torch.tensor([0, 0, 1, 1]))
    assert score_classes_alike([outputs], [batch])["mean_recall"] == pytest.approx((1 + 0.5) / 2)


def test_calibration_error_by_hand() -> None:
    # In tenths, three calls at 0.85, of which one is right, and one right call at 0.65.
    scores = torch.tensor([[0.85, 0.15], [0.15, 0.85], [0.85, 0.15], [0.35, 0.65]]).log()
    target = torch.tensor([0, 0, 1, 1])
    assert calibration_error(scores, target, bins=10) == pytest.approx((3 * (0.85 - 1 / 3) + (1 - 0.65)) / 4)
    # In one bin, what the calls of 0.65 claim too little makes up for what the others claim too much.
    assert calibration_error(scores, target, bins=1) == pytest.approx((3 * 0.85 + 0.65) / 4 - 1 / 2)


def test_calibration_error_at_the_borders_of_bins() -> None:
    certain = torch.tensor([[0.0, -torch.inf], [0.0, -torch.inf]])
    assert calibration_error(certain, torch.tensor([0, 1])) == 0.5
    assert calibration_error(certain, torch.tensor([0, 2])) == 0.5  # no score stands for class 2
    even = torch.tensor([[0.5, 0.5], [0.75, 0.25]]).log()  # with two bins, 0.5 is in the lower one
    assert calibration_error(even, torch.tensor([1, 0]), bins=2) == pytest.approx((0.5 + 0.25) / 2)


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ([], [], 0),
        ([], [1, 2], 2),
        ([1, 2, 3], [1, 2, 3], 0),
        ([1, 2, 3], [1, 3], 1),
        ([1, 1], [1], 1),
        (list(b"kitten"), list(b"sitting"), 3),
        (list(b"intention"), list(b"execution"), 5),
    ],
)
def test_edit_distance(a: list[int], b: list[int], distance: int) -> None:
    assert edit_distance(a, b) == distance
    assert edit_distance(b, a) == distance


def test_error_rate_is_over_the_true_labels() -> None:
    assert error_rate([[1, 2], [3]], [[1, 2, 4], [5]]) == 0.5
    with pytest.raises(ValueError, match="no labels"):
        error_rate([[1]], [[]])


def test_roc_by_hand() -> None:
    scores = torch.tensor([0.9, 0.8, 0.7, 0.6, 0.4, 0.2])
    positive = torch.tensor([True, True, False, True, False, False])
    false_alarm, miss = roc_curve(scores, positive)
    assert (false_alarm[0], miss[0], false_alarm[-1], miss[-1]) == (1, 0, 0, 1)
    assert area_under_roc(scores, positive) == pytest.approx(8 / 9)  # of nine pairs one is the wrong way round
    assert equal_error_rate(scores, positive) == pytest.approx(1 / 3)


def test_equal_error_rate_of_the_perfect_the_wrong_and_the_blind() -> None:
    positive = torch.tensor([True, True, False, False])
    assert equal_error_rate(torch.tensor([2.0, 3.0, 0.0, 1.0]), positive) == 0
    assert equal_error_rate(torch.tensor([0.0, 1.0, 2.0, 3.0]), positive) == 1
    assert equal_error_rate(torch.tensor([1.0, 1.0, 1.0, 1.0]), positive) == 0.5
    with pytest.raises(ValueError, match="positive and negative"):
        equal_error_rate(torch.tensor([1.0]), torch.tensor([True]))
