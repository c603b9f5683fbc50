"""The language of a name by the characters in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from zoo.training.baselines.classes import score_best
from zoo.training.batching import Batch

STRENGTHS = (0.3, 1.0, 3.0)


def score_character_n_grams(task: Any) -> dict[str, float]:
    """Logistic regression on the counts of one to four characters, with the name's ends marked."""
    counter = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4), lowercase=False)
    counter.fit([name for name, _ in task.train])

    def describe(batches: Sequence[Batch]) -> Any:
        return counter.transform([bytes(row[row > 0].tolist()).decode() for batch in batches for row in batch.input])

    train = [Batch(torch.tensor([list(name.encode())]), None, torch.tensor([label])) for name, label in task.train]
    return score_best(task, lambda strength: LogisticRegression(C=strength, max_iter=500), STRENGTHS, describe, train)
