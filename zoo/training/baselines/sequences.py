"""Classes of multivariate series: by the statistics of each channel, and by the nearest training series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from zoo.training.baselines.classes import Scorer, learn_classes
from zoo.training.batching import Batch

STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)


def learn_statistics(task: Any) -> Scorer:
    """Logistic regression on mean and deviation of each channel."""
    return learn_classes(
        lambda strength: make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000)),
        STRENGTHS,
        lambda batches: np.stack([_statistics(row) for row in _rows(batches)]),
        _train_batches(task),
    )


def score_nearest_neighbour(task: Any) -> dict[str, float]:
    """The class of the training series that is nearest after dynamic time warping (Sakoe and Chiba 1978)."""
    train, test = _train_batches(task), task.test_batches()
    labels = torch.cat([batch.target for batch in train])
    known, new = _rows(train), _rows(test)
    nearest = torch.stack([_warped_distances(row / task.std, known, task.std) for row in new]).argmin(1)
    classes = task.model_overrides()["num_classes"]
    scores: dict[str, float] = task.score([torch.nn.functional.one_hot(labels[nearest], classes).double()], test)
    return {"accuracy": scores["accuracy"]}  # there are no probabilities


def _warped_distances(row: Tensor, known: Sequence[Tensor], std: Tensor) -> Tensor:
    """Return the distances (len(known),) of a series (T, F) from others."""
    lengths = torch.tensor([len(other) for other in known])
    padded = torch.nn.utils.rnn.pad_sequence([other / std for other in known], batch_first=True)  # (N, S, F)
    cost = torch.cdist(padded, row.expand(len(known), -1, -1)).square()  # (N, S, T)
    total = cost.new_full((len(known), cost.size(1) + 1, cost.size(2) + 1), torch.inf)
    total[:, 0, 0] = 0
    for s in range(cost.size(1)):
        for t in range(cost.size(2)):
            before = torch.minimum(torch.minimum(total[:, s, t], total[:, s, t + 1]), total[:, s + 1, t])
            total[:, s + 1, t + 1] = cost[:, s, t] + before
    return total[torch.arange(len(known)), lengths, -1]


def _statistics(row: Tensor) -> np.ndarray[Any, Any]:
    return torch.cat([row.mean(0), row.std(0)]).numpy()


def _train_batches(task: Any) -> list[Batch]:
    return [Batch(series.unsqueeze(0), None, torch.tensor([label])) for series, label in task.train]


def _rows(batches: Sequence[Batch]) -> list[Tensor]:
    """Return each series without its padding."""
    return [
        row if batch.lengths is None else row[: int(batch.lengths[k])]
        for batch in batches
        for k, row in enumerate(batch.input)
    ]
