"""The LightningModule of every training: steps, logs, and a stop at NaN."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Protocol, cast

import lightning
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from zoo.training.batching import Batch
from zoo.training.errors import TrainingError
from zoo.training.experiment import Experiment
from zoo.training.optimization import make_optimizer, make_schedulers


class Goal(Protocol):
    """What a learner needs of its task; see `zoo.training.tasks.base.Task`."""

    metric: ClassVar[str]
    mode: ClassVar[Literal["min", "max"]]

    def augment(self, batch: Batch) -> Batch: ...

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]: ...


class Learner(lightning.LightningModule):
    """Trains a model on a task as an experiment says. A derived class gives the loss.

    Args:
        model: keeps the contract of `zoo.models`.
        task: augments batches, and scores outputs.
        experiment: optimiser, schedule, seed.
    """

    # Whether the loss ignores padded steps. A unidirectional model may then train on padded batches without lengths,
    # which is faster: the backward pass of a packed sequence takes time by the square of its length. Not so one with a
    # batch normalisation, whose statistics are over all steps.
    leaves_padding_out: ClassVar[bool] = False

    def __init__(self, model: nn.Module, task: Goal, experiment: Experiment) -> None:
        super().__init__()
        config = cast(Any, model).config
        self.may_run_on = self.leaves_padding_out and not config.bidirectional and not config.batch_norm
        self.model = model
        self.task = task
        self.experiment = experiment
        self.monitor = f"validation/{task.metric}"
        self.outputs: list[Tensor] = []
        self.batches: list[Batch] = []
        self.cpu_seconds = 0.0
        self._cpu_start = time.process_time()

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Return the mean loss of a batch, a scalar."""
        raise NotImplementedError(f"{type(self).__name__} must define loss")

    def forward(self, batch: Batch) -> Tensor:
        lengths = None if self.training and self.may_run_on else batch.lengths
        output: Tensor = self.model(batch.input, lengths)[0]
        return output

    def on_train_epoch_start(self) -> None:
        # Lightning does not save the state of generators: a seed per epoch makes a resumed run equal to a whole one.
        torch.manual_seed(self.experiment.seed * 100_003 + self.current_epoch * 1009 + self.global_rank)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        batch = self.task.augment(batch)
        loss = self.loss(self(batch), batch)
        self.stop_unless_finite(loss, "the training loss")
        self.log("train/loss", loss, prog_bar=True, batch_size=len(batch.input))
        return loss

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        output = self(batch)
        loss = self.loss(output.float(), batch)
        self.stop_unless_finite(loss, "the validation loss")
        self.log("validation/loss", loss, prog_bar=True, batch_size=len(batch.input))
        self.outputs.append(output.float().cpu())
        self.batches.append(batch)

    def on_validation_epoch_end(self) -> None:
        outputs, batches = self.outputs, self.batches
        self.outputs, self.batches = [], []
        if self.trainer.sanity_checking:
            return
        batches = [Batch(*(None if part is None else part.cpu() for part in batch)) for batch in batches]  # type: ignore[arg-type]
        # Every process validates on the whole split, so there is nothing to gather, and all processes agree.
        scores = self.task.score(outputs, batches)
        for name, value in scores.items():
            self.log(f"validation/{name}", value, prog_bar=name == self.task.metric)
        for config in self.trainer.lr_scheduler_configs:
            if isinstance(config.scheduler, ReduceLROnPlateau):
                config.scheduler.step(scores[self.task.metric])

    def stop_unless_finite(self, loss: Tensor, what: str) -> None:
        """Stop at a loss that is NaN or infinite.

        Raises:
            TrainingError: the message has the step and what to change.
        """
        if not torch.isfinite(loss):
            raise TrainingError(
                f"{what} became {float(loss.detach())} in epoch {self.current_epoch}, step {self.global_step}; the "
                "last whole epoch is kept. Lower optimizer.learning_rate or clip_norm, or use precision fp32"
            )

    def configure_optimizers(self) -> Any:
        optimizer = make_optimizer(self.model, self.experiment.optimizer)
        schedulers = make_schedulers(
            optimizer,
            self.experiment.schedule,
            int(self.trainer.estimated_stepping_batches),
            self.monitor,
            self.task.mode,
        )
        return [optimizer], schedulers

    def spent(self) -> float:
        """Return the CPU seconds of this training, including those before it was resumed."""
        return self.cpu_seconds + time.process_time() - self._cpu_start

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["cpu_seconds"] = self.spent()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.cpu_seconds = checkpoint.get("cpu_seconds", 0.0)
