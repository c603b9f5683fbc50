"""Spoken words by the statistics of their mel-frequency cepstra (Davis and Mermelstein 1980)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.fft import dct
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from zoo.data.fsdd import SAMPLE_RATE
from zoo.models.log_mel import LogMel
from zoo.training.baselines.classes import Scorer, learn_classes
from zoo.training.batching import Batch
from zoo.training.tasks.fsdd import HOP, collate_digits

COEFFICIENTS = 13
WINDOW, MELS = 256, 32  # as the zoo's speech models have them
STRENGTHS = (1.0, 10.0, 100.0)


def learn_cepstra(task: Any) -> Scorer:
    """A support vector machine on mean and deviation of 13 coefficients and of their differences, in four quarters."""
    train = [collate_digits([recording]) for recording in task.train]
    return learn_classes(
        lambda strength: make_pipeline(StandardScaler(), SVC(C=strength)),
        STRENGTHS,
        describe_sounds,
        train,
    )


def describe_sounds(batches: Sequence[Batch]) -> np.ndarray[Any, Any]:
    """Return the features of whole sounds (sounds, features)."""
    log_mel = LogMel(HOP, WINDOW, MELS, SAMPLE_RATE)
    features = []
    for batch in batches:
        assert batch.lengths is not None  # `collate_digits` gives them
        for row, length in zip(batch.input, batch.lengths.tolist(), strict=True):
            samples = row[:length].unsqueeze(0)  # (1, T, HOP)
            frames, _ = log_mel(samples, None, log_mel.zero_state(1, samples)[0])
            features.append(_statistics(frames[0].numpy()))
    return np.stack(features)


def _statistics(frames: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the statistics of frames (T, MELS): of the whole, and the means of each quarter."""
    cepstra = dct(frames, norm="ortho")[:, :COEFFICIENTS]  # (T, COEFFICIENTS)
    moves = np.diff(cepstra, axis=0, prepend=cepstra[:1])
    quarters = [part.mean(0) for part in np.array_split(cepstra, 4) if len(part)]
    quarters += [quarters[-1]] * (4 - len(quarters))
    return np.concatenate([cepstra.mean(0), cepstra.std(0), moves.std(0), *quarters])
