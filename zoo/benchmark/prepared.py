"""A contestant made ready for one workload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zoo.benchmark.workload import Arrays


@dataclass(frozen=True)
class Prepared:
    """What is timed, and how to see what it computes.

    Attributes:
        call: runs the workload once.
        results: runs it once and returns its outputs.
        memory: what the contestant uses without keeping it alive itself.
    """

    call: Callable[[], object]
    results: Callable[[], Arrays]
    memory: object = None
