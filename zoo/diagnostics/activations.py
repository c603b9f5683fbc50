"""What the nonlinear functions inside a cell give, and which gate each of them is."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from zoo.config.cells import find_cell_spec

# The ends of each function's range; None where it has no end.
BOUNDS: dict[str, tuple[float, float | None]] = {
    "sigmoid": (0.0, 1.0),
    "hardsigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hardtanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, None),
}
# A gate shares a function with another one if its own rows move the result at least half as much.
SHARED = 0.5
PROBE_ROWS, PROBE_UNITS, PROBE_DEVIATION = 8, 8, 0.1


class ActivationWatch(TorchFunctionMode):
    """Inside, `seen` collects (function, result) of every call of a function in `BOUNDS`."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, Tensor]] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "").rstrip("_")  # sigmoid_ works in place
        if name in BOUNDS and isinstance(result, Tensor):
            self.seen.append((name, result))
        return result

    def take_blocks(self, hidden_size: int, columns: int = 1) -> list[tuple[str, Tensor]]:
        """Return what was seen since the last call, cut into blocks of (B, H); other shapes are no gates.

        A grid calls the same functions column by column; their blocks are joined to (B, columns * H).
        """
        blocks = [
            (name, block)
            for name, result in self.seen
            if result.dim() == 2 and result.size(1) % hidden_size == 0
            for block in result.split(hidden_size, dim=1)
        ]
        self.seen = []
        each = len(blocks) // columns
        return [
            (name, torch.cat([blocks[column * each + k][1] for column in range(columns)], dim=1))
            for k, (name, _) in enumerate(blocks[:each])
        ]


@dataclass(frozen=True)
class GateBlock:
    """One block among those that `ActivationWatch.take_blocks` returns for a step.

    Args:
        index: its place among them.
        name: of the gate, or of the gates that share the function, as in "input/forget".
        function: a key of `BOUNDS`.
    """

    index: int
    name: str
    function: str


def find_gate_blocks(cell: nn.Module) -> list[GateBlock]:
    """Return which of the results inside a cell's step are its gates.

    A gate is the first function that its rows of `weight_ih` move most, unit by unit. The cell is tried with small
    random weights, so that a gate's own rows count more than what reaches it through others. Later functions that the
    same rows move, such as the tanh of an LSTM's state, are no gates; nor is a gate without a function in the table.

    Args:
        cell: a module as `zoo.models.cells` describes it.

    Returns:
        The gates in the order of the cell's table. Without a `weight_ih` that stacks the gates, every function is
        returned, under its own name and number.
    """
    probe: Any = copy.deepcopy(cell).double()
    spec = find_cell_spec(probe.cell)
    assert spec is not None, "a recurrent layer has a registered cell"
    generator = torch.Generator().manual_seed(0)
    size, gates = probe.hidden_size, spec.gate_names
    columns: int = getattr(probe, "columns", 1)  # of a grid, whose weights and sizes are those of one column
    weight: Any = getattr(probe, "weight_ih", None)
    with torch.enable_grad():
        for parameter in probe.parameters():
            parameter.requires_grad_(True)
            parameter.data.normal_(std=PROBE_DEVIATION, generator=generator)
        stacked = weight is not None and weight.size(0) == len(gates) * size
        features = size if weight is None else weight.size(1)
        x = torch.randn(PROBE_ROWS, columns * features, generator=generator, dtype=torch.float64)
        projection = getattr(probe, "weight_hr", None)
        sizes = [columns * size] * len(spec.state_names)
        if projection is not None:
            sizes[0] = projection.size(0)
        state = [torch.randn(PROBE_ROWS, width, generator=generator, dtype=torch.float64) for width in sizes]
        with ActivationWatch() as watch:
            probe(x, state)
        blocks = watch.take_blocks(size, columns)
        if not stacked:
            return [GateBlock(k, f"{function} {k + 1}", function) for k, (function, _) in enumerate(blocks)]
        found: dict[str, GateBlock] = {}
        for index, (function, block) in enumerate(blocks):
            moved = _influence(block[:, :size], weight, len(gates))
            names = [name for name, share in zip(gates, moved, strict=True) if share >= SHARED * max(moved) > 0]
            if names and not any(name in found for name in names):
                found.update(dict.fromkeys(names, GateBlock(index, "/".join(names), function)))
    return list(dict.fromkeys(found[name] for name in gates if name in found))


def _influence(block: Tensor, weight_ih: Tensor, num_gates: int) -> list[float]:
    """Return how much each gate's row of a unit moves the same unit of a block (B, H), over a few units."""
    total = torch.zeros(num_gates, dtype=block.dtype)
    for unit in range(min(block.size(1), PROBE_UNITS)):
        gradient = torch.autograd.grad(block[:, unit].sum(), weight_ih, retain_graph=True, allow_unused=True)[0]
        if gradient is not None:
            total += gradient.unflatten(0, [num_gates, -1])[:, unit].norm(dim=1)
    return total.tolist()
