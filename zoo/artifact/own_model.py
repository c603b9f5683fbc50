"""A user's own module that is not registered: import it, build it, and adapt it to the contract."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact import adapters
from zoo.artifact.initial_state import same
from zoo.artifact.signature import ContractError, random_input
from zoo.config.tensor_spec import BATCH, TensorSpec
from zoo.weights.loading import load_weights_

LENGTHS = ("lengths", "length", "lens", "seq_lens", "seq_lengths", "input_lengths", "x_lengths", "x_lens")
WAYS = "(input), (input, lengths), (input, state=None) or (input, lengths=None, state=None)"


def build_own_model(
    target: str,
    arguments: Mapping[str, Any],
    input_spec: TensorSpec | None = None,
    weights: str | Path | Mapping[str, Tensor] | None = None,
    seed: int = 0,
) -> nn.Module:
    """Build `module:Class` with its arguments, and adapt it to the contract of `zoo.RecurrentModel`.

    Its `forward` takes (input), (input, lengths), (input, state=None) or (input, lengths=None, state=None). It returns
    the output, or the output and the state: a tensor, a pair or a list of tensors with the batch in dimension 1.

    Args:
        target: an importable module, or one in the working folder, and a class or function that returns a module.
        arguments: of the class or function, by name.
        input_spec: the input, if the module does not have an `input_spec` of its own.
        weights: a file for `zoo.load_weights_`, or a state dict, with the class's own names.
        seed: of PyTorch's generator while the module is made. The global generator is not changed.

    Returns:
        The module in eval mode: itself if `forward` takes (input, lengths, state), otherwise adapted.

    Raises:
        ValueError: the module or class cannot be found or built.
        WeightsError: the weights do not fit.
        ContractError: its `forward` takes or returns something else, or its weights are neither float32 nor float64.
    """
    module_name, _, class_name = target.partition(":")
    try:
        maker = getattr(_import(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"cannot find {target!r}: {error}; write it as module:Class") from error
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = maker(**arguments)
    except TypeError as error:
        raise ValueError(f"cannot build {target!r} with {dict(arguments)}: {error}") from error
    if not isinstance(made, nn.Module):
        raise ValueError(f"{target!r} gave {type(made).__name__}, expected a torch.nn.Module")
    if weights is not None:
        load_weights_(made, weights)
    made.eval()
    spec = _match_dtype(target, made, input_spec or getattr(made, "input_spec", None))
    model: Any = _keep_contract(made, target, spec)
    if spec is not None:
        model.input_spec = spec
    model.model_name = target
    return model.eval()


def _import(name: str) -> Any:
    # As with `python -m`, modules in the working folder can be imported.
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    return importlib.import_module(name)


def _match_dtype(target: str, made: nn.Module, spec: TensorSpec | None) -> TensorSpec | None:
    """Give an input of floats the dtype of the module's weights."""
    dtypes = {p.dtype for p in made.parameters() if p.is_floating_point()}
    wrong = dtypes - {torch.float32, torch.float64}
    if wrong or len(dtypes) > 1:
        found = ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in dtypes))
        raise ContractError(
            f"{target} has weights in {found}, expected float32 or float64 alone; call .float() in its constructor"
        )
    if spec is None or spec.dtype != "float32" or not dtypes:
        return spec
    return dataclasses.replace(spec, dtype=str(dtypes.pop()).removeprefix("torch."))


def _keep_contract(made: nn.Module, target: str, spec: TensorSpec | None) -> nn.Module:
    """Return the module, or an adapter around it, by what its `forward` takes and returns."""
    parameters = list(inspect.signature(made.forward).parameters.values())
    names = [p.name for p in parameters]
    if names[1:3] == ["lengths", "state"]:
        return made
    required = sum(p.default is inspect.Parameter.empty for p in parameters)
    if len(names) == 2 and names[1] in LENGTHS:
        batch_first = spec is None or spec.dims[0] == BATCH
        return _adapt(
            target,
            spec,
            lambda x: made(x, _whole_lengths(x, batch_first)),
            lambda unpack: adapters.InputAndLengths(made, unpack, batch_first),
            takes_lengths=True,
        )
    if required != 1:
        raise ContractError(
            f"{target}.forward takes ({', '.join(names)}), expected {WAYS}; give a state the default None, and let "
            "None stand for zeros"
        )
    if len(names) == 2 and "None" in repr(parameters[1].default):
        return _adapt_state(made, target, spec)
    return _adapt(target, spec, made, lambda unpack: adapters.SingleInput(made, unpack), takes_lengths=False)


def _whole_lengths(x: Tensor, batch_first: bool) -> Tensor:
    batch, steps = (x.shape[0], x.shape[1]) if batch_first else (x.shape[1], x.shape[0])
    return torch.full((batch,), steps)


@torch.no_grad()
def _probe(target: str, spec: TensorSpec, call: Callable[[Tensor], Any], batch: int = 2, steps: int = 13) -> Any:
    x = random_input(spec, batch, steps, torch.Generator().manual_seed(0))
    try:
        return call(x)
    except Exception as error:  # the user's code may raise anything
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ContractError(
            f"{target}.forward fails for a {spec.dtype} input of shape {tuple(x.shape)}: {reason}; is that its input?"
        ) from error


def _form(result: Any) -> str:
    """Describe a result by its types: "Tensor", "(Tensor, (Tensor, Tensor))"."""
    if isinstance(result, tuple):
        return "(" + ", ".join(map(_form, result)) + ")"
    if isinstance(result, list):
        return "[" + ", ".join(map(_form, result)) + "]"
    if isinstance(result, dict):
        return "{" + ", ".join(f"{key}: {_form(part)}" for key, part in result.items()) + "}"
    return type(result).__name__


def _adapt(
    target: str,
    spec: TensorSpec | None,
    call: Callable[[Tensor], Any],
    make: Callable[[nn.Module], nn.Module],
    *,
    takes_lengths: bool,
) -> nn.Module:
    form = "Tensor" if spec is None else _form(_probe(target, spec, call))
    unpack: nn.Module
    if form == "Tensor":
        unpack = adapters.TakeTensor()
    elif form == "(Tensor, Tensor)":
        unpack = adapters.TakeOneState()
    elif form == "(Tensor, (Tensor, Tensor))":
        unpack = adapters.TakePairOfStates()
    elif form.startswith("(Tensor, [Tensor"):
        unpack = adapters.TakeListOfStates()
    else:
        raise _wrong_result(target, form)
    model: Any = make(unpack)
    model.takes_lengths = takes_lengths
    return model


def _wrong_result(target: str, form: str) -> ContractError:
    return ContractError(
        f"{target}.forward returns {form}, expected a Tensor or (Tensor, state) with a tensor, a pair or a list of "
        "tensors as state; return one output. cpp_runner runs any other form too: torch.jit.script(...).save(...)"
    )


def _adapt_state(made: nn.Module, target: str, spec: TensorSpec | None) -> nn.Module:
    """Adapt `forward(input, state=None) -> (output, state)`, which begins with zeros."""
    if spec is None:
        raise ContractError(f"{target} does not say what its input is; set module.input_spec")
    result = _probe(target, spec, made)
    form = _form(result)
    kinds: dict[str, Callable[..., nn.Module]] = {
        "(Tensor, Tensor)": adapters.InputAndOneState,
        "(Tensor, (Tensor, Tensor))": adapters.InputAndPairOfStates,
    }
    kind = kinds.get(form, adapters.InputAndListOfStates if form.startswith("(Tensor, [Tensor") else None)
    if kind is None:
        raise _wrong_result(target, form)
    states = [result[1]] if isinstance(result[1], Tensor) else list(result[1])
    if any(s.dim() != 3 or s.shape[1] != 2 for s in states):
        raise ContractError(
            f"{target}.forward returns states of shapes {[tuple(s.shape) for s in states]} for a batch of 2, expected "
            "(rows, batch, size)"
        )
    model: Any = kind(made, [(s.shape[0], s.shape[2]) for s in states])
    from_zeros = _probe(target, spec, lambda x: model(x, None, model.initial_state(2)))
    if not same([from_zeros[0], *from_zeros[1]], [result[0], *states]):
        raise ContractError(f"{target}.forward does not begin with zeros where its state is None; return to zeros")
    model.takes_lengths = False
    return model
