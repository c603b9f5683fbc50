"""A user's own module that is not registered: import it, build it, and adapt it to the contract."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, List, Optional, Tuple

from torch import Tensor, nn

from zoo.artifact.signature import ContractError
from zoo.config.tensor_spec import TensorSpec


class SingleInput(nn.Module):
    """Adapts a module of one input and one output tensor to the contract: no lengths, no state, no streaming."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if lengths is not None or state is not None:
            raise ValueError("this model takes one input and neither lengths nor state")
        nothing: List[Tensor] = []
        return self.module(input), nothing


def build_own_model(target: str, arguments: Mapping[str, Any], input_spec: TensorSpec | None = None) -> nn.Module:
    """Build `module:Class` with its arguments.

    Args:
        target: an importable module, or one in the working folder, and a class or function that returns a module.
        arguments: of the class or function, by name.
        input_spec: the input, if the module does not have an `input_spec` of its own.

    Returns:
        The module in eval mode: itself if `forward` takes (input, lengths, state), otherwise wrapped in `SingleInput`.

    Raises:
        ValueError: the module or class cannot be found or built.
        ContractError: its `forward` takes other arguments.
    """
    module_name, _, class_name = target.partition(":")
    try:
        maker = getattr(_import(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"cannot find {target!r}: {error}; write it as module:Class") from error
    try:
        made = maker(**arguments)
    except TypeError as error:
        raise ValueError(f"cannot build {target!r} with {dict(arguments)}: {error}") from error
    if not isinstance(made, nn.Module):
        raise ValueError(f"{target!r} gave {type(made).__name__}, expected a torch.nn.Module")
    model: Any = _keep_contract(made, target)
    if input_spec is not None:
        model.input_spec = input_spec
    elif hasattr(made, "input_spec"):
        model.input_spec = made.input_spec
    model.model_name = target
    return model.eval()


def _import(name: str) -> Any:
    # As with `python -m`, modules in the working folder can be imported.
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    return importlib.import_module(name)


def _keep_contract(made: nn.Module, target: str) -> nn.Module:
    parameters = list(inspect.signature(made.forward).parameters.values())
    if [p.name for p in parameters[1:3]] == ["lengths", "state"]:
        return made
    required = [p.name for p in parameters if p.default is inspect.Parameter.empty]
    if len(required) != 1:
        raise ContractError(
            f"{target}.forward must take (input, lengths=None, state=None), or one tensor; it takes "
            f"({', '.join(p.name for p in parameters)}). Take the state and return it as a list, see zoo.RecurrentModel"
        )
    wrapped: Any = SingleInput(made)
    wrapped.takes_lengths = False
    return wrapped
