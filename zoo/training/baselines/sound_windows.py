"""Words in streams without a net: logistic regression on the cepstra of the last half second, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.fft import dct
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from zoo.data.fsdd import DIGITS, SAMPLE_RATE
from zoo.models.log_mel import LogMel
from zoo.models.padding import step_mask
from zoo.training.baselines.speech import COEFFICIENTS, MELS, WINDOW
from zoo.training.batching import Batch
from zoo.training.learners.detection import HERE
from zoo.training.tasks.fsdd import HOP

# A window is so many parts of so many steps; each part counts by its mean cepstra.
PARTS, PART_STEPS = 8, 8
SEED = 0
STREAMS, BATCH = 600, 24  # to train on
# Of the steps without a word, one in so many: they are most of all.
KEPT = 6
# Steps about the one that a label of CTC has, which stand for the label too.
NEAR = 6
# What is added to the log-odds of silence; validation chooses one.
OFFSETS = (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)
NO_WORD = len(DIGITS)
LEAST = -30.0  # the log-probability of a word that training lacks


def score_keyword_windows(task: Any) -> dict[str, float]:
    """The log-odds of each keyword, given the window that ends at a step."""
    classifier = _fit(task, lambda batch: _keyword_of_steps(batch.target))

    def answer(batch: Batch) -> Tensor:
        log_probs = _classify(classifier, batch)[..., :NO_WORD].double()  # (B, T, keywords)
        return log_probs - torch.log1p(-log_probs.exp().clamp(max=1 - 1e-12))

    batches = task.test_batches()
    scores: dict[str, float] = task.score([answer(batch) for batch in batches], batches)
    return scores


def score_label_windows(task: Any) -> dict[str, float]:
    """The most probable label at each step; repetitions and silence are left out, as CTC decodes."""
    classifier = _fit(task, lambda batch: _label_of_steps(batch.target))

    def answers(batches: Sequence[Batch]) -> list[Tensor]:
        found = [_classify(classifier, batch) for batch in batches]
        return [torch.cat([part[..., NO_WORD:], part[..., :NO_WORD]], dim=2) for part in found]  # the blank is label 0

    def move(outputs: Sequence[Tensor], offset: float) -> list[Tensor]:
        return [output + offset * torch.eye(output.size(2))[0] for output in outputs]

    validation = task.validation_batches()
    seen = answers(validation)
    best = min(OFFSETS, key=lambda offset: task.score(move(seen, offset), validation)[task.metric])
    test = task.test_batches()
    scores: dict[str, float] = task.score(move(answers(test), best), test)
    return scores


def _keyword_of_steps(target: Tensor) -> Tensor:
    """Return the keyword that has just ended (B, T), or `NO_WORD`; -1 where the step does not count."""
    here, unsaid = (target == HERE), (target < 0).any(2)
    keyword = torch.where(here.any(2), here.int().argmax(2), NO_WORD)
    return keyword.masked_fill(unsaid & ~here.any(2), -1)


def _label_of_steps(target: Tensor) -> Tensor:
    """Return the label that is near each step (B, T), or `NO_WORD`."""
    labels = torch.full_like(target, NO_WORD)
    for row, step in (target >= 0).nonzero().tolist():
        labels[row, max(0, step - NEAR) : step + NEAR + 1] = target[row, step]
    return labels


def _fit(task: Any, classes_of: Any) -> Any:
    """Return a classifier of windows, learnt from training streams with all their variations."""
    torch.manual_seed(SEED)  # the variations are drawn from torch's own generator
    features, classes, rows = [], [], 0
    while rows < STREAMS:
        for batch in task.train_batches(BATCH, SEED):
            kept = classes_of(batch)
            valid = step_mask(batch.lengths, kept.size(1)) & (kept >= 0)
            valid &= (kept != NO_WORD) | (torch.rand(kept.shape) < 1 / KEPT)
            features.append(_describe(batch)[valid.numpy()])
            classes.append(kept[valid].numpy())
            rows += len(batch.input)
            if rows >= STREAMS:
                break
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    return classifier.fit(np.concatenate(features), np.concatenate(classes))


def _classify(classifier: Any, batch: Batch) -> Tensor:
    """Return log-probabilities (B, T, words and none)."""
    features = _describe(batch)
    scores = np.full((*features.shape[:2], NO_WORD + 1), LEAST, dtype=np.float32)
    found = classifier.predict_log_proba(features.reshape(-1, features.shape[2]))
    scores[..., classifier.classes_] = found.reshape(*features.shape[:2], -1)
    return torch.from_numpy(scores)


def _describe(batch: Batch) -> np.ndarray[Any, Any]:
    """Return the features of the window that ends at each step (B, T, PARTS * COEFFICIENTS)."""
    log_mel = LogMel(HOP, WINDOW, MELS, SAMPLE_RATE)
    frames, _ = log_mel(batch.input, batch.lengths, log_mel.zero_state(len(batch.input), batch.input)[0])
    cepstra = dct(frames.numpy(), norm="ortho")[..., :COEFFICIENTS]  # (B, T, COEFFICIENTS)
    past = PARTS * PART_STEPS
    padded = np.pad(cepstra, ((0, 0), (past, 0), (0, 0)), mode="edge")
    sums = np.pad(padded.cumsum(1, dtype=np.float64), ((0, 0), (1, 0), (0, 0)))  # (B, T + past + 1, COEFFICIENTS)
    steps = cepstra.shape[1]
    borders = [sums[:, k * PART_STEPS + 1 :][:, :steps] for k in range(PARTS + 1)]
    parts = [(b - a) / PART_STEPS for a, b in pairwise(borders)]
    return np.concatenate(parts, axis=2).astype(np.float32)
