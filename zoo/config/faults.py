"""Checks of single fields of a configuration; each returns one sentence per fault."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from zoo.errors import ZooError


class ConfigError(ZooError, ValueError):
    """No model can be built from a configuration; the message lists every fault."""


def make_plain_(config: Any) -> None:
    """Turn NumPy's scalars among the fields of a frozen dataclass into Python's, which JSON takes."""
    for field in dataclasses.fields(config):
        object.__setattr__(config, field.name, to_plain(getattr(config, field.name)))


def to_plain(value: Any) -> Any:
    """Return a scalar of NumPy as one of Python; other values stay as they are."""
    return value.item() if isinstance(value, np.generic) else value


def whole_number_faults(name: str, value: object, least: int) -> list[str]:
    """Return a fault unless `value` is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        return [f"{name} must be a whole number >= {least}, got {value!r}"]
    return []


def probability_faults(name: str, value: object) -> list[str]:
    """Return a fault unless `value` is a number in [0, 1)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 1.0:
        return [f"{name} must be in [0, 1), got {value!r}"]
    return []


def number_faults(name: str, value: object) -> list[str]:
    """Return a fault unless `value` is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return [f"{name} must be a finite number, got {value!r}"]
    return []


def flag_faults(name: str, value: object) -> list[str]:
    """Return a fault unless `value` is True or False."""
    return [] if isinstance(value, bool) else [f"{name} must be True or False, got {value!r}"]


def names_faults(name: str, value: object) -> list[str]:
    """Return a fault unless `value` is a tuple or list of strings."""
    if isinstance(value, tuple | list) and all(isinstance(part, str) for part in value):
        return []
    return [f"{name} must be a tuple of names, got {value!r}"]
