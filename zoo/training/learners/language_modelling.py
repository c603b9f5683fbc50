"""The next character at every step, by back-propagation through time that is truncated at the end of each chunk."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional

from zoo.training.batching import Batch
from zoo.training.learners.base import Learner
from zoo.training.text_metrics import nats_per_symbol


class LanguageModellingLearner(Learner):
    """Carries each stream's state from chunk to chunk and begins every epoch anew."""

    state: list[Tensor] | None = None

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self.state = None

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        output, state = self.model(batch.input, batch.lengths, self.state)
        self.state = [part.detach().float() for part in state]
        loss = self.loss(output.float(), batch)
        self.stop_unless_finite(loss, "the training loss")
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch.input))
        return loss

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        return functional.cross_entropy(output.flatten(0, 1), batch.target.flatten())


def score_characters(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> float:
    """Return the mean negative log-likelihood of a character in nats."""
    return nats_per_symbol(outputs, [batch.target for batch in batches])
