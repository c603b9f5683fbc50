"""Detection: log-odds of every keyword at every step, judged by ROC and equal error rate."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from zoo.models.padding import step_mask
from zoo.training.batching import Batch
from zoo.training.learners.base import Learner
from zoo.training.metrics import area_under_roc, equal_error_rate

# Targets of a step: the keyword ends here, it does not, or the step does not count (it is being said, or padding).
HERE, NOT_HERE, UNSAID = 1, 0, -1


class DetectionLearner(Learner):
    """Targets are int8 (B, T, keywords): 1 where a keyword has just ended, 0 where not, -1 where it does not matter.

    A task may have `positive_weight`, the weight of a step with a keyword: such steps are few.
    """

    leaves_padding_out = True

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        target = batch.target
        weight = torch.tensor(float(getattr(self.task, "positive_weight", 1.0)), device=output.device)
        losses = functional.binary_cross_entropy_with_logits(
            output, target.clamp(min=0).to(output), pos_weight=weight, reduction="none"
        )
        counted = target != UNSAID
        return (losses * counted).sum() / counted.sum()


def collect_trials(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> tuple[Tensor, Tensor]:
    """Return one trial per stream and keyword: the highest score in it, and whether it is said.

    Both are (streams, keywords).
    """
    scores, said = [], []
    for output, batch in zip(outputs, batches, strict=True):
        assert batch.lengths is not None
        valid = step_mask(batch.lengths, output.size(1))  # (B, T)
        scores.append(output.masked_fill(~valid.unsqueeze(2), -torch.inf).amax(1))
        said.append((batch.target == HERE).any(1))
    return torch.cat(scores), torch.cat(said)


def score_trials(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
    """Return the equal error rate and the area under the ROC over all trials."""
    scores, said = (trials.flatten() for trials in collect_trials(outputs, batches))
    return {"equal_error_rate": equal_error_rate(scores, said), "area_under_roc": area_under_roc(scores, said)}
