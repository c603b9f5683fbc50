"""Layers that a module keeps where PyTorch does not look for them: in plain lists and dictionaries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

MOST_NAMES = 3  # in one line
DEEPEST = 3  # lists in lists


def find_unregistered(module: nn.Module) -> list[str]:
    """Return the layers and parameters in plain lists, tuples and dictionaries, "layers[0] (GRU)".

    PyTorch's own modules are left out, and so is what the module has under a name of its own, too.
    """
    known = {id(part) for part in module.modules()} | {id(parameter) for parameter in module.parameters()}
    found: dict[int, str] = {}
    for path, part in module.named_modules():
        if type(part).__module__.partition(".")[0] == "torch":
            continue
        for name, value in vars(part).items():
            if name in ("_parameters", "_buffers", "_modules") or not isinstance(value, list | tuple | Mapping):
                continue
            for place, item in _walk(value, f"{path}.{name}".lstrip(".")):
                if id(item) not in known:
                    found.setdefault(id(item), f"{place} ({type(item).__name__})")
    return list(found.values())


def explain_unregistered(found: list[str]) -> str:
    """Return, as the end of a sentence about a module, what it keeps there and what to do."""
    names = ", ".join(found[:MOST_NAMES]) + (", ..." if len(found) > MOST_NAMES else "")
    return (
        f"keeps {names} in a plain list or dictionary, where PyTorch does not see it: it is in no state_dict, moves "
        "with no .to() and no recipe finds it; use nn.ModuleList, nn.ModuleDict or nn.ParameterList"
    )


def _walk(value: Any, place: str, depth: int = 0) -> Iterator[tuple[str, nn.Module | nn.Parameter]]:
    if isinstance(value, nn.Module | nn.Parameter):
        yield place, value
    elif depth < DEEPEST and isinstance(value, list | tuple | Mapping):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _walk(item, f"{place}[{key!r}]", depth + 1)
