"""What can be wrong with one field of a configuration, said in one sentence, or nothing."""

from __future__ import annotations


class ConfigError(ValueError):
    """A configuration that no model can be built from; the message lists every fault found."""


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
