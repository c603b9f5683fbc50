"""What the machine can do at best: how fast it reads so many bytes again and again, how fast it multiplies.

Both come from torch's own vector code, which reaches the hardware's figures: the sum of a block of memory that a view
repeats, so that one call reads it for a millisecond; a large matrix product, in the precision of the weights.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import torch

_PAGE = 4096
_BYTES_OF_A_CALL = 16 << 20
_PRODUCT_SIZE = 512
_SECONDS = 0.06


def read_bandwidth(num_bytes: int, threads: int) -> float:
    """Bytes per second at which `threads` threads together read `num_bytes` again and again, each its share."""
    share = -(-num_bytes // threads)
    return _read_bandwidth(-(-share // _PAGE) * _PAGE, threads)


@functools.cache
def _read_bandwidth(num_bytes: int, threads: int) -> float:
    repeats = max(threads, _BYTES_OF_A_CALL // num_bytes)
    length = num_bytes // 4
    with torch.inference_mode():
        # All rows of the view are the same memory, and each thread sums some of them.
        block = torch.zeros(length).as_strided((repeats, length), (0, 1))
        seconds = _best_seconds(lambda: block.sum(1))
    return repeats * num_bytes / seconds


@functools.cache
def multiply_add_rate(precision: str, threads: int) -> float:
    """Multiply-adds per second of a matrix product in "fp32", "bf16" or "int8", with `threads` threads."""
    del threads  # torch has them already; part of the key
    size = _PRODUCT_SIZE
    with torch.inference_mode():
        if precision == "int8":
            a = torch.randint(-100, 100, (size, size), dtype=torch.int8)
            seconds = _best_seconds(lambda: torch._int_mm(a, a))
        else:
            b = torch.randn(size, size, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
            seconds = _best_seconds(lambda: torch.mm(b, b))
    return size**3 / seconds


def _best_seconds(call: Callable[[], object]) -> float:
    """The fastest call in a while: a limit is what is possible when nothing disturbs."""
    call()
    best, end = float("inf"), time.perf_counter() + _SECONDS
    while time.perf_counter() < end or best == float("inf"):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best
