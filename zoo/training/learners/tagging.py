"""Tags: cross-entropy over the valid steps, accuracy of words and F1 of entities."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from zoo.training.batching import Batch
from zoo.training.learners.base import Learner
from zoo.training.metrics import accuracy, calibration_error
from zoo.training.text_metrics import entity_scores, valid_steps

PADDING = -100  # what cross-entropy leaves out


class TaggingLearner(Learner):
    """Targets are tags (B, T), `PADDING` after a sentence's end. The task may have `label_smoothing`.

    Tags beyond those that the model can give count in the score only.
    """

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        smoothing: float = getattr(self.task, "label_smoothing", 0.0) if self.training else 0.0
        scores, target = output.flatten(0, 1), batch.target.flatten()
        target = target.masked_fill(target >= scores.size(1), PADDING)
        return functional.cross_entropy(scores, target, ignore_index=PADDING, label_smoothing=smoothing)


def score_words(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
    """Return the share of words with the right tag, and the calibration error over words."""
    scores = torch.cat([valid_steps(output, batch.lengths) for output, batch in zip(outputs, batches, strict=True)])
    target = torch.cat([valid_steps(batch.target, batch.lengths) for batch in batches])
    return {"accuracy": accuracy(scores.argmax(1), target), "calibration_error": calibration_error(scores, target)}


def score_entities(outputs: Sequence[Tensor], batches: Sequence[Batch], tags: Sequence[str]) -> dict[str, float]:
    """Return precision, recall and F1 of whole entities."""
    called: list[list[str]] = []
    true: list[list[str]] = []
    for output, batch in zip(outputs, batches, strict=True):
        assert batch.lengths is not None  # `collate` gives them
        for guess, truth, length in zip(output.argmax(2), batch.target, batch.lengths.tolist(), strict=True):
            called.append([tags[k] for k in guess[:length].tolist()])
            true.append([tags[k] for k in truth[:length].tolist()])
    return entity_scores(called, true)
