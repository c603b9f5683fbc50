"""Watches every step of a model's recurrent layers: their gates and their states, with the gradients' graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from zoo.config.cells import find_cell_spec
from zoo.diagnostics.activations import ActivationWatch, GateBlock, find_gate_blocks
from zoo.diagnostics.textbook import run_written_out, write_out
from zoo.errors import ArgumentError
from zoo.models.written import CellLayer


@dataclass
class LayerRun:
    """What one layer, in one direction, did in one call.

    Args:
        name: of the layer, such as "backbone.stack.rnn.l0_reverse"; later calls of the same layer have a number.
        reverse: whether it went from the last step to the first.
        gate_blocks: its gates.
        state_names: of its state.
        valid: bool (B, T), None if no step is padding.
        blocks: for each step as it went, the values of each of `gate_blocks`, (B, H).
        steps: for each step as it went, the state after it, (B, H) each, in the graph.
    """

    name: str
    reverse: bool
    gate_blocks: list[GateBlock]
    state_names: tuple[str, ...]
    valid: Tensor | None = None
    blocks: list[list[Tensor]] = field(default_factory=list)
    steps: list[list[Tensor]] = field(default_factory=list)

    def in_time(self, steps: list[Tensor]) -> Tensor:
        """Return tensors (B, H), one for each step as the layer went, as (B, T, H) in the order of time."""
        return torch.stack(steps[::-1] if self.reverse else steps, dim=1)

    def gates(self) -> dict[str, Tensor]:
        """Return the values (B, T, H) of each gate."""
        return {gate.name: self.in_time([step[k] for step in self.blocks]) for k, gate in enumerate(self.gate_blocks)}

    def mask(self, values: Tensor) -> Tensor:
        """Return which steps (B, T) of values (B, T, ...) are valid."""
        everything = torch.ones(values.shape[:2], dtype=torch.bool, device=values.device)
        return everything if self.valid is None else self.valid


@contextmanager
def record_layers(model: nn.Module) -> Iterator[list[LayerRun]]:
    """Inside, each call of the model adds what its recurrent layers do to the list, layer by layer.

    PyTorch's layers run step by step meanwhile. The model is in eval mode inside, and as it was before afterwards.

    Raises:
        ArgumentError: the model has no recurrent layer that can be watched.
    """
    runs: list[LayerRun] = []
    training = {module: module.training for module in model.modules()}
    with ExitStack() as stack:
        watched = 0
        for name, module in list(model.named_modules()):
            if isinstance(module, nn.RNNBase):
                parts = write_out(module)
                for part, layer in parts.items():
                    _watch(layer, f"{name}.{part}" if name else part, runs)
                stack.callback(_replace_forward(module, partial(run_written_out, module, parts)))
                watched += 1
            elif isinstance(module, CellLayer):
                stack.callback(_watch(module, name, runs))
                watched += 1
        if not watched:
            raise ArgumentError(
                f"{type(model).__name__} has no recurrent layer that can be watched; give the float model in Python, "
                "before it is quantized or scripted"
            )
        model.eval()
        try:
            yield runs
        finally:
            for module, mode in training.items():
                module.training = mode


def _replace_forward(module: Any, forward: Callable[..., Any]) -> Callable[[], None]:
    """Give a module another forward, and return what brings back the one before, which may be none of its class."""
    before = vars(module).get("forward")
    module.forward = forward

    def restore() -> None:
        if before is None:
            del module.forward
        else:
            module.forward = before

    return restore


def _watch(layer: CellLayer, name: str, runs: list[LayerRun]) -> Any:
    """Make a layer of steps add its runs to the list; return what undoes it."""
    cell: Any = layer.cell_module
    gate_blocks, forward = find_gate_blocks(cell), cell.forward
    spec = find_cell_spec(cell.cell)
    assert spec is not None, "a recurrent layer has a registered cell"

    def begin(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        calls = 1 + sum(run.name.partition(" ")[0] == name for run in runs)
        called = name if calls == 1 else f"{name} (call {calls})"
        runs.append(LayerRun(called, layer.reverse, gate_blocks, spec.state_names, arguments[1]))

    def step(input: Tensor, state: list[Tensor]) -> list[Tensor]:
        with ActivationWatch() as watch:
            after: list[Tensor] = forward(input, state)
        blocks = watch.take_blocks(cell.hidden_size, getattr(cell, "columns", 1))
        runs[-1].blocks.append([blocks[gate.index][1].detach() for gate in gate_blocks])
        runs[-1].steps.append(after)
        return after

    hook = layer.register_forward_pre_hook(begin)
    restore = _replace_forward(cell, step)

    def undo() -> None:
        hook.remove()
        restore()

    return undo
