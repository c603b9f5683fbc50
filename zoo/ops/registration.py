"""What torch has to know of the operators besides the kernels: shapes without data, and gradients.

Gradients of the input and the initial states are computed through the reference in `zoo.ops.reference`. Packed weights
are constants: to train weights, train the module that they come from.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from zoo.config.cells import CELLS
from zoo.ops import reference
from zoo.ops.library import engine_tables

_AUTOCAST = torch.library.Library("zoo", "IMPL")
_HEADER_BYTES = 64
_BLOCK_UNITS = 16
_COLUMNS_PER_GROUP = {"fp32": 1, "bf16": 2, "int8": 4}


@functools.cache
def register() -> None:
    """Register fake implementations and gradients, once."""
    backward = torch.library.custom_op("zoo::stack_backward", _stack_backward, mutates_args=())
    backward.register_fake(_fake_stack_backward)
    for cell, spec in CELLS.items():
        num_states = len(spec.state_names)
        torch.library.register_fake(f"zoo::{cell}", _fake_padded)
        torch.library.register_fake(f"zoo::{cell}_packed_sequence", _fake_packed_sequence(num_states))
        torch.library.register_fake(f"zoo::{cell}_cell", _fake_cell)
        torch.library.register_fake(f"zoo::pack_{cell}", functools.partial(_fake_pack, spec.num_gates))
        for suffix in ("", "_packed_sequence", "_cell"):
            torch.library.register_autograd(
                f"zoo::{cell}{suffix}", functools.partial(_backward, num_states, suffix), setup_context=_save_inputs
            )
            _register_autocast(getattr(torch.ops.zoo, f"{cell}{suffix}").default)
    for name in ("sigmoid", "tanh", "refined_tanh"):
        torch.library.register_fake(f"zoo::{name}", torch.empty_like)


def _register_autocast(operator: torch._ops.OpOverload) -> None:
    """Let an operator take what `torch.autocast` has rounded: compute in float32 and round the results alike."""

    def run(*args: Any) -> Any:
        with torch.amp.autocast("cpu", enabled=False):
            results = operator(*(arg.float() if _is_float(arg) else arg for arg in args))
        dtype = torch.get_autocast_dtype("cpu")
        return results.to(dtype) if isinstance(results, Tensor) else tuple(result.to(dtype) for result in results)

    _AUTOCAST.impl(operator, run, "AutocastCPU")


def _is_float(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def _fake_padded(input: Tensor, h_0: Tensor, *rest: Any) -> tuple[Tensor, ...]:
    *c_0, _packed, bidirectional, _batch_first = rest
    width = h_0.shape[2] * (2 if bidirectional else 1)
    output = input.new_empty(input.shape[0], input.shape[1], width)
    return output, *(state.new_empty(state.shape) for state in (h_0, *c_0))


def _fake_packed_sequence(num_states: int) -> Callable[..., tuple[Tensor, ...]]:
    def fake(data: Tensor, batch_sizes: Tensor, h_0: Tensor, *rest: Any) -> tuple[Tensor, ...]:
        states = (h_0, *rest[: num_states - 1])
        width = h_0.shape[2] * (2 if rest[-1] else 1)
        return data.new_empty(data.shape[0], width), *(state.new_empty(state.shape) for state in states)

    return fake


def _fake_cell(input: Tensor, h_0: Tensor, *rest: Tensor) -> Any:
    new = tuple(state.new_empty(state.shape) for state in (h_0, *rest[:-1]))
    return new if len(new) > 1 else new[0]


def _fake_pack(
    gates: int,
    weights: Sequence[Tensor],
    has_biases: bool,
    num_layers: int,
    bidirectional: bool,
    precision: str,
    *nonlinearity: str,
) -> Tensor:
    """As many bytes as zoo/csrc/engine/packed_weights.cpp lays out."""

    def matrix_bytes(units: int, matrix_gates: int, columns: int) -> int:
        blocks = math.ceil(units / _BLOCK_UNITS)
        groups = math.ceil(columns / _COLUMNS_PER_GROUP[precision])
        channels = blocks * matrix_gates * _BLOCK_UNITS
        return channels * 4 * (groups + (3 if precision == "int8" else 1))

    per_layer = len(weights) // (num_layers * (2 if bidirectional else 1))
    total = _HEADER_BYTES
    for first in range(0, len(weights), per_layer):
        weight_ih, weight_hh = weights[first : first + 2]
        hidden_size = weight_ih.shape[0] // gates
        total += matrix_bytes(hidden_size, gates, weight_ih.shape[1])
        total += matrix_bytes(hidden_size, gates, weight_hh.shape[1])
        if per_layer % 2 == 1:
            total += matrix_bytes(weight_hh.shape[1], 1, hidden_size)
    return weights[0].new_empty(total, dtype=torch.uint8)


def _save_inputs(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    ctx.save_for_backward(*(value for value in inputs if isinstance(value, Tensor)))
    ctx.flags = [value for value in inputs if not isinstance(value, Tensor)]


def _backward(num_states: int, suffix: str, ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
    """Gradients for (input, [batch_sizes,] states, packed, flags...), in the order of the arguments."""
    input, *rest = ctx.saved_tensors
    batch_sizes = rest.pop(0) if suffix == "_packed_sequence" else None
    states, packed = rest[:num_states], rest[num_states]
    if suffix == "_cell":  # a sequence of one step, whose output is the new hidden state
        found = torch.ops.zoo.stack_backward(
            [torch.zeros_like(grads[0])[None], *(grad[None] for grad in grads)],
            input[None], None, [state[None] for state in states], packed, False, False,
        )  # fmt: skip
        found = [grad[0] for grad in found]
    else:
        bidirectional, batch_first = [*ctx.flags, False][:2]
        found = torch.ops.zoo.stack_backward(grads, input, batch_sizes, states, packed, bidirectional, batch_first)
    no_grads = [None] * (1 + len(ctx.flags))
    return found[0], *([None] if batch_sizes is not None else []), *found[1:], *no_grads


def _stack_backward(
    grads: Sequence[Tensor],
    input: Tensor,
    batch_sizes: Tensor | None,
    states: Sequence[Tensor],
    packed: Tensor,
    bidirectional: bool,
    batch_first: bool,
) -> list[Tensor]:
    """Run the reference with gradients and return the gradients of the input and of each state."""
    sizes = torch.ops.zoo.packed_sizes(packed)
    cell = reference.CELLS[engine_tables()["cells"][sizes[0]]["name"]]
    num_layers, weights = sizes[2], torch.ops.zoo.unpack(packed)

    def differentiate() -> list[Tensor]:
        leaves = [value.detach().requires_grad_() for value in (input, *states)]
        if batch_sizes is None:
            outputs = reference.run_padded(
                cell, leaves[0], tuple(leaves[1:]), weights, num_layers, bidirectional, batch_first
            )
        else:
            outputs = reference.run_packed_sequence(
                cell, leaves[0], batch_sizes, tuple(leaves[1:]), weights, num_layers, bidirectional
            )
        return list(torch.autograd.grad(outputs, leaves, list(grads)))

    # Inside an operator torch records no gradients on the calling thread; another thread has them on.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(differentiate).result()


def _fake_stack_backward(
    grads: Sequence[Tensor], input: Tensor, batch_sizes: Tensor | None, states: Sequence[Tensor], *rest: Any
) -> list[Tensor]:
    return [torch.empty_like(value) for value in (input, *states)]
