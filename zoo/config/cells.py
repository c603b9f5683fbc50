"""The tables of cells: the equations of one step that a recurrent layer can have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CellSpec:
    """What has to be known of a cell besides its equation.

    Args:
        gate_names: the blocks of rows of a layer's weights, in PyTorch's order.
        state_names: the state tensors of a layer, in the order in which the layer takes and returns them.
        fixed_states: those of them that begin with 0 and that zoneout leaves alone: they count, or no step reads them.
        options: fields of the configuration that the cell's factory takes by name.
        nonlinearities: the functions that the cell can be built with; empty where the equation fixes them.
        projects: whether PyTorch's layer takes `proj_size`.
        biases: whether the cell has biases; without any, `bias` must be False.
    """

    gate_names: tuple[str, ...]
    state_names: tuple[str, ...]
    fixed_states: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    nonlinearities: tuple[str, ...] = ()
    projects: bool = False
    biases: bool = True

    @property
    def num_gates(self) -> int:
        return len(self.gate_names)


# PyTorch's cells, which the fused engine runs.
CELLS: dict[str, CellSpec] = {
    "lstm": CellSpec(gate_names=("input", "forget", "cell", "output"), state_names=("h", "c"), projects=True),
    "gru": CellSpec(gate_names=("reset", "update", "new"), state_names=("h",)),
    "rnn": CellSpec(gate_names=("hidden",), state_names=("h",), nonlinearities=("tanh", "relu")),
}

# Cells that `zoo.models.cells` writes out step by step, and LibTorch runs. `zoo.register_cell` adds to them.
WRITTEN_CELLS: dict[str, CellSpec] = {
    "peephole_lstm": CellSpec(gate_names=("input", "forget", "cell", "output"), state_names=("h", "c")),
    "coupled_lstm": CellSpec(gate_names=("forget", "cell", "output"), state_names=("h", "c")),
    "reset_before_gru": CellSpec(gate_names=("reset", "update", "new"), state_names=("h",)),
    "layer_norm_lstm": CellSpec(gate_names=("input", "forget", "cell", "output"), state_names=("h", "c")),
    "layer_norm_gru": CellSpec(gate_names=("reset", "update", "new"), state_names=("h",)),
    "min_lstm": CellSpec(gate_names=("input", "forget", "cell"), state_names=("h",)),
    "min_gru": CellSpec(gate_names=("update", "new"), state_names=("h",)),
    "ind_rnn": CellSpec(gate_names=("hidden",), state_names=("h",)),
    "sru": CellSpec(gate_names=("cell", "forget", "reset"), state_names=("h", "c"), fixed_states=("h",)),
    "clockwork_rnn": CellSpec(
        gate_names=("hidden",), state_names=("h", "wait"), fixed_states=("wait",), options=("num_clocks",)
    ),
    "grid_lstm": CellSpec(
        gate_names=("input", "forget", "forget_left", "cell", "output"), state_names=("h", "c"), options=("columns",)
    ),
}


def find_cell_spec(cell: str) -> CellSpec | None:
    """Return the row of a cell in either table; None if there is no such cell."""
    # A configuration asks before its fields are known to be of the right types.
    return CELLS.get(cell) or WRITTEN_CELLS.get(cell) if isinstance(cell, str) else None
