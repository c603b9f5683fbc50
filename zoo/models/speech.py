"""The backbone of speech models: raw samples, one hop per step; log-mel features, a causal convolution, a stack.

The samples and frames that later steps need are part of the state, so a stream can be cut between any two steps.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import SpeechConfig
from zoo.models.convolution import CausalConvolution
from zoo.models.front_end import check_features
from zoo.models.layout import check_can_stream, check_layout, restore_layout
from zoo.models.log_mel import LogMel
from zoo.models.padding import mask_padding
from zoo.models.residual import make_stack


class SpeechBackbone(nn.Module):
    """Samples to features of the recurrent stack.

    The state is the past samples, the past frames, and the state of the stack.
    """

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.log_mel = LogMel(
            config.input_size, config.window_size, config.num_mels, config.sample_rate, config.power_floor
        )
        self.convolution = CausalConvolution(config.num_mels, config.conv_channels, config.conv_size)
        self.dropout = nn.Dropout(config.dropout)
        self.stack = make_stack(config.stack_config(config.conv_channels))
        self.input_size = config.input_size
        self.state_names = ["samples", "frames", *config.state_names]
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
        check_features(input, self.input_size)
        check_layout(input, lengths)
        if lengths is not None:
            input = mask_padding(input, lengths)  # NaN in the padding would reach the gradients
        if state is None:
            state = self.zero_state(input.size(0), input)
        frames, samples_n = self.log_mel(input, lengths, state[0])
        features, frames_n = self.convolution(frames, lengths, state[1])
        features, state_n = self.stack(self.dropout(features), lengths, state[2:])
        tails = [samples_n, frames_n]
        return features, tails + state_n

    def final(self, state: List[Tensor]) -> Tensor:
        return self.stack.final(state[2:])

    def restore_layout(self, output: Tensor, lengths: Optional[Tensor]) -> Tensor:
        return restore_layout(output, lengths, self.batch_first)

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        state = self.log_mel.zero_state(batch_size, like) + self.convolution.zero_state(batch_size, like)
        return state + self.stack.zero_state(batch_size, like)

    def initial_state(self, batch_size: int) -> List[Tensor]:
        check_can_stream(self.bidirectional, batch_size)
        return self.zero_state(batch_size, self.like)
