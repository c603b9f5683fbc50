"""The part of a model below its head: input checks, layout, front end, default state and the recurrent stack.

A backbone has, besides `forward` and `initial_state` of `zoo.RecurrentModel`:

    final(state) -> (B, F)                           the stack's output at each row's last valid step
    restore_layout(output (B, T, C), lengths)        the caller's layout, with padded steps 0
    state_names, num_states, like                    `like` has the device and dtype of new states
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import RecurrentConfig, SpeechConfig
from zoo.models.convolutional import ConvolutionalBackbone
from zoo.models.front_end import make_front_end
from zoo.models.layout import check_can_stream, check_layout, restore_layout
from zoo.models.residual import make_stack
from zoo.models.speech import SpeechBackbone


class Backbone(nn.Module):
    """Features or tokens to features of the stack; these are (B, T, F) inside, whatever the caller's layout."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.front_end = make_front_end(config)
        self.stack = make_stack(config)
        self.state_names = config.state_names
        self.num_states = len(self.state_names)
        self.batch_first = config.batch_first
        self.bidirectional = config.bidirectional
        # A buffer, because quantization takes the parameters away.
        self.like: Tensor
        self.register_buffer("like", torch.empty(0), persistent=False)

    def forward(
        self, input: Tensor, lengths: Optional[Tensor], state: Optional[List[Tensor]]
    ) -> Tuple[Tensor, List[Tensor]]:
        if not self.batch_first:
            input = input.transpose(0, 1)
        check_layout(input, lengths)
        features = self.front_end(input, lengths)
        if state is None:
            state = self.stack.zero_state(features.size(0), features)
        return self.stack(features, lengths, state)

    def final(self, state: List[Tensor]) -> Tensor:
        return self.stack.final(state)

    def restore_layout(self, output: Tensor, lengths: Optional[Tensor]) -> Tensor:
        return restore_layout(output, lengths, self.batch_first)

    def initial_state(self, batch_size: int) -> List[Tensor]:
        check_can_stream(self.bidirectional, batch_size)
        return self.stack.zero_state(batch_size, self.like)


def make_backbone(config: RecurrentConfig) -> Backbone | ConvolutionalBackbone | SpeechBackbone:
    """Return the backbone that a validated configuration asks for."""
    if isinstance(config, SpeechConfig):
        return SpeechBackbone(config)
    return ConvolutionalBackbone(config) if config.conv_channels else Backbone(config)
