"""The registry: each name stands for a configuration and a builder that takes it."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from zoo.errors import RegistrationError, ZooError


class UnknownModelError(ZooError, ValueError):
    """No model has this name; the message gives the nearest names."""


@dataclass(frozen=True)
class ModelEntry:
    """What the registry keeps of a model.

    Args:
        name: `<family>_<task>`, or `<family>_<task>_<data set>` for a trained one.
        builder: makes the module from a configuration.
        config: the preset, which the overrides of `build` change.
        pretrained: a checkpoint folder, or None if there are no trained weights.
    """

    name: str
    builder: Callable[[Any], nn.Module]
    config: Any
    pretrained: str | None = None


_entries: dict[str, ModelEntry] = {}


def register_model(
    name: str, config: Any, builder: Callable[[Any], nn.Module], *, pretrained: str | None = None
) -> None:
    """Give a model a name.

    Args:
        name: letters, digits and underscores; not taken yet.
        config: a frozen dataclass with `replace(**overrides)`, `to_dict()` and `input_spec`, as those of `zoo.config`.
        builder: makes the module from such a configuration; the module keeps the contract of `zoo.RecurrentModel`.
        pretrained: a checkpoint folder with trained weights, or None.

    Raises:
        RegistrationError: the name is taken or has other characters.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise RegistrationError(f"a model's name is letters, digits and underscores, got {name!r}")
    if name in _entries:
        raise RegistrationError(f"model {name!r} is registered already; choose another name")
    _entries[name] = ModelEntry(name, builder, config, pretrained)


def list_models(pattern: str = "*", *, trained: bool | None = None) -> list[str]:
    """Return the registered names, sorted.

    Args:
        pattern: only names that match it, such as "lstm_*".
        trained: True for the models that come with trained weights, False for the others, None for all.
    """
    names = fnmatch.filter(_entries, pattern)
    return sorted(n for n in names if trained is None or trained == (_entries[n].pretrained is not None))


def find_model(name: str) -> ModelEntry:
    """Return the entry of a name.

    Raises:
        UnknownModelError: no such name.
    """
    if not isinstance(name, str):
        raise UnknownModelError(f"a model's name is a string, got {name!r}")
    if name not in _entries:
        near = difflib.get_close_matches(name, _entries, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "zoo.list_models() gives all names"
        raise UnknownModelError(f"no model is called {name!r}; {hint}")
    return _entries[name]
