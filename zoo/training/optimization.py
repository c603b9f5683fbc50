"""AdamW with decay on matrices only (Loshchilov & Hutter 2019), linear warm-up, then cosine or plateau."""

from __future__ import annotations

import math
import sys
from typing import Any

from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LinearLR, ReduceLROnPlateau

from zoo.training.experiment import OptimizerPart, SchedulePart

# What the rate starts from in the warm-up; 0 is not a legal factor.
WARMUP_START = 1e-3


def make_optimizer(model: nn.Module, part: OptimizerPart) -> Optimizer:
    """Return AdamW over a model's trainable parameters; biases and other vectors do not decay."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": part.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    beta_1, beta_2 = part.betas
    return AdamW(groups, lr=part.learning_rate, betas=(beta_1, beta_2))


def cosine_factor(step: int, warmup_steps: int, total_steps: int, final: float) -> float:
    """Return what the rate is multiplied with at a step: up in a line, down in half a cosine, then `final`."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps))
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))


def make_schedulers(
    optimizer: Optimizer, part: SchedulePart, total_steps: int, monitor: str, mode: Any
) -> list[dict[str, Any]]:
    """Return the schedulers as Lightning takes them; whoever validates steps the plateau.

    Args:
        optimizer: whose rate they set.
        part: the experiment's schedule.
        total_steps: of the whole training.
        monitor: the logged value that a plateau is judged by.
        mode: "max" where more of it is better, otherwise "min".
    """
    if part.kind == "cosine":
        curve = LambdaLR(optimizer, lambda step: cosine_factor(step, part.warmup_steps, total_steps, part.final))
        return [{"scheduler": curve, "interval": "step"}]
    schedulers: list[dict[str, Any]] = []
    if part.warmup_steps:
        warmup = LinearLR(optimizer, start_factor=WARMUP_START, total_iters=part.warmup_steps)
        schedulers.append({"scheduler": warmup, "interval": "step"})
    if part.kind == "plateau":
        plateau = ReduceLROnPlateau(optimizer, mode=mode, factor=part.factor, patience=part.patience)
        # Lightning steps it at the end of an epoch, which may be without a validation, and after the files are written,
        # so that a resumed run would lose a step: the learner does it.
        schedulers.append({"scheduler": plateau, "interval": "epoch", "monitor": monitor, "frequency": sys.maxsize})
    return schedulers
