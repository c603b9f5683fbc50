"""The language of a name or of a short text by the characters in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from zoo.training.baselines.classes import Scorer, learn_classes
from zoo.training.batching import Batch

STRENGTHS = (0.3, 1.0, 3.0)
# Of short texts, whose features have length 1: snippets to train on of each language, and strengths.
SNIPPETS, SNIPPET_STRENGTHS, SEED = 4000, (10.0, 30.0, 100.0, 300.0), 0


def learn_character_n_grams(task: Any) -> Scorer:
    """Logistic regression on the counts of one to four characters, with the name's ends marked."""
    counter = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4), lowercase=False)

    def make(strength: float) -> LogisticRegression:
        return LogisticRegression(C=strength, max_iter=500)

    return _learn(task.train, counter, make, STRENGTHS)


def learn_snippet_n_grams(task: Any) -> Scorer:
    """Logistic regression on weighted counts (TF-IDF) of one to four characters, in small letters."""
    counter = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2, sublinear_tf=True)

    def make(strength: float) -> LogisticRegression:
        return LogisticRegression(C=strength, max_iter=500, tol=1e-3)

    return _learn(task.draw_train(SNIPPETS, SEED), counter, make, SNIPPET_STRENGTHS)


def _learn(examples: Sequence[tuple[str, int]], counter: Any, make: Any, strengths: Sequence[float]) -> Scorer:
    """Learn the classes of texts with each strength."""
    counter.fit([text for text, _ in examples])

    def describe(batches: Sequence[Batch]) -> Any:
        return counter.transform([bytes(row[row > 0].tolist()).decode() for batch in batches for row in batch.input])

    train = [Batch(torch.tensor([list(text.encode())]), None, torch.tensor([label])) for text, label in examples]
    return learn_classes(make, strengths, describe, train)
