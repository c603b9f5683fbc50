"""Batch normalisation of sequences of different lengths."""

from __future__ import annotations

from typing import Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.models.padding import mask_padding


class Unchanged(nn.Module):
    """No normalisation, where a stack has none."""

    def forward(self, input: Tensor, lengths: Optional[Tensor]) -> Tensor:
        return input


class SequenceNorm(nn.Module):
    """Each feature minus its mean, by its deviation, over all valid steps of a batch (Laurent et al. 2016, equation 5).

    Padding is in no statistic. Eval mode has the running statistics of training, so that no step depends on later ones.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.momentum, self.epsilon = 0.1, 1e-5  # as in nn.BatchNorm1d
        self.gain = nn.Parameter(torch.ones(num_features))
        self.shift = nn.Parameter(torch.zeros(num_features))
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, input: Tensor, lengths: Optional[Tensor]) -> Tensor:
        """Take and return (B, T, F), with padded steps 0."""
        if lengths is not None:
            input = mask_padding(input, lengths)  # NaN in the padding would reach sums and gradients
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean, var = self.measure(input, lengths)
        output = (input - mean) * torch.rsqrt(var + self.epsilon) * self.gain + self.shift
        return output if lengths is None else mask_padding(output, lengths)

    def measure(self, input: Tensor, lengths: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
        """Return mean and variance (F) of the valid steps, and move the running ones towards them."""
        count = torch.full([], float(input.size(0) * input.size(1)), dtype=input.dtype, device=input.device)
        if lengths is not None:
            count = lengths.sum().to(count).clamp(min=1)
        mean = input.sum([0, 1]) / count
        centred = input - mean
        if lengths is not None:
            centred = mask_padding(centred, lengths)
        var = centred.square().sum([0, 1]) / count
        with torch.no_grad():
            unbiased = var * count / (count - 1).clamp(min=1)
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
            self.running_var.lerp_(unbiased.to(self.running_var.dtype), self.momentum)
        return mean, var
