"""Values of `name=value` on a command line."""

from __future__ import annotations

import json
import tomllib
from typing import Any

_NAMED = {"True": True, "False": False, "None": None}


def read_value(text: str) -> Any:
    """Return the value that a text has in TOML, in JSON, or as Python's True, False or None.

    Args:
        text: such as `3`, `1e-3`, `[1, 2]`, `true`, `null` or `None`.

    Returns:
        The value; the text itself where it has no meaning in any of these.
    """
    if text in _NAMED:
        return _NAMED[text]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        pass
    try:
        return json.loads(text)
    except ValueError:
        return text
