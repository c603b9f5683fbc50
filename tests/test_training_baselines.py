"""The simple methods find what they should in data of which the answer is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from zoo.data.conllu import TaggedCorpus, TaggedSentence
from zoo.data.windows import cut_windows
from zoo.training.baselines import BASELINES
from zoo.training.baselines.characters import score_n_grams
from zoo.training.baselines.classes import score_best
from zoo.training.baselines.forecasting import score_last_value, score_ridge, score_same_hour
from zoo.training.baselines.names import score_character_n_grams
from zoo.training.baselines.sequences import score_nearest_neighbour, score_statistics
from zoo.training.baselines.tagging import score_frequent_tags, score_perceptron
from zoo.training.batching import Batch, split_batches
from zoo.training.learners.classification import score_classes
from zoo.training.learners.tagging import score_words
from zoo.training.tasks import TASKS
from zoo.training.tasks.forecasting import SeriesForecasting
from zoo.training.tasks.names import collate as collate_names
from zoo.training.tasks.tagging import WordTagging


class Series(SeriesForecasting):
    """A series that the test gives."""

    def __init__(self, values: Tensor, look_back: int) -> None:
        self.options = {"look_back": look_back, "horizon": 24, "loss": "mse"}
        rows = len(values)
        self.set_series(values, (rows // 2, rows * 3 // 4, rows), fast=False)


def classes_task(train: list[Any], test: list[Any], collate: Any, num_classes: int = 2) -> Any:
    return SimpleNamespace(
        train=train,
        std=torch.ones(1),
        validation_batches=lambda: split_batches(train, collate, 2),
        test_batches=lambda: split_batches(test, collate, len(test)),
        model_overrides=lambda: {"num_classes": num_classes},
        score=score_classes,
    )


def collate_series(examples: Sequence[tuple[Tensor, int]]) -> Batch:
    lengths = torch.tensor([len(series) for series, _ in examples])
    padded = torch.nn.utils.rnn.pad_sequence([series for series, _ in examples], batch_first=True, padding_value=99.0)
    return Batch(padded, lengths, torch.tensor([label for _, label in examples]))


def test_every_row_names_a_task() -> None:
    assert set(BASELINES) <= set(TASKS)


def test_a_series_that_repeats_itself_each_day() -> None:
    task = Series(torch.randn(24, 2).repeat(40, 1), 72)
    assert score_same_hour(task)["mse"] < 1e-10
    assert score_last_value(task)["mse"] > 0.5


def test_the_last_value_of_a_random_walk_is_off_by_its_steps() -> None:
    # After k steps of variance 1 the expected square is k: (1 + ... + 24) / 24 = 12.5, in units of the deviation.
    torch.manual_seed(0)
    values = torch.randn(20_000, 1).cumsum(0)
    task = Series(values, 24)
    task.std = torch.ones(1)
    assert score_last_value(task)["mse"] == pytest.approx(12.5, rel=0.1)


def test_ridge_finds_a_linear_recurrence() -> None:
    steps = torch.arange(800, dtype=torch.float64)
    values = torch.stack([torch.sin(0.3 * steps) + torch.cos(0.11 * steps), torch.sin(0.3 * steps)], 1).float()
    task = Series(values, 48)
    assert score_ridge(task)["mse"] < 0.02 < score_last_value(task)["mse"]
    assert len(task.test) == len(cut_windows(values, 600, 800, 48, 24))


def test_time_warping_sees_a_stretched_series_as_the_same() -> None:
    rise, fall = torch.linspace(0, 1, 9).unsqueeze(1), torch.linspace(1, 0, 9).unsqueeze(1)
    stretched = [(series.repeat_interleave(3, 0), k) for k, series in enumerate((rise, fall))]
    task = classes_task([(rise, 0), (fall, 1)], stretched, collate_series)
    assert score_nearest_neighbour(task)["accuracy"] == 1.0


def test_statistics_tell_means_apart_and_see_no_padding() -> None:
    torch.manual_seed(0)

    def draw(label: int, length: int) -> tuple[Tensor, int]:
        return torch.randn(length, 1) + 3 * label, label

    train, test = ([draw(k % 2, length + k) for k in range(40)] for length in (10, 25))
    assert score_statistics(classes_task(train, test, collate_series))["accuracy"] == 1.0


def test_names_by_their_characters() -> None:
    train = [("Kowalski", 0), ("Nowakowski", 0), ("Wisniewski", 0), ("Rossini", 1), ("Bellini", 1), ("Puccini", 1)]
    task = classes_task(train, [("Lewandowski", 0), ("Müllerini", 1)], collate_names)
    assert score_character_n_grams(task)["accuracy"] == 1.0


def test_validation_chooses_the_strength() -> None:
    class Fixed:
        classes_ = (0, 1)

        def __init__(self, strength: float) -> None:
            self.strength = strength

        def fit(self, features: Any, labels: Any) -> Fixed:
            return self

        def predict_proba(self, features: Any) -> Any:
            right = 0.9 if self.strength == 2 else 0.1
            return torch.tensor([[1 - right, right]]).repeat(len(features), 1).double().numpy()

    examples = [(torch.zeros(3, 1), 1)] * 4
    task = classes_task(examples, examples, collate_series)
    train = [Batch(torch.zeros(1, 3, 1), None, torch.tensor([1]))]
    scores = score_best(task, Fixed, (1, 2, 3), lambda batches: [0] * sum(len(b.target) for b in batches), train)
    assert scores == pytest.approx({"accuracy": 1.0, "nll": -math.log(0.9), "calibration_error": 0.1})


class Sentences(WordTagging):
    """A corpus that the test gives."""

    metric = "accuracy"

    def __init__(self, train: list[TaggedSentence], test: list[TaggedSentence]) -> None:
        self.options = {"min_count": 1, "word_bytes": 8, "label_smoothing": 0.0}
        self.set_corpus(TaggedCorpus(train, test, test), fast=False)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_words(outputs, batches)


def test_tags_by_word_and_by_context() -> None:
    train = [
        TaggedSentence(["the", "duck", "swims"], ["DET", "NOUN", "VERB"]),
        TaggedSentence(["they", "duck"], ["PRON", "VERB"]),
        TaggedSentence(["the", "duck"], ["DET", "NOUN"]),
        TaggedSentence(["ducks"], ["NOUN"]),
    ] * 20
    # Of another order than that of length, and "unknown" has the most frequent tag, NOUN.
    test = [TaggedSentence(["the", "unknown", "swims"], ["DET", "NOUN", "VERB"]), *train[1:2]]
    task = Sentences(train, test)
    assert score_frequent_tags(task)["accuracy"] == pytest.approx(4 / 5)  # "duck" is a NOUN more often
    assert score_perceptron(task)["accuracy"] == 1.0


def test_n_grams_of_a_text_without_surprises() -> None:
    tokens = torch.tensor([0, 1, 2] * 100)
    text = SimpleNamespace(characters="abc", test=tokens[:60])
    figure = score_n_grams(SimpleNamespace(train=tokens, text=text))["nats_per_character"]
    assert 0 < figure < 0.05
    flat = torch.randint(3, (3000,), generator=torch.Generator().manual_seed(0))
    text = SimpleNamespace(characters="abc", test=flat[2000:])
    assert score_n_grams(SimpleNamespace(train=flat[:2000], text=text))["nats_per_character"] >= math.log(3)
