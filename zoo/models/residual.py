"""Deep stacks: what joins the layers, what acts between them, and the choice of the stack for a configuration."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

from zoo.config import RecurrentConfig
from zoo.models.joins import StepOnly, make_join
from zoo.models.learned_state import LearnedStateStack
from zoo.models.locked_dropout import LockedDropout
from zoo.models.recurrent import make_plain_stack
from zoo.models.sequence_norm import SequenceNorm, Unchanged
from zoo.models.window_attention import AttentiveStack


class JoinedStack(nn.Module):
    """Layers x_1 = f_1(norm(x_0)), x_k = join(f_k(norm(dropout(x_{k-1}))), x_{k-1}) for k >= 2.

    The state has the layout of a plain stack of as many layers: (layers * directions, B, H).
    """

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        one = config.replace(num_layers=1)
        later = one.replace(input_size=config.output_size)
        configs = [one if k == 0 else later for k in range(config.num_layers)]
        self.layers = nn.ModuleList([make_plain_stack(each, later=k > 0) for k, each in enumerate(configs)])
        self.norms = nn.ModuleList(
            [SequenceNorm(each.input_size) if config.batch_norm else Unchanged() for each in configs]
        )
        self.joins = nn.ModuleList([StepOnly() if k == 0 else make_join(config) for k in range(config.num_layers)])
        self.dropout = LockedDropout(config.dropout) if config.locked_dropout else nn.Dropout(config.dropout)
        self.num_layers = config.num_layers
        self.num_directions = config.num_directions

    def forward(self, input: Tensor, lengths: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        output = input
        finals: List[List[Tensor]] = []
        for k, (layer, norm, join) in enumerate(
            zip(self.layers, self.norms, self.joins)  # noqa: B905 - TorchScript knows no `strict`
        ):
            first = k * self.num_directions
            layer_state = [s[first : first + self.num_directions] for s in state]
            entering = output if k == 0 else self.dropout(output)
            step, layer_final = layer(norm(entering, lengths), lengths, layer_state)
            output = join(step, output)
            finals.append(layer_final)
        return output, [torch.cat([final[i] for final in finals], dim=0) for i in range(len(state))]

    def final(self, state: List[Tensor]) -> Tensor:
        # A join treats units apart, so the last valid step of x_L follows from the last hidden states of all layers.
        rows = state[0].unflatten(0, [self.num_layers, self.num_directions])  # (L, D, B, H)
        steps = rows.transpose(1, 2).flatten(2)  # (L, B, D * H)
        output = steps[0]
        for k, join in enumerate(self.joins):
            output = join(steps[k], output)
        return output

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        states: List[List[Tensor]] = []
        for layer in self.layers:
            states.append(layer.zero_state(batch_size, like))
        return [torch.cat([s[i] for s in states], dim=0) for i in range(len(states[0]))]


def make_stack(config: RecurrentConfig) -> nn.Module:
    """Return the recurrent stack that a validated configuration asks for."""
    joined = config.residual or config.highway or config.batch_norm or config.locked_dropout
    stack = JoinedStack(config) if joined else make_plain_stack(config)
    stack = LearnedStateStack(stack, config.cell_spec) if config.learned_state else stack
    return AttentiveStack(config, stack) if config.attention_window else stack
