"""Checks of single fields of a configuration; each returns one sentence per fault."""

from __future__ import annotations

from zoo.errors import ZooError


class ConfigError(ZooError, ValueError):
    """No model can be built from a configuration; the message lists every fault."""


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
