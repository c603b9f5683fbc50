"""The backbone of a CNN-LSTM: convolutions find patterns of a few steps, and the recurrent stack reads these."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import RecurrentConfig
from zoo.models.convolution import make_convolutions
from zoo.models.front_end import make_front_end
from zoo.models.layout import check_can_stream, check_layout, restore_layout
from zoo.models.padding import mask_padding
from zoo.models.residual import make_stack


class ConvolutionalBackbone(nn.Module):
    """Features or tokens to features of the stack; the state is that of the convolutions, then that of the stack."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.front_end = make_front_end(config)
        self.convolutions = make_convolutions(config)
        self.stack = make_stack(config.stack_config(config.conv_channels))
        self.num_tails = len(self.convolutions.state_names)
        self.state_names = [*self.convolutions.state_names, *config.state_names]
        self.num_states = len(self.state_names)
        self.batch_first = config.batch_first
        self.bidirectional = config.bidirectional
        self.like: Tensor
        self.register_buffer("like", torch.empty(0), persistent=False)

    def forward(
        self, input: Tensor, lengths: Optional[Tensor], state: Optional[List[Tensor]]
    ) -> Tuple[Tensor, List[Tensor]]:
        if not self.batch_first:
            input = input.transpose(0, 1)
        check_layout(input, lengths)
        features = self.front_end(input, lengths)
        if lengths is not None:
            features = mask_padding(features, lengths)  # NaN in the padding would reach the gradients
        if state is None:
            state = self.zero_state(features.size(0), features)
        patterns, tails = self.convolutions(features, lengths, state[: self.num_tails])
        output, state_n = self.stack(patterns, lengths, state[self.num_tails :])
        return output, tails + state_n

    def final(self, state: List[Tensor]) -> Tensor:
        return self.stack.final(state[self.num_tails :])

    def restore_layout(self, output: Tensor, lengths: Optional[Tensor]) -> Tensor:
        return restore_layout(output, lengths, self.batch_first)

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        return self.convolutions.zero_state(batch_size, like) + self.stack.zero_state(batch_size, like)

    def initial_state(self, batch_size: int) -> List[Tensor]:
        check_can_stream(self.bidirectional, batch_size)
        return self.zero_state(batch_size, self.like)
