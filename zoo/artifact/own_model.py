"""A user's own module that is not registered: import it, build it, and adapt it to the contract."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact.own_forward import adapt
from zoo.artifact.signature import ContractError
from zoo.artifact.unregistered import explain_unregistered, find_unregistered
from zoo.config.tensor_spec import TensorSpec
from zoo.errors import ArgumentError
from zoo.weights.loading import load_weights_


def build_own_model(
    target: str,
    arguments: Mapping[str, Any],
    input_spec: TensorSpec | None = None,
    weights: str | Path | Mapping[str, Tensor] | None = None,
    seed: int = 0,
) -> nn.Module:
    """Build `module:Class` with its arguments, and adapt it to the contract of `zoo.RecurrentModel`.

    Its `forward` takes the input, and after it lengths or a state=None or both, in any order. They are found by their
    names, such as `lens` and `hidden`; an argument of another name is a state if a sequence in chunks shows it. What
    comes after any other argument keeps its default, as that one does; `left_out_arguments` says which. `forward`
    returns the output, or the output and the state: a tensor, a pair or a list of tensors (rows, batch, size).
    `save_artifact` finds whether the class streams: chunks, with the state carried, have to give what the whole gives.

    Args:
        target: an importable module, or one in the working folder, and a class or function that returns a module.
        arguments: of the class or function, by name.
        input_spec: the input, if the module does not have an `input_spec` of its own.
        weights: a file for `zoo.load_weights_`, or a state dict, with the class's own names.
        seed: of PyTorch's generator while the module is made. The global generator is not changed.

    Returns:
        The module in eval mode: itself if it keeps the contract, otherwise adapted.

    Raises:
        ArgumentError: the module or class cannot be found or built.
        WeightsError: the weights do not fit.
        ContractError: its `forward` takes or returns something else, its weights are neither float32 nor float64, or it
            keeps layers in plain lists.
    """
    module_name, _, class_name = target.partition(":")
    try:
        maker = getattr(_import(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ArgumentError(f"cannot find {target!r}: {error}; write it as module:Class") from error
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = maker(**arguments)
    except TypeError as error:
        raise ArgumentError(f"cannot build {target!r} with {dict(arguments)}: {error}") from error
    if not isinstance(made, nn.Module):
        raise ArgumentError(f"{target!r} gave {type(made).__name__}, expected a torch.nn.Module")
    if hidden := find_unregistered(made):  # weights would not reach them
        raise ContractError(f"{target} {explain_unregistered(hidden)}")
    if weights is not None:
        load_weights_(made, weights)
    made.eval()
    spec = _match_dtype(target, made, input_spec or getattr(made, "input_spec", None))
    model: Any
    model, spec = adapt(made, target, spec)
    if spec is not None:
        model.input_spec = spec
    model.model_name = target
    if isinstance(rate := getattr(made, "sample_rate", None), int):
        model.sample_rate = rate  # of raw sound, which its file says
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
