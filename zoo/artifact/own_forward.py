"""Adapts a user's own module to the contract, by what its `forward` takes and what it gives for drawn inputs."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact import adapters
from zoo.artifact.forward_arguments import ForwardArguments, read_arguments
from zoo.artifact.repeatability import same
from zoo.artifact.signature import (
    PROBES,
    ContractError,
    advise_state,
    check_fixed,
    check_input,
    explain_failure,
    find_min_steps,
    follow_dims,
    random_input,
    sizes_of,
)
from zoo.config.tensor_spec import BATCH, SEQ_LEN, TensorSpec

WAYS = "(input), (input, lengths), (input, state=None) or both in any order"
# By the form of a result: what takes the states out of it, and what gives them back.
UNPACKERS: dict[str, tuple[type[nn.Module], type[nn.Module]]] = {
    "(Tensor, Tensor)": (adapters.TakeOneState, adapters.GiveOneState),
    "(Tensor, (Tensor, Tensor))": (adapters.TakePairOfStates, adapters.GivePairOfStates),
    "(Tensor, [Tensors])": (adapters.TakeListOfStates, adapters.GiveListOfStates),
}


@torch.no_grad()
def adapt(made: nn.Module, target: str, spec: TensorSpec | None) -> tuple[nn.Module, TensorSpec | None]:
    """Give a module the contract.

    Args:
        made: the user's own, in eval mode.
        target: what errors call it.
        spec: its input, or None where nobody says what that is.

    Returns:
        The module, or an adapter around it; and its input, with the fewest steps that it takes.

    Raises:
        ContractError: its `forward` takes or returns something else.
    """
    arguments = read_arguments(made)
    if arguments is None:
        names = ", ".join(inspect.signature(made.forward).parameters)
        raise ContractError(
            f"{target}.forward takes ({names}), expected {WAYS}; give a state the default None, and let None stand for "
            "zeros"
        )
    keeps = arguments.roles == ("lengths", "state") and arguments.all_optional
    if spec is None:
        if keeps:
            return made, None
        if arguments.state_is_sure:
            raise ContractError(f"{target} does not say what its input is; set module.input_spec")
        return _wrap(made, arguments.without_state(), "Tensor", [], (0, 1), ()), None
    caller = Caller(made, arguments, _axes(check_input(spec).dims))
    spec = find_min_steps(target, spec, caller)
    generator = torch.Generator().manual_seed(0)
    inputs = [random_input(spec, batch, steps, generator) for batch, steps in PROBES]
    results = [_run(target, caller, input) for input in inputs]
    form = _form(results[0])
    if keeps and form == "(Tensor, [Tensors])":
        return made, spec
    if form != "Tensor" and form not in UNPACKERS:
        raise ContractError(
            f"{target}.forward returns {form}, expected a Tensor or (Tensor, state) with a tensor, a pair or a list of "
            "tensors as state; return one output. cpp_runner runs any other form too: torch.jit.script(...).save(...)"
        )
    states = [_states_of(result) for result in results]
    # A class that needs more steps than one takes no chunks of any size.
    may_stream = bool(states[0]) and spec.min_steps == 1
    if not may_stream or not (arguments.state_is_sure or caller.carries(inputs[0], spec.dims.index(SEQ_LEN))):
        arguments = arguments.without_state()
    if "state" in arguments.roles:
        _check_states(target, states, sizes_of(spec, inputs))
    outputs = [result if isinstance(result, Tensor) else result[0] for result in results]
    dims = follow_dims("output", outputs, sizes_of(spec, inputs)).dims
    if "lengths" in arguments.roles and arguments.all_optional and caller.ignores_lengths(inputs[0], dims):
        arguments = arguments.without_lengths()
    model = _wrap(made, arguments, form, states[0], caller.axes, dims)
    if "state" in arguments.roles:
        _check_beginning(target, model, inputs[0], [outputs[0], *states[0]])
    return model, spec


class Caller:
    """Calls a module with what its arguments are, by their positions."""

    def __init__(self, made: nn.Module, arguments: ForwardArguments, axes: tuple[int, int]) -> None:
        self.made, self.arguments, self.axes = made, arguments, axes
        self.whole_lengths = adapters.WholeLengths(axes)

    def __call__(self, input: Tensor, state: Any = None, lengths: Tensor | None = None) -> Any:
        given = {"lengths": self.whole_lengths(input, lengths), "state": state, "nothing": None}
        return self.made(input, *(given[role] for role in self.arguments.roles))

    def carries(self, input: Tensor, time_dim: int) -> bool:
        """Return whether a sequence in two chunks ends as the whole one does only if its state is carried."""
        if "state" not in self.arguments.roles:
            return False
        first, second = input.split([5, input.shape[time_dim] - 5], time_dim)
        try:
            whole = _states_of(self(input))
            carried = _states_of(self(second, self(first)[1]))
            dropped = _states_of(self(second))
        except Exception:  # the user's code may raise anything for what is no state
            return False
        return same(carried, whole) and not same(dropped, whole)

    def ignores_lengths(self, input: Tensor, output_dims: tuple[int | str, ...]) -> bool:
        """Return whether lengths change nothing, though a row gives something else without its padding."""
        steps, (batch_dim, time_dim) = input.shape[self.axes[1]], self.axes
        short = max(1, steps - 4)  # of the first row
        lengths = torch.full([input.shape[batch_dim]], steps)
        lengths[0] = short
        try:
            whole, padded = (_tensors_of(self(input, lengths=given)) for given in (None, lengths))
            alone = _tensors_of(self(input.narrow(batch_dim, 0, 1).narrow(time_dim, 0, short)))
            rows = [padded[0].narrow(_axes(output_dims)[0], 0, 1), *(state.narrow(1, 0, 1) for state in padded[1:])]
            if SEQ_LEN in output_dims:
                rows[0] = rows[0].narrow(output_dims.index(SEQ_LEN), 0, short)
        except Exception:  # the user's code may raise anything, and give states of any shape
            return False
        return same(padded, whole) and not same(rows, alone)


def _run(target: str, caller: Caller, input: Tensor) -> Any:
    try:
        return caller(input)
    except Exception as error:  # the user's code may raise anything
        raise ContractError(f"{target}.forward {explain_failure(error, input)}") from error


def _form(result: Any) -> str:
    """Describe a result by its types: "Tensor", "(Tensor, (Tensor, Tensor))", "(Tensor, [Tensors])"."""
    if isinstance(result, tuple):
        return "(" + ", ".join(map(_form, result)) + ")"
    if isinstance(result, list):
        kinds = sorted({_form(part) for part in result})
        return "[" + ", ".join(f"{kind}s" for kind in kinds) + "]"
    if isinstance(result, dict):
        return "{" + ", ".join(f"{key}: {_form(part)}" for key, part in result.items()) + "}"
    return type(result).__name__


def _tensors_of(result: Any) -> list[Tensor]:
    return [result if isinstance(result, Tensor) else result[0], *_states_of(result)]


def _states_of(result: Any) -> list[Tensor]:
    if isinstance(result, Tensor):
        return []
    return [result[1]] if isinstance(result[1], Tensor) else list(result[1])


def _check_states(target: str, states: Sequence[list[Tensor]], sizes: Sequence[dict[str, int]]) -> None:
    """Refuse states of other shapes than (rows, batch, size), and those that grow."""
    for state in states[0]:
        shape, batch = tuple(state.shape), sizes[0][BATCH]
        if len(shape) != 3 or shape[1] != batch:
            raise ContractError(
                f"{target}.forward returns a state of shape {shape} for a batch of {batch}, expected (rows, batch, "
                f"size), as h_n has it: {advise_state(shape, batch)}"
            )
    for i, pair in enumerate(zip(*states, strict=True)):
        check_fixed(target, follow_dims(f"state_{i}", pair, sizes))


def _wrap(
    made: nn.Module,
    arguments: ForwardArguments,
    form: str,
    states: list[Tensor],
    axes: tuple[int, int],
    output_dims: tuple[int | str, ...],
) -> nn.Module:
    """Return the adapter for what a module takes and returns.

    Args:
        made: the module.
        arguments: of its `forward`.
        form: of its result.
        states: of one of its results.
        axes: batch and steps of the input.
        output_dims: of its output.
    """
    take, give = UNPACKERS.get(form, (adapters.TakeTensor, adapters.TakeTensor))
    model: Any
    if arguments.roles == ():
        model = adapters.SingleInput(made, take())
    elif "state" not in arguments.roles:
        model = adapters.InputAndLengths(made, take(), axes, arguments.roles[0] == "nothing")
    elif "lengths" not in arguments.roles:
        model = adapters.InputAndState(made, take(), give(), states, arguments.roles[0] == "nothing")
    else:
        state_first = arguments.roles == ("state", "lengths")
        model = adapters.InputLengthsAndState(made, take(), give(), states, axes, _axes(output_dims), state_first)
    model.takes_lengths = "lengths" in arguments.roles
    model.left_out_arguments = arguments.left_out
    return model


def _axes(dims: tuple[int | str, ...]) -> tuple[int, int]:
    """Return where batch and steps are; 0 for no batch, and -1 for no steps."""
    return dims.index(BATCH) if BATCH in dims else 0, dims.index(SEQ_LEN) if SEQ_LEN in dims else -1


def _check_beginning(target: str, model: Any, input: Tensor, expected: Sequence[Tensor]) -> None:
    """Refuse a class whose state None is not zeros."""
    try:
        output, state = model(input, None, model.initial_state(PROBES[0][0]))
        begins = same([output, *state], expected)
    except Exception as error:  # the user's code may raise anything
        raise ContractError(f"{target}.forward {explain_failure(error, input)}, with zeros as its state") from error
    if not begins:
        raise ContractError(f"{target}.forward does not begin with zeros where its state is None; return to zeros")
