"""The interface of a model: names, types and dimensions of its tensors, found by asking the model and running it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact.repeatability import find_change
from zoo.artifact.shortest import find_fewest
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
        ContractError: the module does not have one, or it describes no input.
    """
    spec = getattr(module, "input_spec", None)
    if isinstance(spec, TensorSpec):
        return check_input(spec)
    raise ContractError(
        f"{type(module).__name__} does not say what its input is: set module.input_spec = "
        "zoo.TensorSpec('input', 'float32', ('batch', 'seq_len', 12)), or build it with zoo.build"
    )


def check_input(spec: TensorSpec) -> TensorSpec:
    """Return the description of an input, if it has a batch, steps, and sizes for the rest.

    Raises:
        ContractError: it has not.
    """
    dims, dtypes = spec.dims, ("float32", "float64", "int64")
    names = sorted(dim for dim in dims if isinstance(dim, str)) if isinstance(dims, tuple | list) else []
    if names != [BATCH, SEQ_LEN] or not all(dim in names or (isinstance(dim, int) and dim >= 1) for dim in dims):
        raise ContractError(
            f"the input {spec.name!r} has the dims {dims!r}, expected '{BATCH}' and '{SEQ_LEN}' once each and sizes of "
            f"at least 1 for the rest, such as ('{BATCH}', '{SEQ_LEN}', 12)"
        )
    if spec.dtype not in dtypes:
        raise ContractError(f"the input {spec.name!r} is {spec.dtype!r}, expected {', '.join(dtypes)}")
    return dataclasses.replace(spec, dims=tuple(dims))


def random_input(spec: TensorSpec, batch_size: int, seq_len: int, generator: torch.Generator) -> Tensor:
    """Draw an input: standard normal features, or tokens uniform over their range.

    A model that needs more steps than one gets so many more.
    """
    steps = seq_len + spec.min_steps - 1
    shape = [{BATCH: batch_size, SEQ_LEN: steps}.get(str(dim), dim) for dim in spec.dims]
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
        ContractError: its weights are not of the type of its input, it fails, it does not return (Tensor, list of
            Tensor) or not the same again, its output has no batch or another type than real or whole numbers, or its
            state does not have the batch in dimension 1 or grows.
    """
    spec = describe_input(module)
    _check_weights(module, spec)
    spec = find_min_steps(name_of(module), spec, lambda x: run_contract(module, x))
    generator = torch.Generator().manual_seed(0)
    inputs = [random_input(spec, b, t, generator) for b, t in PROBES]
    runs = [run_named(module, input) for input in inputs]
    _check_repeats(module, inputs[0])
    sizes = sizes_of(spec, inputs)
    output = follow_dims("output", [run[0] for run in runs], sizes)
    if BATCH not in output.dims:
        raise ContractError(
            f"{name_of(module)}.forward returns an output of shape {tuple(runs[0][0].shape)} for a batch of "
            f"{PROBES[0][0]}, expected the batch among its dimensions: an output for each row"
        )
    _check_one_row(module, spec, output)
    check_dtypes(name_of(module), [runs[0][0], *runs[0][1]])
    names = getattr(module, "state_names", None) or [f"state_{i}" for i in range(len(runs[0][1]))]
    if any(len(run[1]) != len(names) for run in runs):
        raise ContractError(f"the state must have {len(names)} tensors, {names}; got {[len(r[1]) for r in runs]}")
    state = tuple(follow_dims(name, [run[1][i] for run in runs], sizes) for i, name in enumerate(names))
    streamable = _streamable(module)
    for part, (first, _) in zip(state, zip(*(run[1] for run in runs), strict=True), strict=True):
        if len(part.dims) < 2 or part.dims[1] != BATCH:
            raise ContractError(
                f"{name_of(module)}.forward returns a state {part.name!r} of dims {part.dims}, expected the batch in "
                f"dimension 1, as h_n has it: {advise_state(first.shape, PROBES[0][0])}"
            )
        if streamable:
            check_fixed(name_of(module), part)
    specs = [spec]
    if getattr(module, "takes_lengths", True):
        specs.append(TensorSpec("lengths", "int64", (BATCH,), optional=True))
        lengths = torch.tensor([4, 13]) + spec.min_steps - 1  # in no order
        run_named(module, inputs[0], lengths)
    return Signature(tuple(specs), (output,), state, streamable, spec.dims[0] == BATCH)


def name_of(module: nn.Module) -> str:
    """Return what errors call a module."""
    return str(getattr(module, "model_name", type(module).__name__))


def find_min_steps(name: str, spec: TensorSpec, call: Callable[[Tensor], object]) -> TensorSpec:
    """Return the input with the fewest steps that the model takes.

    Args:
        name: of the model, for errors.
        spec: the input. Its own `min_steps` are the first that are tried.
        call: runs the model.

    Raises:
        ContractError: the model takes a number of steps, but not every larger one.
    """
    plain = dataclasses.replace(spec, min_steps=1)
    least, refused = find_fewest(
        spec.min_steps, lambda steps: call(random_input(plain, 2, steps, torch.Generator().manual_seed(0)))
    )
    if refused is not None:
        raise ContractError(
            f"{name}.forward takes {least} steps but not {refused}; let it take every number of steps from a least one "
            "on, by padding or cutting its input"
        )
    return dataclasses.replace(spec, min_steps=least)


def advise_state(shape: Sequence[int], batch: int) -> str:
    """Say how a state of this shape gets its batch into the second of its dimensions, or of three."""
    if batch not in shape:
        return "keep a state for each row of the batch"
    axis = list(shape).index(batch)
    if len(shape) == 2 and axis == 0:
        change, back = "state.unsqueeze(0)", "state.squeeze(0)"
    elif axis != 1 and len(shape) > 1:
        change = back = f"state.movedim({axis}, 1)".replace("movedim(0, 1)", "transpose(0, 1)")
    else:
        change, back = f"state.reshape(-1, {batch}, size), with the batch's own size", "it back in the same way"
    return f"return {change}, and read {back}"


def check_fixed(name: str, part: TensorSpec) -> None:
    """Refuse a state that is longer after more steps.

    Raises:
        ContractError: it is.
    """
    if any(dim != BATCH if axis == 1 else not isinstance(dim, int) for axis, dim in enumerate(part.dims)):
        raise ContractError(
            f"{name}.forward returns a state {part.name!r} of dims {part.dims}, which changes its size with the input; "
            "expected the same size after any number of steps: keep a fixed number of the last ones"
        )


def _check_repeats(module: Any, input: Tensor) -> None:
    def run() -> list[Tensor]:
        output, state = run_contract(module, input)
        return [output, *state]

    if change := find_change(module, run):
        raise ContractError(
            f"{name_of(module)}.forward {change}; take a state as an argument and return it, as in forward(input, "
            "state=None) -> (output, state), and leave out what is random in eval mode"
        )


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


def run_named(module: Any, input: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
    """Call a module as `run_contract` does, with errors that say which input it failed for.

    Raises:
        ContractError: it failed, or returned something else.
    """
    try:
        return run_contract(module, input, lengths)
    except ZooError:
        raise
    except Exception as error:  # the user's code may raise anything
        raise ContractError(f"{name_of(module)}.forward {explain_failure(error, input, lengths)}") from error


def explain_failure(error: Exception, input: Tensor, lengths: Tensor | None = None) -> str:
    """Say for which input a module failed and why, in one line that continues "forward"."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    kind = f"a {str(input.dtype).removeprefix('torch.')} input of shape {tuple(input.shape)}"
    if lengths is None:
        return f"fails for {kind}: {reason}; is that its input?"
    return f"fails for {kind} with lengths {lengths.tolist()}, which come in any order: {reason}"


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


def _check_one_row(module: Any, spec: TensorSpec, output: TensorSpec) -> None:
    """Refuse an output that loses its batch or its steps where there is one of them, as `.squeeze()` makes it."""
    input = random_input(spec, 1, 1, torch.Generator().manual_seed(0))
    got = tuple(run_named(module, input)[0].shape)
    sizes = {BATCH: 1, SEQ_LEN: input.shape[spec.dims.index(SEQ_LEN)]}
    expected = [dim if isinstance(dim, int) else sizes.get(dim) for dim in output.dims]
    if len(got) != len(expected) or any(size not in (None, own) for size, own in zip(expected, got, strict=True)):
        raise ContractError(
            f"{name_of(module)}.forward returns an output of shape {got} for one row of {sizes[SEQ_LEN]} steps, "
            f"expected dims {output.dims}: squeeze the dimension that is meant alone, as in .squeeze(-1)"
        )


def check_dtypes(name: str, results: Sequence[Tensor]) -> None:
    """Refuse results of types that files of arrays do not have, or that are rounded so far that nothing can be proved.

    Raises:
        ContractError: an output or state is in bfloat16, float16 or complex numbers.
    """
    allowed = (torch.float32, torch.float64, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
    for result in results:
        if result.dtype not in allowed:
            raise ContractError(
                f"{name}.forward returns {str(result.dtype).removeprefix('torch.')}, expected float32, float64 or "
                "whole numbers: return .float(), or torch.view_as_real() of complex numbers"
            )


def sizes_of(spec: TensorSpec, inputs: Sequence[Tensor]) -> list[dict[str, int]]:
    """Return the sizes of the dynamic dimensions of each input."""
    return [{dim: input.shape[spec.dims.index(dim)] for dim in (BATCH, SEQ_LEN)} for input in inputs]


def follow_dims(name: str, tensors: Sequence[Tensor], sizes: Sequence[dict[str, int]]) -> TensorSpec:
    """Name each dimension after what it changes with from probe to probe."""
    first, second = tensors
    if first.dim() != second.dim():
        raise ContractError(
            f"{name} must have the same number of dimensions for every input; got {first.shape} and {second.shape}"
        )
    dims: list[int | str] = []
    for axis, pair in enumerate(zip(first.shape, second.shape, strict=True)):
        dynamic = next((dim for dim in (BATCH, SEQ_LEN) if pair == tuple(size[dim] for size in sizes)), None)
        dims.append(dynamic or (pair[0] if pair[0] == pair[1] else f"{name}_dim{axis}"))
    return TensorSpec(name, str(first.dtype).removeprefix("torch."), tuple(dims))
