"""What lies under every head: input checks, layout, embedding, default state and the recurrent stack.

The contract of a model, the same for every family (scripted, never traced):

    forward(input, lengths: Tensor | None = None, state: list[Tensor] | None = None) -> (Tensor, list[Tensor])
    initial_state(batch_size: int) -> list[Tensor]

- `input`: (batch, seq_len, input_size) float, or (batch, seq_len) int64 tokens; the first two swapped where
  `batch_first` is False. `lengths`: int64 (batch,), any order; padding never changes a result.
- `state`: a flat list, each with the batch in dimension 1; None is the zero state.
- A sequence fed in chunks of any sizes, carrying `state`, gives what the whole sequence gives. A bidirectional
  model cannot keep this, and `initial_state` raises there.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import RecurrentConfig
from zoo.models.front_end import make_front_end
from zoo.models.padding import mask_padding
from zoo.models.recurrent import HiddenStack, LSTMStack
from zoo.models.residual import ResidualStack


def make_stack(config: RecurrentConfig) -> nn.Module:
    """Return the recurrent stack that a validated configuration asks for."""
    if config.residual:
        return ResidualStack(config)
    return LSTMStack(config) if config.cell == "lstm" else HiddenStack(config)


def check_layout(input: Tensor, lengths: Optional[Tensor]) -> None:
    """Refuse an input (B, T, ...) without rows or steps, and lengths that are not (B,)."""
    if input.size(0) == 0 or input.size(1) == 0:
        raise ValueError(f"input must have at least one row and one step; got {input.shape}")
    if lengths is not None and (lengths.dim() != 1 or lengths.size(0) != input.size(0)):
        raise ValueError(f"lengths must have shape [{input.size(0)}]; got {lengths.shape}")


class Backbone(nn.Module):
    """Everything between the input and the head; features are (B, T, F) inside, whatever the layout outside."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.front_end = make_front_end(config)
        self.stack = make_stack(config)
        self.state_names = ["h", "c"] if config.cell == "lstm" else ["h"]
        self.num_states = len(self.state_names)
        self.batch_first = config.batch_first
        self.bidirectional = config.bidirectional
        # Tells device and dtype of new states, also where quantization has taken the parameters away.
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
        """Return (B, F): the stack's output at each row's last valid step."""
        return self.stack.final(state)

    def restore_layout(self, output: Tensor, lengths: Optional[Tensor]) -> Tensor:
        """Turn a head's (B, T, C) into the caller's layout, with padded steps 0."""
        if lengths is not None:
            output = mask_padding(output, lengths)
        return output if self.batch_first else output.transpose(0, 1)

    def initial_state(self, batch_size: int) -> List[Tensor]:
        """Return the zero state; raises where the model cannot stream."""
        if self.bidirectional:
            raise RuntimeError("a bidirectional model reads the whole sequence: it has no state to carry on")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}")
        return self.stack.zero_state(batch_size, self.like)
