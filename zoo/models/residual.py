"""Stacks whose layers add their input to their output, so that deep stacks train (He et al. 2015, Wu et al. 2016)."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import RecurrentConfig
from zoo.models.recurrent import make_plain_stack
from zoo.models.window_attention import AttentiveStack


class ResidualStack(nn.Module):
    """Layers x_1 = f_1(x_0), x_k = f_k(dropout(x_{k-1})) + x_{k-1} for k >= 2.

    The state has the layout of a plain stack of as many layers: (layers * directions, B, H).
    """

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        one = config.replace(num_layers=1, dropout=0.0, residual=False)
        later = one.replace(input_size=config.output_size)
        self.layers = nn.ModuleList([make_plain_stack(one if k == 0 else later) for k in range(config.num_layers)])
        self.dropout = nn.Dropout(config.dropout)
        self.num_layers = config.num_layers
        self.num_directions = config.num_directions

    def forward(self, input: Tensor, lengths: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        output = input
        finals: List[List[Tensor]] = []
        for k, layer in enumerate(self.layers):
            first = k * self.num_directions
            layer_state = [s[first : first + self.num_directions] for s in state]
            if k == 0:
                output, layer_final = layer(output, lengths, layer_state)
            else:
                step, layer_final = layer(self.dropout(output), lengths, layer_state)
                output = output + step
            finals.append(layer_final)
        return output, [torch.cat([final[i] for final in finals], dim=0) for i in range(len(state))]

    def final(self, state: List[Tensor]) -> Tensor:
        # x_L is the sum of the outputs of all layers, so its last valid step is the sum of their hidden states.
        rows = state[0].unflatten(0, [self.num_layers, self.num_directions])  # (L, D, B, H)
        return rows.sum(0).transpose(0, 1).flatten(1)  # (B, D * H)

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        states: List[List[Tensor]] = []
        for layer in self.layers:
            states.append(layer.zero_state(batch_size, like))
        return [torch.cat([s[i] for s in states], dim=0) for i in range(len(states[0]))]


def make_stack(config: RecurrentConfig) -> nn.Module:
    """Return the recurrent stack that a validated configuration asks for."""
    stack = ResidualStack(config) if config.residual else make_plain_stack(config)
    return AttentiveStack(config, stack) if config.attention_window else stack
