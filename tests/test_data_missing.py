"""What stands for missing values: lines, repetitions, marks, and nothing from outside of the given steps."""

import pytest
import torch

from zoo.data.missing import check_choice, count_inputs, drop_missing, fill_missing

NAN = torch.nan
MEAN = torch.tensor([10.0, 20.0])


def test_lines_and_repetitions() -> None:
    values = torch.tensor([[NAN, NAN], [1.0, NAN], [NAN, NAN], [NAN, NAN], [4.0, NAN], [NAN, NAN]])
    assert fill_missing(values, "interpolate", MEAN).T.tolist() == [[1, 1, 2, 3, 4, 4], [20] * 6]
    assert fill_missing(values, "forward", MEAN).T.tolist() == [[1, 1, 1, 1, 4, 4], [20] * 6]
    for how in ("refuse", "drop"):
        assert torch.equal(fill_missing(values, how, MEAN).isnan(), values.isnan())


def test_marks_are_further_features() -> None:
    values = torch.tensor([[1.0, NAN], [NAN, 2.0]])
    assert fill_missing(values, "mask", MEAN).tolist() == [[1, 20, 0, 1], [10, 2, 1, 0]]
    assert (count_inputs(2, "mask"), count_inputs(2, "forward")) == (4, 2)


@pytest.mark.parametrize("how", ["interpolate", "forward", "mask"])
def test_rows_of_a_batch_do_not_see_each_other(how: str) -> None:
    batch = torch.randn(3, 7, 2)
    batch[torch.rand(3, 7, 2) < 0.4] = NAN
    filled = fill_missing(batch, how, MEAN)
    assert not filled.isnan().any()
    for row, whole in zip(batch, filled, strict=True):
        assert torch.equal(fill_missing(row, how, MEAN), whole)
        assert torch.equal(whole[:, :2][~row.isnan()], row[~row.isnan()])


def test_steps_are_dropped() -> None:
    assert drop_missing(torch.tensor([[1.0, 2.0], [NAN, 3.0], [4.0, 5.0]])).tolist() == [[1, 2], [4, 5]]


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="missing must be one of refuse, drop, interpolate, forward, mask, got 'zero'"):
        check_choice("zero")
