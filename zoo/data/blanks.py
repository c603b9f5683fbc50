"""What stands between the columns of a line: ASCII's blanks. Others, such as U+00A0 and U+3000, belong to words."""

from __future__ import annotations

import re
from collections.abc import Iterable

BLANKS = " \t\v\f"
_WORD = re.compile(rf"[^{BLANKS}]+")


def cut_at_blanks(line: str) -> list[str]:
    """Return the parts of a line between blanks."""
    return _WORD.findall(line)


def find_other_blank(lines: Iterable[str]) -> str:
    """Return the first blank that separates nothing, as its number, such as U+00A0; empty where there is none."""
    found = (mark for line in lines for mark in line if mark.isspace() and mark not in BLANKS)
    return next((f"U+{ord(mark):04X}" for mark in found), "")
