"""What a training does after its steps and epochs, so that a resumed run is equal to a whole one."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging


class Patience(EarlyStopping):
    """Stops after `patience` validations without a better metric, and stops a resumed run where the whole one stopped.

    Args:
        monitor: the logged value.
        patience: validations.
        mode: "max" where more of it is better, otherwise "min".
    """

    def __init__(self, monitor: str, patience: int, mode: str) -> None:
        # A resumed run finishes the saved epoch first, without validation: the metric is there after validation only.
        super().__init__(monitor, patience=patience, mode=mode, check_on_train_epoch_end=False)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        super().on_train_epoch_end(trainer, pl_module)
        if self.wait_count >= self.patience:  # restored from the file of the last epoch
            trainer.should_stop = True


class RunningMean(EMAWeightAveraging):
    """Keeps a running mean of the weights; until it starts, it is the weights of now.

    Args:
        decay: how much of it stays at a step.
        start: the first step that it takes the mean at.
    """

    def __init__(self, decay: float, start: int) -> None:
        # Buffers are not averaged: the hashes of a vocabulary are integers, and their mean is the hash of another word.
        super().__init__(decay=decay, use_buffers=False)
        self.start = start

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        if trainer.global_step <= self.start and self._average_model is not None:
            self._average_model.n_averaged.zero_()  # the next update copies the weights


class LastValidation(Callback):
    """Validates after the last epoch too, whatever the epochs between validations: else its weights are not saved.

    Args:
        every: epochs between validations.
    """

    def __init__(self, every: int) -> None:
        self.every = every

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        last = trainer.current_epoch + 1 == trainer.max_epochs
        trainer.check_val_every_n_epoch = 1 if last else self.every
