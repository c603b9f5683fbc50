"""PyTorch's recurrent layers behind one interface: lengths in any order, state as a flat list.

The classes below, `WrittenStack`, `JoinedStack` and `LearnedStateStack` of `zoo.models` have it:

    forward(input (B, T, I), lengths (B,) | None, state) -> output (B, T, F), state
    final(state) -> (B, F)             each row's output at its last valid step (in the reverse direction, its first)
    zero_state(batch_size, like) -> state

A row of length 0 has ended: its state does not change, and its outputs are 0, as at every padded step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from zoo.config import RecurrentConfig
from zoo.models.cells import CELL_FACTORIES
from zoo.models.padding import mask_padding
from zoo.models.ragged import run_ragged
from zoo.models.written import WrittenStack

# In both directions a short packed sequence is the faster one.
RAGGED_STEPS = 32


def pack_steps(input: Tensor, lengths: Tensor) -> PackedSequence:
    """Make a packed sequence of (B, T, I). A row that has ended gets one step, which `keep_ended` undoes."""
    return pack_padded_sequence(input, lengths.to("cpu").clamp(min=1), batch_first=True, enforce_sorted=False)


def unpack_steps(packed: PackedSequence, lengths: Tensor, seq_len: int) -> Tensor:
    """Turn a packed sequence into (B, T, F), with padded steps 0."""
    output, _ = pad_packed_sequence(packed, batch_first=True, total_length=seq_len)
    return mask_padding(output, lengths)


def keep_ended(state_n: Tensor, state_0: Tensor, lengths: Tensor) -> Tensor:
    """Return the new state (L, B, H) for rows that had a step, and the old one for rows that had none."""
    ended = (lengths.to(state_n.device) < 1).unsqueeze(0).unsqueeze(2)  # (1, B, 1)
    return torch.where(ended, state_0, state_n)


def prefers_ragged(input: Tensor, num_directions: int) -> bool:
    """Return whether `run_ragged` trains in less time than a packed sequence; a GPU has kernels for the latter."""
    long = num_directions == 1 or input.size(1) >= RAGGED_STEPS
    return long and input.device.type == "cpu" and not torch.jit.is_tracing()


def last_layer(h_n: Tensor, num_directions: int) -> Tensor:
    """Return the last layer's part of h_n (layers * directions, B, H) as (B, directions * H)."""
    if num_directions == 2:
        return torch.cat([h_n[-2], h_n[-1]], dim=1)
    return h_n[-1]


class LSTMStack(nn.Module):
    """`nn.LSTM` with state `[h, c]`."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.rnn = nn.LSTM(
            config.input_size,
            config.hidden_size,
            config.num_layers,
            bias=config.bias,
            batch_first=True,
            dropout=config.dropout,
            bidirectional=config.bidirectional,
            proj_size=config.proj_size,
        )
        self.num_directions = config.num_directions
        self.state_rows = config.num_layers * config.num_directions
        self.hidden_size = config.hidden_size
        self.real_hidden_size = config.proj_size or config.hidden_size

    def forward(self, input: Tensor, lengths: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        h_0, c_0 = state[0], state[1]
        if lengths is None:
            output, (h_n, c_n) = self.rnn(input, (h_0, c_0))
            return output, [h_n, c_n]
        if not torch.jit.is_scripting():  # noqa: SIM102 - TorchScript would compile what follows an `and`
            if self.training and prefers_ragged(input, self.num_directions):
                return run_ragged(self.rnn, input, lengths, state)
        packed, (h_n, c_n) = self.rnn(pack_steps(input, lengths), (h_0, c_0))
        output = unpack_steps(packed, lengths, input.size(1))
        return output, [keep_ended(h_n, h_0, lengths), keep_ended(c_n, c_0, lengths)]

    def final(self, state: List[Tensor]) -> Tensor:
        return last_layer(state[0], self.num_directions)

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        h = torch.zeros([self.state_rows, batch_size, self.real_hidden_size], dtype=like.dtype, device=like.device)
        c = torch.zeros([self.state_rows, batch_size, self.hidden_size], dtype=like.dtype, device=like.device)
        return [h, c]


HIDDEN_LAYERS: dict[str, Callable[..., nn.RNNBase]] = {"gru": nn.GRU, "rnn": nn.RNN}


class HiddenStack(nn.Module):
    """One of `HIDDEN_LAYERS`, with state `[h]`."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        sizes = (config.input_size, config.hidden_size, config.num_layers)
        options: dict[str, Any] = {
            "bias": config.bias,
            "batch_first": True,
            "dropout": config.dropout,
            "bidirectional": config.bidirectional,
        }
        if config.cell_spec.nonlinearities:
            options["nonlinearity"] = config.nonlinearity
        self.rnn: nn.RNNBase = HIDDEN_LAYERS[config.cell](*sizes, **options)
        self.num_directions = config.num_directions
        self.state_rows = config.num_layers * config.num_directions
        self.hidden_size = config.hidden_size

    def forward(self, input: Tensor, lengths: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        h_0 = state[0]
        if lengths is None:
            output, h_n = self.rnn(input, h_0)
            return output, [h_n]
        if not torch.jit.is_scripting():  # noqa: SIM102 - TorchScript would compile what follows an `and`
            if self.training and prefers_ragged(input, self.num_directions):
                return run_ragged(self.rnn, input, lengths, state)
        packed, h_n = self.rnn(pack_steps(input, lengths), h_0)
        output = unpack_steps(packed, lengths, input.size(1))
        return output, [keep_ended(h_n, h_0, lengths)]

    def final(self, state: List[Tensor]) -> Tensor:
        return last_layer(state[0], self.num_directions)

    def zero_state(self, batch_size: int, like: Tensor) -> List[Tensor]:
        return [torch.zeros([self.state_rows, batch_size, self.hidden_size], dtype=like.dtype, device=like.device)]


def make_plain_stack(config: RecurrentConfig, later: bool = False) -> nn.Module:
    """Return the stack for the cell of a validated configuration; `later` tells that another stack gives its input."""
    if config.cell in CELL_FACTORIES or config.zoneout:
        return WrittenStack(config, later)
    return HiddenStack(config) if config.cell in HIDDEN_LAYERS else LSTMStack(config)
