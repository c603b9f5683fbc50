"""Convolutions over the steps, in front of a recurrent stack.

A causal one sees a step and those before it, and the steps that the next chunk needs are its state. A centred one sees
as many steps on both sides, so it needs the whole sequence.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.config import RecurrentConfig
from zoo.models.padding import last_steps, mask_padding


class SteadyConv1d(nn.Conv1d):
    """A convolution that sums in float64 outside of training.

    Float32 sums change with the length of the input, and recurrent layers would turn that into differences above 1e-6.
    """

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            return torch.conv1d(input, self.weight, self.bias)
        bias = self.bias
        assert bias is not None  # for TorchScript's compiler: nn.Conv1d can be built without
        return torch.conv1d(input.double(), self.weight.double(), bias.double()).to(input.dtype)


class CausalConvolution(nn.Module):
    """A convolution over a step and the ones before it, then relu; the state is the past steps that it needs."""

    def __init__(self, input_size: int, channels: int, size: int) -> None:
        super().__init__()
        self.convolution = SteadyConv1d(input_size, channels, size)
        self.input_size = input_size
        self.reach = size - 1

    def forward(self, input: Tensor, lengths: Optional[Tensor], tail: Tensor) -> Tuple[Tensor, Tensor]:
        """Take (B, T, input_size) and the tail (reach, B, input_size); give (B, T, channels) and the new tail."""
        joined = torch.cat([tail.transpose(0, 1), input], dim=1)  # (B, reach + T, input_size)
        output = torch.relu(self.convolution(joined.transpose(1, 2))).transpose(1, 2)
        return output, last_steps(joined, lengths, self.reach).transpose(0, 1).contiguous()

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        return [torch.zeros([self.reach, batch_size, self.input_size], dtype=like.dtype, device=like.device)]


class CausalConvolutions(nn.Module):
    """Causal convolutions one after the other; the state is a tail of each."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        channels, size = config.conv_channels, config.conv_size
        self.stages = nn.ModuleList(
            CausalConvolution(channels if k else config.input_size, channels, size) for k in range(config.conv_layers)
        )
        self.state_names = [f"tail_{k}" for k in range(config.conv_layers)]

    def forward(self, input: Tensor, lengths: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        tails: List[Tensor] = []
        for k, stage in enumerate(self.stages):
            input, tail = stage(input, lengths, state[k])
            tails.append(tail)
        return input, tails

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        state: List[Tensor] = []
        for stage in self.stages:
            state += stage.zero_state(batch_size, like)
        return state


class CentredConvolution(nn.Module):
    """A convolution over a step and as many on both sides of it, then relu. Before and after a sequence lie zeros."""

    def __init__(self, input_size: int, channels: int, size: int) -> None:
        super().__init__()
        self.convolution = SteadyConv1d(input_size, channels, size)
        self.reach = size // 2

    def forward(self, input: Tensor, lengths: Optional[Tensor]) -> Tensor:
        """Take (B, T, input_size) and give (B, T, channels)."""
        if lengths is not None:
            input = mask_padding(input, lengths)  # the convolution before made something of the steps after the end
        around = functional.pad(input, [0, 0, self.reach, self.reach])  # (B, reach + T + reach, input_size)
        return torch.relu(self.convolution(around.transpose(1, 2))).transpose(1, 2)


class CentredConvolutions(nn.Module):
    """Centred convolutions one after the other, without a state."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        channels, size = config.conv_channels, config.conv_size
        self.stages = nn.ModuleList(
            CentredConvolution(channels if k else config.input_size, channels, size) for k in range(config.conv_layers)
        )
        self.state_names: List[str] = []

    def forward(self, input: Tensor, lengths: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        for stage in self.stages:
            input = stage(input, lengths)
        return input, state

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        nothing: List[Tensor] = []
        return nothing


def make_convolutions(config: RecurrentConfig) -> CausalConvolutions | CentredConvolutions:
    """Return the convolutions that a validated configuration asks for."""
    return CentredConvolutions(config) if config.bidirectional else CausalConvolutions(config)
