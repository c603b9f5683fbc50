"""The interface of a model: names, types and dimensions of its tensors, found by asking the model and running it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from zoo.config.tensor_spec import BATCH, SEQ_LEN, TensorSpec
from zoo.errors import ZooError
from zoo.quantized_parts import find_quantization

# Batch size and length of two probes, all different: a dimension that changes with them is dynamic.
PROBES = ((2, 13), (3, 17))


class ContractError(ZooError, TypeError):
    """A module does not keep the contract of `zoo.RecurrentModel`."""


@dataclass(frozen=True)
class Signature:
    """The whole interface of a model."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    state: tuple[TensorSpec, ...]
    streamable: bool
    batch_first: bool

    @property
    def takes_lengths(self) -> bool:
        return len(self.inputs) > 1


def describe_input(module: nn.Module) -> TensorSpec:
    """Return a module's `input_spec`.

    Raises:
        ContractError: the module does not have one.
    """
    spec = getattr(module, "input_spec", None)
    if isinstance(spec, TensorSpec):
        return spec
    raise ContractError(
        f"{type(module).__name__} does not say what its input is: set module.input_spec = "
        "zoo.TensorSpec('input', 'float32', ('batch', 'seq_len', 12)), or build it with zoo.build"
    )


def random_input(spec: TensorSpec, batch_size: int, seq_len: int, generator: torch.Generator) -> Tensor:
    """Draw an input: standard normal features, or tokens uniform over their range."""
    shape = [{BATCH: batch_size, SEQ_LEN: seq_len}.get(str(dim), dim) for dim in spec.dims]
    sizes = [int(size) for size in shape]
    if spec.range is not None:
        return torch.randint(spec.range[0], spec.range[1] + 1, sizes, generator=generator)
    return torch.randn(sizes, generator=generator).to(getattr(torch, spec.dtype))


@torch.no_grad()
def infer_signature(module: nn.Module) -> Signature:
    """Find a module's interface by running it on two probes of different batch size and length.

    Args:
        module: a module that keeps the contract, in eval mode and on the CPU.

    Raises:
        ContractError: its weights are not of the type of its input, it does not return (Tensor, list of Tensor), or its
            state does not have the batch in dimension 1.
    """
    spec = describe_input(module)
    _check_weights(module, spec)
    generator = torch.Generator().manual_seed(0)
    runs = [run_contract(module, random_input(spec, b, t, generator)) for b, t in PROBES]
    output = _follow_dims("output", [run[0] for run in runs])
    names = getattr(module, "state_names", None) or [f"state_{i}" for i in range(len(runs[0][1]))]
    if any(len(run[1]) != len(names) for run in runs):
        raise ContractError(f"the state must have {len(names)} tensors, {names}; got {[len(r[1]) for r in runs]}")
    state = tuple(_follow_dims(name, [run[1][i] for run in runs]) for i, name in enumerate(names))
    for part in state:
        if len(part.dims) < 2 or part.dims[1] != BATCH:
            raise ContractError(f"state {part.name!r} must have the batch in dimension 1; its dims are {part.dims}")
    inputs = [spec]
    if getattr(module, "takes_lengths", True):
        inputs.append(TensorSpec("lengths", "int64", (BATCH,), optional=True))
    return Signature(tuple(inputs), (output,), state, _streamable(module), spec.dims[0] == BATCH)


def _check_weights(module: nn.Module, spec: TensorSpec) -> None:
    """Refuse weights that do not take the input; float32 and float64 take tokens."""
    if find_quantization(module) is not None:  # a recipe chose the types, and its layers convert
        return
    allowed = (spec.dtype,) if spec.dtype.startswith("float") else ("float32", "float64")
    given = {str(p.dtype).removeprefix("torch.") for p in module.parameters() if p.is_floating_point()}
    if given - set(allowed):
        raise ContractError(
            f"{type(module).__name__} has weights in {', '.join(sorted(given))}, and its input {spec.name!r} is "
            f"{spec.dtype}; expected weights in {' or '.join(allowed)}: call model.float() first, and for a "
            "smaller model zoo.quantize(model, 'float16') then"
        )


def run_contract(
    module: Any, input: Tensor, lengths: Tensor | None = None, state: list[Tensor] | None = None
) -> tuple[Tensor, list[Tensor]]:
    """Call a module and check that it returned (Tensor, list of Tensor).

    Raises:
        ContractError: it returned something else.
    """
    result = module(input, lengths, state)
    good = isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], Tensor)
    if not good or not isinstance(result[1], list) or not all(isinstance(s, Tensor) for s in result[1]):
        raise ContractError(
            f"forward must return (Tensor, list of Tensor), got {_describe(result)}; see zoo.RecurrentModel"
        )
    return result


def _describe(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"{type(value).__name__} of ({', '.join(type(item).__name__ for item in value)})"
    return type(value).__name__


def _streamable(module: nn.Module) -> bool:
    initial_state = getattr(module, "initial_state", None)
    if initial_state is None:
        return False
    try:
        initial_state(1)
    except RuntimeError:
        return False
    return True


def _follow_dims(name: str, tensors: Sequence[Tensor]) -> TensorSpec:
    """Name each dimension after what it changes with from probe to probe."""
    first, second = tensors
    if first.dim() != second.dim():
        raise ContractError(
            f"{name} must have the same number of dimensions for every input; got {first.shape} and {second.shape}"
        )
    dims: list[int | str] = []
    for axis, sizes in enumerate(zip(first.shape, second.shape, strict=True)):
        if sizes == (PROBES[0][0], PROBES[1][0]):
            dims.append(BATCH)
        elif sizes == (PROBES[0][1], PROBES[1][1]):
            dims.append(SEQ_LEN)
        else:
            dims.append(sizes[0] if sizes[0] == sizes[1] else f"{name}_dim{axis}")
    return TensorSpec(name, str(first.dtype).removeprefix("torch."), tuple(dims))
