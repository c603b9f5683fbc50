"""Ranges of the numbers that a user sets."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """Finite numbers between two bounds.

    Args:
        least: the smallest number, or the one that all are more than.
        most: the largest number, or the one that all are less than.
        more: `least` itself is outside.
        less: `most` itself is outside.
    """

    least: float = -math.inf
    most: float = math.inf
    more: bool = False
    less: bool = False

    def holds(self, value: float) -> bool:
        """Return whether a number is inside; NaN and infinities never are."""
        above = value > self.least if self.more else value >= self.least
        below = value < self.most if self.less else value <= self.most
        return math.isfinite(value) and above and below

    def find_fault(self, value: float) -> str:
        """Return what is wrong with a number, such as "must be at least 1, got 0"; empty where it is inside."""
        if self.holds(value):
            return ""
        return f"must be {self if math.isfinite(value) else 'a finite number'}, got {value!r}"

    def __str__(self) -> str:
        if self.least == -math.inf and self.most == math.inf:
            return "a finite number"
        if self.most == math.inf:
            return f"more than {self.least:g}" if self.more else f"at least {self.least:g}"
        if self.least == 0 and self.most == 1 and self.less and not self.more:
            return "a share, from 0 to less than 1"
        first = f"more than {self.least:g}" if self.more else f"from {self.least:g}"
        last = "less than " if self.less else ""
        return f"{first} {'and' if self.more and self.less else 'to'} {last}{self.most:.15g}"


SHARE = Range(0, 1, less=True)
PROBABILITY = Range(0, 1)
POSITIVE = Range(0, more=True)
NOT_NEGATIVE = Range(0)
AT_LEAST_ONE = Range(1)
