"""The operators as the textbook writes them. Tests compare the kernels with them, and gradients come from them.

They work in any floating dtype. Weights are in PyTorch's layout and order, always with biases, as
`torch.ops.zoo.unpack` gives them: for each layer and direction weight_ih, weight_hh, bias_ih, bias_hh, and
weight_hr if there is a projection. Gate order: LSTM i f g o, GRU r z n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

# (input of a step (rows, features), state (rows, size) tensors, weights of the layer) -> next state
Cell = Callable[[Tensor, tuple[Tensor, ...], Sequence[Tensor]], tuple[Tensor, ...]]


def lstm_cell(x: Tensor, state: tuple[Tensor, ...], weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """c' = f * c + i * g, h' = o * tanh(c'), projected by weight_hr if there is one."""
    h, c = state
    weight_ih, weight_hh, bias_ih, bias_hh = weights[:4]
    i, f, g, o = (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return (h @ weights[4].T if len(weights) > 4 else h), c


def gru_cell(x: Tensor, state: tuple[Tensor, ...], weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """n = tanh(W x + r * (U h + b)), h' = (1 - z) * n + z * h."""
    (h,) = state
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    r_x, z_x, n_x = (x @ weight_ih.T + bias_ih).chunk(3, dim=1)
    r_h, z_h, n_h = (h @ weight_hh.T + bias_hh).chunk(3, dim=1)
    r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()
    n = (n_x + r * n_h).tanh()
    return ((1 - z) * n + z * h,)


def rnn_tanh_cell(x: Tensor, state: tuple[Tensor, ...], weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    return ((x @ weight_ih.T + bias_ih + state[0] @ weight_hh.T + bias_hh).tanh(),)


def rnn_relu_cell(x: Tensor, state: tuple[Tensor, ...], weights: Sequence[Tensor]) -> tuple[Tensor, ...]:
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    return ((x @ weight_ih.T + bias_ih + state[0] @ weight_hh.T + bias_hh).relu(),)


# By the names of the engine's table of cells.
CELLS: dict[str, Cell] = {"lstm": lstm_cell, "gru": gru_cell, "rnn_tanh": rnn_tanh_cell, "rnn_relu": rnn_relu_cell}


def _run_direction(
    cell: Cell, steps: Sequence[Tensor], state: tuple[Tensor, ...], weights: Sequence[Tensor], reverse: bool
) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """Run one layer and direction. `steps[t]` has the rows that take part in step t, always the first ones."""
    outputs: list[Tensor] = [torch.empty(0)] * len(steps)
    for t in reversed(range(len(steps))) if reverse else range(len(steps)):
        rows = steps[t].shape[0]
        active = cell(steps[t], tuple(s[:rows] for s in state), weights)
        outputs[t] = active[0]
        state = tuple(torch.cat([new, old[rows:]]) for new, old in zip(active, state, strict=True))
    return outputs, state


def run_stack(
    cell: Cell,
    steps: Sequence[Tensor],
    states: tuple[Tensor, ...],
    weights: Sequence[Tensor],
    num_layers: int,
    bidirectional: bool,
) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """Run all layers and directions over `steps`, a (rows, input_size) tensor for each step.

    Args:
        states: h_0 and for the LSTM c_0, (num_layers * num_directions, batch, size).

    Returns:
        The outputs of each step, (rows, num_directions * output_size), and the final states.
    """
    directions = 2 if bidirectional else 1
    per_layer = len(weights) // (num_layers * directions)
    finals: list[tuple[Tensor, ...]] = []
    for layer in range(num_layers):
        outputs = []
        for direction in range(directions):
            index = layer * directions + direction
            output, final = _run_direction(
                cell,
                steps,
                tuple(s[index] for s in states),
                weights[index * per_layer : (index + 1) * per_layer],
                reverse=direction == 1,
            )
            outputs.append(output)
            finals.append(final)
        steps = [torch.cat(parts, dim=1) for parts in zip(*outputs, strict=True)]
    return list(steps), tuple(torch.stack(parts) for parts in zip(*finals, strict=True))


def run_padded(
    cell: Cell,
    input: Tensor,
    states: tuple[Tensor, ...],
    weights: Sequence[Tensor],
    num_layers: int,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Tensor, ...]:
    """Run a padded `input`, (seq_len, batch, input_size) or with `batch_first` (batch, seq_len, input_size).

    Returns:
        The output and the final states.
    """
    time_dim = 1 if batch_first else 0
    outputs, finals = run_stack(cell, input.unbind(time_dim), states, weights, num_layers, bidirectional)
    return torch.stack(outputs, time_dim), *finals


def run_packed_sequence(
    cell: Cell,
    data: Tensor,
    batch_sizes: Tensor,
    states: tuple[Tensor, ...],
    weights: Sequence[Tensor],
    num_layers: int,
    bidirectional: bool,
) -> tuple[Tensor, ...]:
    """Run a packed sequence, `data` (sum of batch_sizes, input_size).

    Returns:
        The output data and the final states.
    """
    steps = data.split(batch_sizes.tolist())
    outputs, finals = run_stack(cell, steps, states, weights, num_layers, bidirectional)
    return torch.cat(outputs), *finals
