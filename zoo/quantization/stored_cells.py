"""Written-out cells whose matrices are kept in a format of their own.

A cell computes as its class says, in float32: only where its matrices come from is another. The class that
`store_cell` makes has a property for each matrix, which TorchScript compiles as well.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from torch import Tensor, nn

from zoo.config.cells import WRITTEN_CELLS
from zoo.init.layers import find_cell
from zoo.quantization.stored_numbers import Store


def is_written_cell(module: nn.Module) -> bool:
    """Return whether a module is one step of a cell that is written out, and has matrices itself."""
    return find_cell(module) in WRITTEN_CELLS and bool(matrix_names(module))


def matrix_names(module: nn.Module) -> tuple[str, ...]:
    """Return the names of a module's own parameters and buffers that have rows and columns of floats."""
    own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    return tuple(name for name, tensor in own if tensor.dim() > 1 and tensor.is_floating_point())


def cell_objection(cell: nn.Module) -> str | None:
    """Return why the matrices of a written-out cell cannot be kept in another format, or None."""
    names = matrix_names(cell)
    if len(names) > len(GETTERS):
        return f"has {len(names)} matrices, expected at most {len(GETTERS)}: stack their rows"
    for name, part in cell.named_children():
        for inner, module in part.named_modules(prefix=name):
            if matrix_names(module) and not type(module).__module__.startswith("torch."):
                return f"has matrices in its part {inner!r}, expected them in the cell itself or in layers of PyTorch"
    return None


def store_cell(cell: nn.Module, store: Store) -> nn.Module:
    """Return a copy of a written-out cell whose own matrices are kept by `store`."""
    stored = copy.deepcopy(cell)
    names = matrix_names(stored)
    matrices = [stored.get_parameter(name) if name in stored._parameters else stored.get_buffer(name) for name in names]
    for name in names:
        delattr(stored, name)
    stored.stored_matrices = store(matrices)
    kind: Any = type(cell)
    stored.__class__ = stored_class(kind, names)
    return stored


# TorchScript compiles the text of a function, so that each place in the list needs a function of its own.
def get_first(self: Any) -> Tensor:
    return self.stored_matrices.values[0]


def get_second(self: Any) -> Tensor:
    return self.stored_matrices.values[1]


def get_third(self: Any) -> Tensor:
    return self.stored_matrices.values[2]


def get_fourth(self: Any) -> Tensor:
    return self.stored_matrices.values[3]


def get_fifth(self: Any) -> Tensor:
    return self.stored_matrices.values[4]


def get_sixth(self: Any) -> Tensor:
    return self.stored_matrices.values[5]


GETTERS = (get_first, get_second, get_third, get_fourth, get_fifth, get_sixth)


@cache  # so that TorchScript compiles all layers of a cell once
def stored_class(kind: Any, names: tuple[str, ...]) -> type[nn.Module]:
    """Return a subclass of a cell's class that has each named matrix from `stored_matrices`."""

    def reduce(self: nn.Module) -> Any:
        return _restore, (kind, names), self.__dict__

    members: dict[str, Any] = {name: property(getter) for name, getter in zip(names, GETTERS, strict=False)}
    return type(f"Stored{kind.__name__}", (kind,), {**members, "__module__": __name__, "__reduce__": reduce})


def _restore(kind: Any, names: tuple[str, ...]) -> nn.Module:
    """Return a cell without contents, which copying and pickling fill."""
    made: Any = stored_class(kind, names)
    cell: nn.Module = made.__new__(made)
    return cell


@contextmanager
def rounded_cell(cell: nn.Module, round_matrix: Callable[[str, Tensor], Tensor]) -> Iterator[None]:
    """Inside, a written-out cell computes with rounded matrices, and its parameters stay as they are.

    Args:
        cell: any.
        round_matrix: gets the name of a matrix and the matrix, each time that the cell reads it.
    """
    kind = type(cell)
    members = {name: _rounded_property(name, round_matrix) for name in matrix_names(cell) if name in cell._parameters}
    cell.__class__ = type(kind.__name__, (kind,), members)
    try:
        yield
    finally:
        cell.__class__ = kind


def _rounded_property(name: str, round_matrix: Callable[[str, Tensor], Tensor]) -> property:
    return property(lambda cell: round_matrix(name, cell._parameters[name]))
