"""The registry: a name stands for a configuration and the builder that takes it."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn


class UnknownModelError(ValueError):
    """A model name that nobody registered; the message gives the nearest ones."""


@dataclass(frozen=True)
class ModelEntry:
    """What the registry keeps of a model.

    Args:
        name: `<family>_<task>`, or `<family>_<task>_<data set>` for a trained one.
        builder: makes the module from a configuration.
        config: the preset; `build`'s overrides are laid over it.
        pretrained: folder with `config.json` and `model.safetensors`, or None where nothing was trained.
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
        config: a frozen dataclass with `replace(**overrides)` and `to_dict()`, as those of `zoo.config`.
        builder: makes the module from such a configuration; the module keeps the contract of `zoo.models`.
        pretrained: folder with trained weights, or None.

    Raises:
        ValueError: the name is taken or is no identifier.
    """
    if not name.isidentifier():
        raise ValueError(f"a model's name is letters, digits and underscores, got {name!r}")
    if name in _entries:
        raise ValueError(f"model {name!r} is registered already; choose another name")
    _entries[name] = ModelEntry(name, builder, config, pretrained)


def list_models(pattern: str = "*") -> list[str]:
    """Return the registered names that match a shell pattern such as "lstm_*", sorted."""
    return sorted(fnmatch.filter(_entries, pattern))


def find_model(name: str) -> ModelEntry:
    """Return the entry of a name.

    Raises:
        UnknownModelError: with the nearest names.
    """
    if name not in _entries:
        near = difflib.get_close_matches(name, _entries, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "zoo.list_models() gives all names"
        raise UnknownModelError(f"no model is called {name!r}; {hint}")
    return _entries[name]
