"""Labels without alignment, written one after the other: each is learnt given the true ones before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

from zoo.training.batching import Batch
from zoo.training.learners.base import Learner
from zoo.training.metrics import edit_distance

# After the end of an output, and for what cross-entropy leaves out.
NO_LABEL = -1


class Seq2SeqLearner(Learner):
    """Targets are labels from 0 in the form of the model's output (B, U), -1 after the end.

    Where a row has several right outputs, as in validation and test, they are (B, V, U), and the loss is that of the
    first. A row with fewer repeats its first. The task may have `label_smoothing`.
    """

    def forward(self, batch: Batch) -> Tensor:
        log_probs: Tensor = cast(Any, self.model).log_probs(batch.input, batch.lengths, first_target(batch))
        return log_probs

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of a label or the end, from the log-probabilities (B, U + 1, labels)."""
        smoothing: float = getattr(self.task, "label_smoothing", 0.0) if self.training else 0.0
        labels = first_target(batch) + 1  # (B, U), 0 from the end on
        target = torch.cat([labels, torch.zeros_like(labels[:, :1])], dim=1)  # (B, U + 1)
        after_end = torch.cat([torch.zeros_like(labels[:, :1]), labels == 0], dim=1).bool()
        target = target.masked_fill(after_end, NO_LABEL)
        return functional.cross_entropy(
            output.flatten(0, 1), target.flatten(), ignore_index=NO_LABEL, label_smoothing=smoothing
        )

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        loss = self.loss(self(batch).float(), batch)
        self.stop_unless_finite(loss, "the validation loss")
        self.log("validation/loss", loss, prog_bar=True, batch_size=len(batch.input))
        self.outputs.append(self.model(batch.input, batch.lengths)[0].cpu())
        self.batches.append(batch)


def first_target(batch: Batch) -> Tensor:
    """Return the first right output of each row (B, U)."""
    return batch.target[:, 0] if batch.target.dim() == 3 else batch.target


def score_pronunciations(
    outputs: Sequence[Tensor], batches: Sequence[Batch], phonemes: Sequence[str]
) -> dict[str, float]:
    """Return the share of wrong words and of wrong phonemes, without stress, and of wrong words with stress.

    A word is right if it is one of its pronunciations. Wrong phonemes are counted against the nearest pronunciation.
    """
    names = sorted({name.rstrip("012") for name in phonemes})
    plain = [names.index(name.rstrip("012")) for name in phonemes]
    wrong = stressed_wrong = errors = total = words = 0
    for output, batch in zip(outputs, batches, strict=True):
        for guess, variants in zip(output.tolist(), batch.target.tolist(), strict=True):
            said = [k for k in guess if k >= 0]
            right = [[k for k in variant if k >= 0] for variant in variants]
            stressed_wrong += said not in right
            spoken = [plain[k] for k in said]
            distance, size = min((edit_distance(spoken, [plain[k] for k in v]), len(v)) for v in right)
            wrong += distance > 0
            errors, total, words = errors + distance, total + size, words + 1
    return {
        "word_error_rate": wrong / words,
        "phoneme_error_rate": errors / total,
        "stressed_word_error_rate": stressed_wrong / words,
    }
