"""Which layers are recurrent, and where the gates lie in their weights."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from zoo.config.cells import CELLS, CellSpec, find_cell_spec

RECURRENT_LAYERS = (nn.RNNBase, nn.RNNCellBase)


def find_cell(layer: nn.Module) -> str | None:
    """Return which cell a recurrent layer has, by its name; None for any other module.

    PyTorch's layers, their cells and subclasses are known by their class. Any other layer says it by an attribute
    `cell`. It then has `hidden_size`, `bias`, and weights with PyTorch's names that stack the gates.
    """
    if isinstance(layer, RECURRENT_LAYERS):
        names = (parent.__name__.removesuffix("Cell").lower() for parent in type(layer).__mro__)
        return next(name for name in names if name in CELLS)
    cell = getattr(layer, "cell", None)
    return cell if isinstance(cell, str) and find_cell_spec(cell) is not None else None


def cell_spec(layer: nn.Module) -> CellSpec:
    """Return what is known of a recurrent layer's cell."""
    spec = find_cell_spec(find_cell(layer) or "")
    assert spec is not None, "only recurrent layers have a cell"
    return spec


def gate_blocks(layer: nn.Module, weight: Tensor) -> Iterator[Tensor]:
    """Yield the rows of each gate in a stacked weight or bias, in PyTorch's gate order."""
    yield from weight.chunk(cell_spec(layer).num_gates, dim=0)


def has_recurrent_matrix(layer: nn.Module) -> bool:
    """Return whether a layer multiplies its state by a matrix."""
    return any(name.startswith("weight_hh") for name, _ in layer.named_parameters(recurse=False))


def forget_gates(layer: nn.Module) -> list[int]:
    """Return the places of a layer's forget gates among its gates."""
    return [k for k, gate in enumerate(cell_spec(layer).gate_names) if gate.startswith("forget")]


def keeping_gates(layer: nn.Module) -> list[int]:
    """Return the places of the gates that keep the state where they are open: forget gates, or PyTorch's z of a GRU."""
    return forget_gates(layer) or [k for k, gate in enumerate(cell_spec(layer).gate_names) if gate == "update"]
