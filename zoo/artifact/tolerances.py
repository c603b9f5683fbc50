"""How close two results must be: |a - b| <= atol + rtol * |b|. The manifest carries this one table to C++."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Tolerance:
    """|a - b| <= max(atol, of_range * (largest b - smallest b)) + rtol * |b|."""

    atol: float
    rtol: float
    of_range: float = 0.0

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class ErrorLimit:
    """How far a recipe may move the outputs of the float model.

    Args:
        max_of_range: largest difference over the range (maximum - minimum) of the float outputs.
        rms_of_std: root mean square difference over the standard deviation of the float outputs.
    """

    max_of_range: float
    rms_of_std: float


FP32 = Tolerance(1e-6, 1e-6)
# For sums in another order, as with another batch size or in the fused engine. Their rounding error grows with the
# summed values, so the absolute part is 1e-6 * max(1, range of the output).
FP32_REGROUPED = Tolerance(1e-6, 1e-6, 1e-6)
CUDA = Tolerance(1e-5, 1.3e-6)
INT8_REPLAY = Tolerance(1e-5, 0.0)

# Against the float model.
BF16_LIMIT = ErrorLimit(max_of_range=0.02, rms_of_std=0.005)
FLOAT16_LIMIT = ErrorLimit(max_of_range=0.02, rms_of_std=0.005)
INT8_LIMIT = ErrorLimit(max_of_range=0.04, rms_of_std=0.02)


def precision_table() -> dict[str, dict[str, Any]]:
    """Return the manifest's table for the fused engine's precisions.

    Each precision has `whole`, how far a whole sequence may be from the golden samples, and `regrouped`, the tolerance
    of streams and batches against its own whole sequence. For int8 `regrouped` is None and `whole` bounds both, because
    a rounding difference in the front end can move an activation to the next of 256 levels.
    """
    return {
        "fp32": {"whole": FP32_REGROUPED.to_dict(), "regrouped": FP32_REGROUPED.to_dict()},
        "bf16": {"whole": asdict(BF16_LIMIT), "regrouped": Tolerance(1e-5, 1e-5).to_dict()},
        "int8": {"whole": asdict(INT8_LIMIT), "regrouped": None},
    }


def tolerance_table(
    replay: Tolerance, regrouped: Tolerance | None, error_of: dict[str, float] | None = None
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the manifest's table: per device, for the replay of golden samples, for streams and for batches.

    Args:
        replay: C++ against Python, on whole sequences.
        regrouped: the same sequence in chunks, or its rows in other batches; None where `error_of` bounds it.
        error_of: absolute tolerance of each output and state by name, instead of `regrouped`.
    """
    table = {}
    for device, floor in (("cpu", Tolerance(0.0, 0.0)), ("cuda", CUDA)):
        if regrouped is None:
            chunked: dict[str, Any] = {"atol": 0.0, "rtol": 0.0, "atol_of": dict(error_of or {})}
        else:
            chunked = _wider(regrouped, floor).to_dict()
        table[device] = {"replay": _wider(replay, floor).to_dict(), "stream": chunked, "batch": chunked}
    return table


def _wider(a: Tolerance, b: Tolerance) -> Tolerance:
    return Tolerance(max(a.atol, b.atol), max(a.rtol, b.rtol), max(a.of_range, b.of_range))
