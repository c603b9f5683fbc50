"""The arithmetic of a training: float32, or mixed precision with 16 bits; fp16 scales the loss.

Half precision loses gradients below 6e-8 and overflows at 65,504, so its loss is multiplied with a scale that is
halved, and the step left out, whenever a gradient overflows (Micikevicius et al. 2018, "Mixed precision training").
bfloat16 has the range of float32 and does not need a scale.
"""

from __future__ import annotations

import torch
from lightning.pytorch.plugins import MixedPrecision, Precision

from zoo.training.errors import TrainingError
from zoo.training.experiment import TrainingPart


def make_precision(part: TrainingPart) -> Precision:
    """Return Lightning's plugin for an experiment's precision, on the device of its accelerator on this machine.

    Raises:
        TrainingError: fp16 without a GPU.
    """
    if part.precision == "fp32":
        return Precision()
    device = "cuda" if part.accelerator != "cpu" and torch.cuda.is_available() else "cpu"
    if part.precision == "bf16":
        return MixedPrecision("bf16-mixed", device)
    # Lightning would warn and train in bfloat16 instead.
    if device == "cpu":
        raise TrainingError(
            "training.precision=fp16 needs an NVIDIA GPU, and this training runs on the CPU, whose LSTM does not "
            "support half precision; give training.precision=bf16"
        )
    return MixedPrecision("16-mixed", device)
