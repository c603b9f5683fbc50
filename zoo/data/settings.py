"""Options that settle what a reader refuses. The reader names the option; a front writes it as its user types it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Takes the name of an option and a value, and returns what a user types.
Writer = Callable[[str, str], str]


@dataclass(frozen=True)
class Setting:
    """An option, with values of which each lets a refused run go on.

    Args:
        option: its name, as tasks have it.
        values: as text; a word in capitals, such as COLUMN, stands for the user's own.
        purpose: what it does, as in "to leave it out"; empty where the values say it.
    """

    option: str
    values: tuple[str, ...]
    purpose: str = ""


def write_plainly(option: str, value: str) -> str:
    """Return an option with a value as most fronts have them."""
    return f"{option}={value}"


def write_settings(settings: Sequence[Setting], write: Writer = write_plainly) -> str:
    """Return the options in a line, such as "say goal=classes or goal=numbers"."""
    parts = []
    for setting in settings:
        *others, last = [write(setting.option, value) for value in setting.values]
        choices = f"{', '.join(others)} or {last}" if others else last
        parts.append(f"{choices} {setting.purpose}".rstrip())
    return f"say {', or '.join(parts)}"
