"""Classifiers of scikit-learn for whole sequences, each a fixed number of features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zoo.training.batching import Batch


def score_best(
    task: Any,
    make: Callable[[float], Any],
    strengths: Iterable[float],
    describe: Callable[[Sequence[Batch]], Any],
    train: Sequence[Batch],
) -> dict[str, float]:
    """Fit a classifier with each strength, choose by the accuracy on validation, return the metrics on test.

    A classifier without probabilities, such as a support vector machine, has no other metric than its accuracy.

    Args:
        task: one whose targets are classes and whose scores are (B, classes).
        make: makes a classifier of scikit-learn.
        strengths: what `make` takes.
        describe: makes the features (examples, features) of batches.
        train: the training part.
    """
    labels = torch.cat([batch.target for batch in train]).numpy()
    features, validation = describe(train), task.validation_batches()
    seen = describe(validation)
    best, best_accuracy = None, -1.0
    for strength in strengths:
        classifier = make(strength).fit(features, labels)
        accuracy = task.score([_score_classes(classifier, seen, task)], _joined(validation))["accuracy"]
        if accuracy > best_accuracy:
            best, best_accuracy = classifier, accuracy
    test = task.test_batches()
    scores: dict[str, float] = task.score([_score_classes(best, describe(test), task)], _joined(test))
    return scores if hasattr(best, "predict_proba") else {"accuracy": scores["accuracy"]}


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
