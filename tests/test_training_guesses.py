"""The simplest answers to a task: each against numbers that are counted by hand."""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.data_sets import need

from zoo.data import etth1
from zoo.models.characters import spell
from zoo.training.batching import Batch, pad_sequences
from zoo.training.guesses import (
    Mean,
    Season,
    Shares,
    choose_period,
    find_best,
    is_ahead,
    learn_guesses,
    learn_mean,
    learn_tags,
    restore_guess,
    score_guess,
)
from zoo.training.learners.classification import score_classes
from zoo.training.learners.tagging import PADDING
from zoo.training.tasks import make_task


def windows(period: int, count: int, noise: float = 0.0) -> list[Batch]:
    time = torch.arange(count + 60).float()
    values = torch.stack([torch.sin(2 * torch.pi * time / period), torch.cos(2 * torch.pi * time / period)], 1)
    values = values + noise * torch.randn(values.shape)
    seen = torch.stack([values[k : k + 40] for k in range(count)])
    ahead = torch.stack([values[k + 40 : k + 50] for k in range(count)])
    return [Batch(seen, None, ahead)]


@pytest.mark.parametrize("period", [7, 12])
def test_the_period_of_a_series_is_found(period: int) -> None:
    batches = windows(period, 200, noise=0.05)
    assert choose_period(batches, [0, 1]) == period
    walk = torch.randn(200, 1).cumsum(0)
    parts = Batch(walk.unfold(0, 40, 1)[:100].mT, None, walk.unfold(0, 5, 1)[40:140].mT)
    assert choose_period([parts], [0]) == 1


def test_the_day_of_hourly_values_is_no_hour_short() -> None:
    """23 hours are nearly as good as 24 where values change slowly, and are no period."""
    need(etth1.SOURCE)
    task: Any = make_task("etth1", {"look_back": 60, "horizon": 24})
    assert choose_period(task.train_batches(64, seed=0), task.target_places) == 24


@pytest.mark.parametrize(("weekly", "period"), [(0.05, 24), (1.0, 168)])
def test_a_week_is_chosen_only_where_days_differ(weekly: float, period: int) -> None:
    generator = torch.Generator().manual_seed(0)
    days = torch.randn(7, generator=generator).repeat_interleave(24).repeat(6)
    daily = torch.sin(2 * torch.pi * torch.arange(len(days)) / 24)
    values = (daily + weekly * days + 0.3 * torch.randn(len(days), generator=generator)).unsqueeze(1)
    seen, ahead = values[:-24].unfold(0, 400, 1), values[400:].unfold(0, 24, 1)
    assert choose_period([Batch(seen.mT, None, ahead.mT)], [0]) == period


def test_a_season_is_repeated_and_the_last_value_too() -> None:
    seen = torch.arange(6.0).reshape(1, 6, 1)
    batch = Batch(torch.cat([torch.zeros_like(seen), seen], 2), None, torch.zeros(1, 7, 1))
    assert Season(3, (1,)).answer(batch).flatten().tolist() == [3, 4, 5, 3, 4, 5, 3]
    assert Season(1, (1,)).answer(batch).flatten().tolist() == [5] * 7
    assert (Season(1, (1,)).name, Season(3, (1,)).name) == ("last value", "seasonal naive, period 3")


def test_missing_values_do_not_choose_the_period() -> None:
    (batch,) = windows(12, 200)
    batch.input[::7, ::5] = torch.nan
    batch.target[::3, ::4] = torch.nan
    assert choose_period([batch], [0, 1]) == 12


def test_shares_of_classes_have_the_accuracy_of_the_largest() -> None:
    guess = Shares("most frequent class", (6, 2, 0))
    batch = Batch(torch.zeros(4, 1, 1), None, torch.tensor([0, 0, 1, 2]))
    scores = score_classes([guess.answer(batch)], [batch])
    shares = torch.tensor([7, 7, 3, 1]) / 11  # each count and one more
    nll = float(-shares.log().mean())
    assert scores == pytest.approx({"accuracy": 0.5, "nll": nll, "calibration_error": 7 / 11 - 0.5})


def test_the_mean_leaves_out_what_is_missing() -> None:
    every_step = Batch(torch.zeros(1, 3, 2), None, torch.tensor([[[1.0, 4.0], [3.0, torch.nan], [torch.nan, 8.0]]]))
    mean = learn_mean([every_step])
    assert mean.mean == (2, 6)
    assert mean.answer(every_step).tolist() == [[[2, 6]] * 3]


def test_words_have_their_most_frequent_tag() -> None:
    words, tags = [["The", "dog", "runs"], ["the", "runs"]], [[0, 1, 2], [0, 1]]
    input, lengths = pad_sequences([spell(row, 8) for row in words])
    batch = Batch(input, lengths, pad_sequences([torch.tensor(row) for row in tags], PADDING)[0])
    shares, of_words = learn_tags([batch], 3)
    assert shares.counts == (2, 2, 1)
    new = Batch(spell(["THE", "cat", "runs"], 8).unsqueeze(0), None, torch.zeros(1, 3, dtype=torch.int64))
    assert of_words.answer(new).argmax(2).tolist() == [[0, 0, 2]]
    assert of_words.to_dict() is None


def test_answers_go_with_a_model_and_come_back(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("abcab abcab abcabc\n" * 40)
    task: Any = make_task("plain_text", {"path": str(text), "steps": 8})
    (guess,) = learn_guesses(task, task.train_batches(4, 0), len(task.text.characters))
    shares = torch.bincount(task.text.test, minlength=5) / len(task.text.test)
    entropy = float(-(shares * shares.log()).sum())
    scores = score_guess(guess, task, task.test_batches())
    assert scores["nats_per_character"] == pytest.approx(entropy, abs=0.02)
    numbers = guess.to_dict()
    assert numbers is not None
    assert score_guess(restore_guess(numbers), task, task.test_batches()) == scores
    for other in (Season(5, (1,)), Mean((2.5,))):
        assert restore_guess(other.to_dict()) == other


def test_the_best_answer_depends_on_the_metric() -> None:
    scores = {"a": {"accuracy": 0.5, "nll": 0.9}, "b": {"accuracy": 0.6, "nll": 1.0}}
    assert (find_best(scores, "accuracy", "max"), find_best(scores, "nll", "min")) == ("b", "a")
    assert find_best({}, "nll", "min") == ""
    assert (is_ahead(2, 1, "max"), is_ahead(2, 1, "min"), is_ahead(1, 1, "max")) == (True, False, False)
