"""Strings of spoken digits without a net: words are what lies between pauses, and each is recognised alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from torch import Tensor

from zoo.data.fsdd import DIGITS
from zoo.training.baselines.speech import describe_sounds
from zoo.training.batching import Batch
from zoo.training.tasks.fsdd import collate_digits

STRENGTH = 10.0  # of the support vector machine
# Of which validation chooses: how far below its loudest step a string is silent, and how many such steps are a pause.
FALLS, PAUSES = (20.0, 25.0, 30.0, 35.0), (3, 5, 8)  # dB; steps
SHORTEST = 8  # steps of a word

Parts = list[tuple[int, int]]  # of a string: the first step of each word, and the step after its last one


def score_pauses(task: Any) -> dict[str, float]:
    """Energy parts a string into words; a support vector machine on the statistics of cepstra names each."""
    train = [collate_digits([recording]) for recording in task.train]
    labels = torch.cat([batch.target for batch in train]).numpy()
    classifier = make_pipeline(StandardScaler(), SVC(C=STRENGTH)).fit(describe_sounds(train), labels)

    def score(batches: Sequence[Batch], fall: float, pause: int) -> dict[str, float]:
        scores: dict[str, float] = task.score([_read(batch, classifier, fall, pause) for batch in batches], batches)
        return scores

    validation = task.validation_batches()
    best = min(product(FALLS, PAUSES), key=lambda choice: score(validation, *choice)[task.metric])
    return score(task.test_batches(), *best)


def find_words(samples: Tensor, fall: float, pause: int) -> Parts:
    """Return where words are in a string.

    Args:
        samples: (T, samples per step).
        fall: dB below the loudest step at which a step is silent.
        pause: silent steps between two words.
    """
    energy = 10 * samples.square().mean(1).clamp(min=1e-12).log10()  # (T,) in dB
    loud = (energy > energy.max() - fall).nonzero().flatten().tolist()
    parts: Parts = []
    for step in loud:
        if parts and step - parts[-1][1] < pause:
            parts[-1] = parts[-1][0], step + 1
        else:
            parts.append((step, step + 1))
    return [(start, end) for start, end in parts if end - start >= SHORTEST]


def _read(batch: Batch, classifier: Any, fall: float, pause: int) -> Tensor:
    """Return scores (B, T, labels), 1 for the label of a word in its last step, and for the blank elsewhere."""
    assert batch.lengths is not None
    scores = torch.zeros(*batch.input.shape[:2], 1 + len(DIGITS))
    scores[..., 0] = 1
    for row, length, score in zip(batch.input, batch.lengths.tolist(), scores, strict=True):
        parts = find_words(row[:length], fall, pause)
        words = [Batch(row[start:end].unsqueeze(0), torch.tensor([end - start]), batch.target) for start, end in parts]
        for (_, end), digit in zip(parts, classifier.predict(describe_sounds(words)) if words else [], strict=True):
            score[end - 1, 0], score[end - 1, 1 + int(digit)] = 0, 1
    return scores
