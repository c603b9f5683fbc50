"""Classifiers of scikit-learn for whole sequences, each a fixed number of features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zoo.training.batching import Batch

# Metrics of what was learned, on the test part of a task; what is still to be chosen is chosen on its validation part.
Scorer = Callable[[Any], dict[str, float]]


def learn_classes(
    make: Callable[[float], Any],
    strengths: Iterable[float],
    describe: Callable[[Sequence[Batch]], Any],
    train: Sequence[Batch],
) -> Scorer:
    """Fit a classifier with each strength; return what scores the best one on a task.

    The best one has the largest accuracy on the validation part of that task. A classifier without probabilities, such
    as a support vector machine, has no other metric than its accuracy.

    Args:
        make: makes a classifier of scikit-learn.
        strengths: what `make` takes.
        describe: makes the features (examples, features) of batches.
        train: the training part; its targets are classes.
    """
    labels, features = torch.cat([batch.target for batch in train]).numpy(), describe(train)
    classifiers = [make(strength).fit(features, labels) for strength in strengths]

    def score(task: Any) -> dict[str, float]:
        validation, test = task.validation_batches(), task.test_batches()
        seen = describe(validation)

        def judge(classifier: Any) -> float:
            scores: dict[str, float] = task.score([_score_classes(classifier, seen, task)], _joined(validation))
            return scores["accuracy"]

        best = max(classifiers, key=judge)
        scores: dict[str, float] = task.score([_score_classes(best, describe(test), task)], _joined(test))
        return scores if hasattr(best, "predict_proba") else {"accuracy": scores["accuracy"]}

    return score


def _joined(batches: Sequence[Batch]) -> list[Batch]:
    """Return one batch with all targets, which is what a score of classes reads."""
    return [Batch(torch.empty(0), None, torch.cat([batch.target for batch in batches]))]


def _score_classes(classifier: Any, features: Any, task: Any) -> Tensor:
    """Return log-probabilities (examples, classes), or 1 for the predicted class where there are none."""
    width: int = task.model_overrides()["num_classes"]
    if not hasattr(classifier, "predict_proba"):
        return torch.from_numpy(np.eye(width)[classifier.predict(features)])
    smallest = np.finfo(np.float64).tiny
    found = classifier.predict_proba(features)
    scores = np.full((len(found), width), smallest)  # of a class that training lacks
    scores[:, classifier.classes_] = np.maximum(found, smallest)
    return torch.from_numpy(np.log(scores))
