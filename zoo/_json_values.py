"""Values that become JSON, such as metrics: numbers of NumPy become plain, and what JSON lacks is refused by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.errors import ZooError


def to_json_values(value: Any, name: str, error: type[ZooError]) -> Any:
    """Return a value as JSON has it.

    Args:
        value: numbers, strings, lists and mappings, in one another.
        name: what an error calls the value.
        error: to raise.

    Raises:
        error: JSON has no such value.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise error(f"{name} is {value}, and JSON has finite numbers only; leave it out")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [to_json_values(part, f"{name}[{k}]", error) for k, part in enumerate(value)]
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str | int)]
        if wrong:
            raise error(f"{name} has the key {wrong[0]!r}, expected strings")
        return {key: to_json_values(part, f"{name}[{key!r}]", error) for key, part in value.items()}
    raise error(
        f"{name} is a {type(value).__name__}, expected numbers, strings, lists and mappings; a tensor has .item()"
    )
