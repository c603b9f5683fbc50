"""The limits of the machine: how fast it reads the same bytes repeatedly, and how fast it multiplies and adds.

Both are measured with torch's vector code, which reaches the hardware's figures. Reading is the sum of a block of
memory that a view repeats, so that one call takes about a millisecond. Multiplying is a large matrix product in the
precision of the weights.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import torch

from zoo.config.precision import Precision

_PAGE = 4096
_BYTES_OF_A_CALL = 16 << 20
_PRODUCT_SIZE = 512
_SECONDS = 0.06


def read_bandwidth(num_bytes: int, threads: int) -> float:
    """Return the bytes per second at which `threads` threads together read `num_bytes` repeatedly, each its share."""
    share = -(-num_bytes // threads)
    return _read_bandwidth(-(-share // _PAGE) * _PAGE, threads)


@functools.cache
def _read_bandwidth(num_bytes: int, threads: int) -> float:
    repeats = max(threads, _BYTES_OF_A_CALL // num_bytes)
    length = num_bytes // 4
    with torch.inference_mode():
        # All rows of the view are the same memory. Each thread sums some of the rows.
        block = torch.zeros(length).as_strided((repeats, length), (0, 1))
        seconds = _best_seconds(lambda: block.sum(1))
    return repeats * num_bytes / seconds


@functools.cache
def multiply_add_rate(precision: Precision, threads: int) -> float:
    """Return the multiply-adds per second of a matrix product in this precision with `threads` threads."""
    del threads  # `kept_to` has set them in torch; here they are part of the cache's key
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
    """Return the seconds of the fastest call: a limit is what is possible when nothing disturbs."""
    call()
    best, end = float("inf"), time.perf_counter() + _SECONDS
    while time.perf_counter() < end or best == float("inf"):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best
