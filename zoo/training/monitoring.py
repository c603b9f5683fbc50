"""Logs for TensorBoard: gradient norms and learning rates every few steps, weights and gates after every epoch."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor, nn

import zoo
from zoo.training.errors import TrainingError

# Rows of the batch whose gates are logged: enough for a histogram.
GATE_ROWS = 8


def gradient_norm(parameters: Any) -> Tensor:
    """Return the 2-norm of all gradients together."""
    norms = [p.grad.norm() for p in parameters if p.grad is not None]
    return torch.stack(norms).norm() if norms else torch.zeros(())


class Monitoring(Callback):
    """Logs norms, rates and histograms, and stops at a gradient that is NaN or infinite."""

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        norm = gradient_norm(pl_module.parameters())
        scaled = (
            trainer.precision == "16-mixed"
        )  # overflowing gradients are expected: the loss scaler skips those steps
        if not scaled and not torch.isfinite(norm):
            raise TrainingError(
                f"the gradient became {float(norm)} in epoch {trainer.current_epoch}, step {trainer.global_step}; the "
                "last whole epoch is kept. Lower optimizer.learning_rate, or use precision fp32"
            )
        pl_module.log("train/gradient_norm", norm)
        pl_module.log("train/learning_rate", optimizer.param_groups[0]["lr"])

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        logger = trainer.logger
        if trainer.sanity_checking or not isinstance(logger, TensorBoardLogger) or not trainer.is_global_zero:
            return
        model, step = pl_module.model, trainer.global_step
        assert isinstance(model, nn.Module)
        for name, parameter in model.named_parameters():
            logger.experiment.add_histogram(f"weights/{name}", parameter.detach().float().cpu(), step)
        loader: Any = trainer.val_dataloaders
        batch = next(iter(loader))
        lengths = None if batch.lengths is None else batch.lengths[:GATE_ROWS]
        for name, values in zoo.record_gates(model, batch.input[:GATE_ROWS].to(pl_module.device), lengths).items():
            logger.experiment.add_histogram(f"gates/{name}", values.cpu(), step)
