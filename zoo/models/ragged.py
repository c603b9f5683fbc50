"""Recurrent layers over rows of different lengths in training on a CPU, in time that is linear in the steps.

PyTorch runs a packed sequence there step by step, each a slice of all steps, and the gradient of a slice is a tensor
of all steps: the backward pass takes time that is quadratic in the steps. Here the rows are sorted by length. Between
two lengths at which rows end, the rows that go on are a batch without padding, whose gradient PyTorch computes in
linear time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.models.padding import reverse_steps

# Steps (B, T, I) and a state -> the output (B, T, F) and the next state.
Run = Callable[[Tensor, list[Tensor]], tuple[Tensor, list[Tensor]]]


def run_ragged(rnn: nn.RNNBase, input: Tensor, lengths: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Run a recurrent layer, and return what it gives for a packed sequence.

    Args:
        rnn: `nn.LSTM`, `nn.GRU` or `nn.RNN` with `batch_first=True`.
        input: (B, T, I).
        lengths: int64 (B,), in any order.
        state: `[h]`, or `[h, c]` of an LSTM, each (layers * directions, B, H).

    Returns:
        The output (B, T, F), 0 at padded steps, and the state at each row's length.
    """
    if not rnn.bidirectional:
        return run_rows(lambda steps, going: _split(rnn(steps, _join(going))), input, lengths, state)
    ends: list[list[Tensor]] = []
    for layer in range(rnn.num_layers):
        directions = []
        for place in (2 * layer, 2 * layer + 1):
            backward = place % 2 == 1
            steps = reverse_steps(input, lengths) if backward else input
            begin = [tensor[place : place + 1] for tensor in state]  # each (1, B, H)
            output, end = run_rows(_run_of(rnn, place), steps, lengths, begin)
            directions.append(reverse_steps(output, lengths) if backward else output)
            ends.append(end)
        input = torch.cat(directions, dim=2)
        if layer + 1 < rnn.num_layers:
            input = functional.dropout(input, rnn.dropout, rnn.training)
    return input, [torch.cat([end[k] for end in ends]) for k in range(len(state))]


def run_rows(run: Run, input: Tensor, lengths: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Run what knows no lengths on the valid steps of each row, from its first to its last."""
    order = torch.argsort(lengths, descending=True, stable=True)
    back = torch.argsort(order)
    ends, endings = (found.tolist() for found in torch.unique(lengths, return_counts=True))  # rising
    sizes = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    padding = input.size(1) - ends[-1]
    # `split` and not slices: its gradient is one tensor.
    parts = input.index_select(0, order).split([*sizes, padding], dim=1)
    going = [tensor.index_select(1, order) for tensor in state]  # (L, rows that go on, H)
    rows = len(lengths)
    outputs: list[Tensor] = []
    ended: list[list[Tensor]] = []
    for steps, count in zip(parts, endings, strict=False):
        if steps.size(1) > 0:
            output, going = run(steps[:rows], going)  # (rows, steps, F)
            outputs.append(functional.pad(output, (0, 0, 0, 0, 0, len(lengths) - rows)))
        rows -= count
        ended.insert(0, [tensor[:, rows:] for tensor in going])
        going = [tensor[:, :rows].contiguous() for tensor in going]
    outputs.append(input.new_zeros([len(lengths), padding, state[0].size(2)]))
    final = [torch.cat([part[k] for part in ended], dim=1).index_select(1, back) for k in range(len(state))]
    return torch.cat(outputs, dim=1).index_select(0, back), final


def _run_of(rnn: nn.RNNBase, place: int) -> Run:
    """Return one layer of one direction, as PyTorch's own function of its weights."""
    function: Any = getattr(torch._VF, rnn.mode.lower())
    weights = rnn.all_weights[place]

    def run(steps: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        begin = state if len(state) == 2 else state[0]
        output, *state_n = function(steps, begin, weights, rnn.bias, 1, 0.0, rnn.training, False, True)
        return output, state_n

    return run


def _join(state: list[Tensor]) -> Any:
    return (state[0], state[1]) if len(state) == 2 else state[0]


def _split(result: Any) -> tuple[Tensor, list[Tensor]]:
    output, state = result
    return output, list(state) if isinstance(state, tuple) else [state]
