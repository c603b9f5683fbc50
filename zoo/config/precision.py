"""The precisions in which the fused engine keeps packed weights."""

from __future__ import annotations

from typing import Literal

Precision = Literal["fp32", "bf16", "int8"]

BYTES_PER_WEIGHT: dict[Precision, int] = {"fp32": 4, "bf16": 2, "int8": 1}
