"""The simplest answers to every kind of task: a model that is not ahead of them has learnt nothing of use.

An answer is learnt from the training batches. Its few numbers go with the model, so that another file can be judged
beside it too.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from zoo.training.batching import Batch
from zoo.training.learners.classification import ClassificationLearner
from zoo.training.learners.forecasting import ForecastingLearner
from zoo.training.learners.language_modelling import LanguageModellingLearner
from zoo.training.learners.regression import RegressionLearner
from zoo.training.learners.tagging import PADDING, TaggingLearner
from zoo.training.tasks.base import Task

MOST_WINDOWS = 1000  # of the training part, by which the period of a series is chosen
# Noise makes twice or three times the period better by little: a factor, and a share of the variance.
NEARLY, LITTLE = 1.25, 0.01
NEIGHBOURS = 0.25  # of a period: one so near to another that is better is the other one, missed


@dataclass(frozen=True)
class Shares:
    """Every example, step or character has the scores of the classes' shares in training.

    Args:
        name: what a table calls it.
        counts: of the classes in training.
    """

    name: str
    counts: tuple[int, ...]

    def answer(self, batch: Batch) -> Tensor:
        """Return scores, (..., classes) for targets (...)."""
        counts = torch.tensor(self.counts).double() + 1  # Laplace's rule: what training lacks is not impossible
        return (counts / counts.sum()).log().expand(*batch.target.shape, -1)

    def to_dict(self) -> dict[str, Any]:
        """Return what `restore_guess` takes."""
        return {"name": self.name, "counts": list(self.counts)}


@dataclass(frozen=True)
class Season:
    """A future step is the last seen one at the same place of its period; period 1 repeats the last value.

    Args:
        period: in steps.
        places: of the variables to forecast, among those that are seen.
    """

    period: int
    places: tuple[int, ...]

    @property
    def name(self) -> str:
        return "last value" if self.period == 1 else f"seasonal naive, period {self.period}"

    def answer(self, batch: Batch) -> Tensor:
        """Return forecasts (B, horizon, C)."""
        horizon = batch.target.size(1)
        last = batch.input[:, -self.period :, list(self.places)]  # (B, period, C)
        return last.repeat(1, -(-horizon // self.period), 1)[:, :horizon]

    def to_dict(self) -> dict[str, Any]:
        return {"period": self.period, "places": list(self.places)}


@dataclass(frozen=True)
class WordTags:
    """A word's tag is its most frequent one in training; a word that training lacks has the most frequent of all.

    Args:
        tag_of: the tag of a word's bytes in lower case.
        rest: the tag of the others.
        classes: number of tags.
    """

    tag_of: Mapping[bytes, int]
    rest: int
    classes: int
    name: str = "most frequent tag of each word"

    def answer(self, batch: Batch) -> Tensor:
        """Return log-probabilities (B, T, tags): 0 for the tag of the word, -inf for the others."""
        found = [[self.tag_of.get(_to_word(word), self.rest) for word in row] for row in batch.input.tolist()]
        return torch.nn.functional.one_hot(torch.tensor(found), self.classes).double().log()

    def to_dict(self) -> None:
        """Return nothing: the words are too many to go with a model."""


@dataclass(frozen=True)
class Mean:
    """Every number is its mean in training, (K,)."""

    mean: tuple[float, ...]
    name: str = "mean"

    def answer(self, batch: Batch) -> Tensor:
        """Return numbers of the shape of the targets (..., K)."""
        return torch.tensor(self.mean).expand_as(batch.target)

    def to_dict(self) -> dict[str, Any]:
        return {"mean": list(self.mean)}


Guess = Shares | Season | WordTags | Mean


def learn_guesses(task: Task, batches: Iterable[Batch], classes: int) -> list[Guess]:
    """Return the simple answers to a task; none where no answer is simple.

    Args:
        task: whose learner says of what kind it is.
        batches: of its training part, an epoch of them.
        classes: the model's number of scores, where it has them.
    """
    if issubclass(task.learner, ForecastingLearner):
        places: tuple[int, ...] = tuple(task.target_places)  # type: ignore[attr-defined]
        period = choose_period(batches, places)
        return [Season(k, places) for k in dict.fromkeys((1, period))]
    if issubclass(task.learner, RegressionLearner):
        return [learn_mean(batches)]
    if issubclass(task.learner, ClassificationLearner):
        return [Shares("most frequent class", _count(batches, classes))]
    if issubclass(task.learner, LanguageModellingLearner):
        return [Shares("frequency of each character", _count(batches, classes))]
    if issubclass(task.learner, TaggingLearner):
        return [*learn_tags(batches, classes)]
    return []


def restore_guess(numbers: Mapping[str, Any]) -> Guess:
    """Return an answer from what its `to_dict` gave."""
    if "period" in numbers:
        return Season(numbers["period"], tuple(numbers["places"]))
    if "mean" in numbers:
        return Mean(tuple(numbers["mean"]))
    return Shares(numbers["name"], tuple(numbers["counts"]))


def score_guess(guess: Guess, task: Task, batches: Sequence[Batch]) -> dict[str, float]:
    """Return the metrics of an answer."""
    return task.score([guess.answer(batch) for batch in batches], batches)


def find_best(scores: Mapping[str, Mapping[str, float]], metric: str, mode: str) -> str:
    """Return the name of the best answer; empty where there is none.

    Args:
        scores: metrics of each, by its name.
        metric: that decides.
        mode: "max" where more of it is better, otherwise "min".
    """
    sign = -1 if mode == "max" else 1
    return min(scores, key=lambda name: sign * scores[name][metric], default="")


def is_ahead(value: float, other: float, mode: str) -> bool:
    """Return whether a value of a metric is better than another one."""
    return value > other if mode == "max" else value < other


def choose_period(batches: Iterable[Batch], places: Sequence[int]) -> int:
    """Return the shortest period at which `Season` has nearly the least squared error that the look-back allows.

    A period beside a better one is no answer: by an hour less than a day the error is nearly the least too.

    Args:
        batches: of the training part; the first of them decide.
        places: as `Season` has them.
    """
    some: list[Batch] = []
    for batch in batches:
        some.append(batch)
        if sum(len(part.input) for part in some) >= MOST_WINDOWS:
            break
    seen, ahead = torch.cat([batch.input for batch in some]), torch.cat([batch.target for batch in some])
    joined = Batch(seen, None, ahead)  # (N, T, C), (N, horizon, C)
    unit = (ahead - ahead.nanmean((0, 1))).square().nanmean((0, 1)).sqrt().clamp(min=torch.finfo(ahead.dtype).tiny)

    def error(period: int) -> float:
        each = ((Season(period, tuple(places)).answer(joined) - ahead) / unit).square().nanmean((0, 1))  # (C,)
        return float((each + LITTLE).log().mean())  # as a product: a variable without a season has no say

    errors = [error(period) for period in range(1, seen.size(1) + 1)]
    nearly = (period for period, value in enumerate(errors, 1) if value <= min(errors) + math.log(NEARLY))
    return next(period for period in nearly if errors[period - 1] <= min(_beside(errors, period)))


def _beside(errors: Sequence[float], period: int) -> Sequence[float]:
    """Return the errors of a period and of those that a quarter of it is between, at least its two neighbours.

    Period 1 stands alone: that the last value is nearly the best answer says that there is no season.
    """
    reach = max(1, round(NEIGHBOURS * period)) if period > 1 else 0
    return errors[max(0, period - 1 - reach) : period + reach]


def learn_mean(batches: Iterable[Batch]) -> Mean:
    """Return the mean of each number, (K,), where there is one."""
    rows = torch.cat([batch.target.reshape(-1, batch.target.size(-1)).double() for batch in batches])
    return Mean(tuple(rows.nanmean(0).tolist()))


def learn_tags(batches: Iterable[Batch], classes: int) -> tuple[Shares, WordTags]:
    """Return the shares of the tags, and the most frequent tag of each word."""
    counts: dict[bytes, Counter[int]] = defaultdict(Counter)
    overall: Counter[int] = Counter()
    for word, tag in _tagged_words(batches):
        counts[word][tag] += 1
        overall[tag] += 1
    tag_of = {word: found.most_common(1)[0][0] for word, found in counts.items()}
    shares = Shares("most frequent tag", tuple(overall[tag] for tag in range(classes)))
    return shares, WordTags(tag_of, overall.most_common(1)[0][0], classes)


def _tagged_words(batches: Iterable[Batch]) -> Iterator[tuple[bytes, int]]:
    for batch in batches:
        for words, tags in zip(batch.input.tolist(), batch.target.tolist(), strict=True):
            yield from ((_to_word(word), tag) for word, tag in zip(words, tags, strict=True) if tag != PADDING)


def _to_word(word: list[int]) -> bytes:
    return bytes(word).rstrip(b"\0").decode(errors="replace").lower().encode()


def _count(batches: Iterable[Batch], classes: int) -> tuple[int, ...]:
    counts = torch.zeros(classes, dtype=torch.int64)
    for batch in batches:
        counts += torch.bincount(batch.target.flatten(), minlength=classes)
    return tuple(counts.tolist())
