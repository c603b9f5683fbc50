"""Cells that PyTorch has no layer for, one step each, as their papers print them.

A cell is built by `Cell(input_size, hidden_size, bias)`, and with the `options` of its `CellSpec` by name. It has,
besides its weights:

    forward(input (B, I), state) -> state      each state tensor is (B, H), and the first one is the output
    cell, hidden_size, bias                    `cell` is its name in `zoo.config.cells`, by which `zoo.init` knows it

`weight_ih` (gates * H, I), `weight_hh` (gates * H, H), `bias_ih` and `bias_hh` (gates * H) stack the gates in the order
of the cell's `CellSpec`, and `zoo.init` fills them. It leaves parameters of other names as the cell starts them.
`zoo.models.written` runs a cell over a sequence.

A cell whose steps need not wait for each other can have a second form, which training uses:

    parallel(input (B, T, I), valid (B, T) | None, state) -> output (B, T, H), state

It gives the numbers of T steps, where a row keeps its state at the steps that are not valid.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from zoo.models.cells.clockwork import ClockworkRNNCell
from zoo.models.cells.grid import GridLSTMCell
from zoo.models.cells.gru import ResetBeforeGRUCell
from zoo.models.cells.independent import IndependentRNNCell
from zoo.models.cells.layer_norm import LayerNormGRUCell, LayerNormLSTMCell
from zoo.models.cells.lstm import CoupledLSTMCell, PeepholeLSTMCell
from zoo.models.cells.minimal import MinimalGRUCell, MinimalLSTMCell
from zoo.models.cells.simple import SimpleRecurrentUnitCell

CellFactory = Callable[..., nn.Module]

# By their names in `zoo.config.cells.WRITTEN_CELLS`; `zoo.register_cell` adds to them.
CELL_FACTORIES: dict[str, CellFactory] = {
    "peephole_lstm": PeepholeLSTMCell,
    "coupled_lstm": CoupledLSTMCell,
    "reset_before_gru": ResetBeforeGRUCell,
    "layer_norm_lstm": LayerNormLSTMCell,
    "layer_norm_gru": LayerNormGRUCell,
    "min_lstm": MinimalLSTMCell,
    "min_gru": MinimalGRUCell,
    "ind_rnn": IndependentRNNCell,
    "sru": SimpleRecurrentUnitCell,
    "clockwork_rnn": ClockworkRNNCell,
    "grid_lstm": GridLSTMCell,
}
