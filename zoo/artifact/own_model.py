"""A user's own module, not registered: import it, build it, and bring it under the contract."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any, List, Optional, Tuple

from torch import Tensor, nn

from zoo.artifact.signature import ContractError, TensorSpec


class SingleInput(nn.Module):
    """Puts a module of one tensor in and one tensor out under the contract: no lengths, no state, no streaming."""

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


def build_own_model(target: str, arguments: dict[str, Any], input_spec: TensorSpec | None = None) -> nn.Module:
    """Build `module:Class` with its arguments.

    Args:
        target: an importable module, or one in the working folder, and a class or function that returns a module.
        arguments: given by name.
        input_spec: what goes in, where the module has no `input_spec` of its own.

    Returns:
        The module itself where `forward` takes (input, lengths, state), otherwise wrapped in `SingleInput`.

    Raises:
        ValueError: the module or class cannot be found or built.
        ContractError: its `forward` takes something else.
    """
    module_name, _, class_name = target.partition(":")
    try:
        maker = getattr(_import(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"cannot find {target!r}: {error}; write it as module:Class") from error
    try:
        made = maker(**arguments)
    except TypeError as error:
        raise ValueError(f"cannot build {target!r} with {arguments}: {error}") from error
    if not isinstance(made, nn.Module):
        raise ValueError(f"{target!r} gave {type(made).__name__}, expected a torch.nn.Module")
    model: Any = _keep_contract(made, target)
    if input_spec is not None:
        model.input_spec = input_spec
    elif hasattr(made, "input_spec"):
        model.input_spec = made.input_spec
    model.model_name = target
    return model


def _import(name: str) -> Any:
    # As `python -m` does: what lies in the working folder can be imported.
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
            f"({', '.join(p.name for p in parameters)}). Carry state in and out as a list, see zoo/models/backbone.py"
        )
    wrapped: Any = SingleInput(made)
    wrapped.no_lengths = True
    return wrapped
