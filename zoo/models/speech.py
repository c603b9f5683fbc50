"""Speech models: raw samples in, one hop a step; log-mel features, a causal convolution, a recurrent stack, a head.

They keep the contract of `zoo.models.backbone`. The samples and frames that later steps reach back to are state, so
a stream may be cut anywhere between two steps.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import SpeechClassifierConfig, SpeechConfig, SpeechCTCConfig, SpeechDetectorConfig
from zoo.models.backbone import check_layout, make_stack
from zoo.models.classifier import SequenceClassifier
from zoo.models.front_end import check_features
from zoo.models.log_mel import LogMel
from zoo.models.padding import last_steps, mask_padding
from zoo.models.tagger import SequenceTagger
from zoo.models.transcriber import Transcriber


class CausalConvolution(nn.Module):
    """A convolution over a step and those before it, and relu; the state is the steps it reaches back to.

    Outside of training it sums in float64: float32 sums differ with the length of the input by more than the
    recurrent layers after it can bear within 1e-6.
    """

    def __init__(self, input_size: int, channels: int, size: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(input_size, channels, size)
        self.input_size = input_size
        self.reach = size - 1

    def forward(self, input: Tensor, lengths: Optional[Tensor], tail: Tensor) -> Tuple[Tensor, Tensor]:
        """Take (B, T, input_size) and the tail (reach, B, input_size); give (B, T, channels) and the new tail."""
        joined = torch.cat([tail.transpose(0, 1), input], dim=1)  # (B, reach + T, input_size)
        steps = joined.transpose(1, 2)  # (B, input_size, reach + T)
        if self.training:
            summed = self.convolution(steps)
        else:
            bias = self.convolution.bias
            assert bias is not None  # for the compiler: nn.Conv1d may be built without
            summed = torch.conv1d(steps.double(), self.convolution.weight.double(), bias.double()).to(input.dtype)
        output = torch.relu(summed).transpose(1, 2)
        return output, last_steps(joined, lengths, self.reach).transpose(0, 1).contiguous()

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        return [torch.zeros([self.reach, batch_size, self.input_size], dtype=like.dtype, device=like.device)]


class SpeechBackbone(nn.Module):
    """Samples to features of the recurrent stack; stands where other models have `Backbone`.

    The state is `[samples, frames, h]`, and `c` for LSTM.
    """

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.log_mel = LogMel(config.input_size, config.window_size, config.num_mels, config.sample_rate)
        self.convolution = CausalConvolution(config.num_mels, config.conv_channels, config.conv_size)
        self.dropout = nn.Dropout(config.dropout)
        self.stack = make_stack(config.stack_config())
        self.input_size = config.input_size
        self.state_names = ["samples", "frames", "h"] + (["c"] if config.cell == "lstm" else [])
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
        """Return (B, F): the stack's output at each row's last valid step."""
        return self.stack.final(state[2:])

    def restore_layout(self, output: Tensor, lengths: Optional[Tensor]) -> Tensor:
        """Turn a head's (B, T, C) into the caller's layout, with padded steps 0."""
        if lengths is not None:
            output = mask_padding(output, lengths)
        return output if self.batch_first else output.transpose(0, 1)

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        state = self.log_mel.zero_state(batch_size, like) + self.convolution.zero_state(batch_size, like)
        return state + self.stack.zero_state(batch_size, like)

    def initial_state(self, batch_size: int) -> List[Tensor]:
        """Return the zero state; raises where the model cannot stream."""
        if self.bidirectional:
            raise RuntimeError("a bidirectional model reads the whole sequence: it has no state to carry on")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}")
        return self.zero_state(batch_size, self.like)


def build_speech_classifier(config: SpeechClassifierConfig) -> SequenceClassifier:
    """One class for a whole recording; each chunk of a stream refines the scores."""
    return SequenceClassifier(config, SpeechBackbone(config))


def build_speech_ctc(config: SpeechCTCConfig) -> Transcriber:
    """Log-probabilities of labels at every step, label 0 the blank."""
    return Transcriber(config, SpeechBackbone(config))


def build_speech_detector(config: SpeechDetectorConfig) -> SequenceTagger:
    """The log-odds of every keyword at every step: 0 is even odds that it ends about here."""
    return SequenceTagger(config, config.num_classes, backbone=SpeechBackbone(config))
