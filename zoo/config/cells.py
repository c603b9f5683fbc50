"""The table of cells: the equations of one step that a recurrent layer can have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CellSpec:
    """What has to be known of a cell besides its equation.

    Args:
        gate_names: the blocks of rows of a layer's weights, in PyTorch's order.
        state_names: the state tensors of a layer, in the order in which the layer takes and returns them.
        nonlinearities: the functions that the cell can be built with; empty where the equation fixes them.
        projects: whether PyTorch's layer takes `proj_size`.
    """

    gate_names: tuple[str, ...]
    state_names: tuple[str, ...]
    nonlinearities: tuple[str, ...] = ()
    projects: bool = False

    @property
    def num_gates(self) -> int:
        return len(self.gate_names)


CELLS: dict[str, CellSpec] = {
    "lstm": CellSpec(gate_names=("input", "forget", "cell", "output"), state_names=("h", "c"), projects=True),
    "gru": CellSpec(gate_names=("reset", "update", "new"), state_names=("h",)),
    "rnn": CellSpec(gate_names=("hidden",), state_names=("h",), nonlinearities=("tanh", "relu")),
}
