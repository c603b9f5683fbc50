"""Detection: log-odds of every keyword at every step, judged by events in time and by trials of whole streams."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from zoo.models.padding import step_mask
from zoo.training.batching import Batch
from zoo.training.event_metrics import Detections, find_peaks, mark_hits
from zoo.training.learners.base import Learner
from zoo.training.metrics import area_under_roc, calibration_error, equal_error_rate

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


def collect_detections(
    outputs: Sequence[Tensor], batches: Sequence[Batch], steps_per_hour: float, apart: int, margin: int
) -> tuple[Detections, Detections]:
    """Return the events of the streams in which a keyword is said, and of those in which none is.

    Args:
        outputs: (B, T, keywords), one per batch.
        batches: the split.
        steps_per_hour: of a stream.
        apart: steps that two detections of a keyword lie apart at least.
        margin: steps by which a hit may lie beside the steps that the target marks.
    """
    width = outputs[0].size(2)
    parts: dict[bool, list[tuple[Tensor, Tensor, Tensor]]] = {True: [], False: []}
    said = {True: torch.zeros(width, dtype=torch.int64), False: torch.zeros(width, dtype=torch.int64)}
    steps = {True: 0, False: 0}
    for output, batch in zip(outputs, batches, strict=True):
        assert batch.lengths is not None
        peaks = find_peaks(output, step_mask(batch.lengths, output.size(1)), apart)  # (B, T, keywords)
        hits = torch.zeros_like(peaks)
        here = batch.target == HERE
        spoken = here.any(1).any(1)
        for row, keyword in here.any(1).nonzero().tolist():
            one = row, slice(None), keyword
            hits[one], count = mark_hits(peaks[one], output[one], here[one], margin)
            said[True][keyword] += count
        for has in (True, False):
            chosen = peaks & (spoken == has).reshape(-1, 1, 1)
            parts[has].append((output[chosen].double(), hits[chosen], chosen.nonzero()[:, 2]))
            steps[has] += int(batch.lengths[spoken == has].sum())
    joined = {has: [torch.cat(part) for part in zip(*parts[has], strict=True)] for has in (True, False)}
    among, without = (
        Detections(scores, hits, keywords, said[has], steps[has] / steps_per_hour)
        for has, (scores, hits, keywords) in joined.items()
    )
    return among, without


def collect_trials(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> tuple[Tensor, Tensor]:
    """Return one trial per stream and keyword: the highest score in it, and whether it is said.

    Both are (streams, keywords). Streams in which no keyword is said are left out.
    """
    scores, said = [], []
    for output, batch in zip(outputs, batches, strict=True):
        assert batch.lengths is not None
        valid = step_mask(batch.lengths, output.size(1))  # (B, T)
        here = (batch.target == HERE).any(1)  # (B, keywords)
        spoken = here.any(1)
        scores.append(output.masked_fill(~valid.unsqueeze(2), -torch.inf).amax(1)[spoken])
        said.append(here[spoken])
    return torch.cat(scores), torch.cat(said)


def score_trials(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
    """Return the equal error rate and the area under the ROC over all trials."""
    scores, said = (trials.flatten() for trials in collect_trials(outputs, batches))
    return {"equal_error_rate": equal_error_rate(scores, said), "area_under_roc": area_under_roc(scores, said)}


def collect_steps(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> tuple[Tensor, Tensor]:
    """Return the score of every step that counts, and whether its keyword is there; both (N,)."""
    counted = [batch.target != UNSAID for batch in batches]
    scores = torch.cat([output[count] for output, count in zip(outputs, counted, strict=True)])
    here = torch.cat([batch.target[count] == HERE for batch, count in zip(batches, counted, strict=True)])
    return scores, here


def score_steps(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
    """Return the area under the ROC over all steps that count, and what a threshold of one half makes of them.

    Returns:
        `area_under_roc`; `misses`, the share of steps with a keyword whose probability is below one half;
        `false_alarms`, the share of the others above it; and the calibration error.
    """
    scores, here = collect_steps(outputs, batches)
    return {
        "area_under_roc": area_under_roc(scores, here),
        "misses": float((scores[here] <= 0).double().mean()),
        "false_alarms": float((scores[~here] > 0).double().mean()),
        "calibration_error": calibration_error(torch.stack([torch.zeros_like(scores), scores], dim=1), here.long()),
    }
