"""How close two results must be: |a - b| <= atol + rtol * |b|. The manifest carries this one table to C++."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Tolerance:
    """|a - b| <= max(atol, of_range * (largest b - smallest b)) + rtol * |b|.

    Besides, where they are above 0, |a - b| <= of_rounding * the cap of its feature (zoo/artifact/rounding.py), and
    |a - b| <= of_feature_range * the range of its feature (zoo/artifact/features.py).
    """

    atol: float
    rtol: float
    of_range: float = 0.0
    of_rounding: float = 0.0
    of_feature_range: float = 0.0

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class ErrorLimit:
    """How far a recipe may move the outputs of the float model.

    Args:
        max_of_range: largest difference over the range (maximum - minimum) of the float outputs.
        rms_of_std: root mean square difference over the standard deviation of the float outputs. Outputs that are whole
            numbers are right or wrong, and this is the share of them that may change.
        of_feature: each feature alone, by its own range and deviation, may take this many times both.
    """

    max_of_range: float
    rms_of_std: float
    # The features of one model differ: of the zoo's models within the limit, the worst takes 7.5 times it.
    of_feature: float = 10.0


# |a - b| <= max(1e-6, what the model's own rounding allows) + 1e-6 |b|; see zoo/artifact/rounding.py.
FP32 = Tolerance(1e-6, 1e-6)
# For sums in another order, as with another batch size or in the fused engine. Their rounding error grows with the
# summed values, so the absolute part is 1e-6 * max(1, range of the output).
FP32_REGROUPED = Tolerance(1e-6, 1e-6, 1e-6)
# The functions of another device are less exact, so features may take 10 times the cap, and 100 times it with cuDNN.
CUDA = Tolerance(1e-5, 1.3e-6, of_rounding=10.0)
# cuDNN's own tanh and sigmoid are off by 2e-6 (LSTM) to 7e-6 (RNN) in each step; the worst of 18 models was 1.2e-5 of
# the range. `verify` on CUDA proves the model without cuDNN, and then holds cuDNN to this.
CUDNN = Tolerance(1e-5, 1.3e-6, 5e-5, 100.0)
INT8_REPLAY = Tolerance(1e-5, 0.0)
# For chunks and batches of a model in the engine's bf16 or int8, where no front end rounds otherwise.
STEADY = Tolerance(1e-5, 1e-5)

# Against the float model.
BF16_LIMIT = ErrorLimit(max_of_range=0.02, rms_of_std=0.005)
FLOAT16_LIMIT = ErrorLimit(max_of_range=0.02, rms_of_std=0.005)
INT8_LIMIT = ErrorLimit(max_of_range=0.04, rms_of_std=0.02)


def precision_table(atol_of: dict[str, float]) -> dict[str, dict[str, Any]]:
    """Return the manifest's table for the fused engine's precisions.

    `atol_of` is what the model's rounding allows each output and state, by name.

    Each precision has `whole`, how far a whole sequence may be from the golden samples, and `regrouped`, the tolerance
    of streams and batches against its own whole sequence. For int8 `regrouped` is None and `whole` bounds both, because
    a rounding difference in the front end can move an activation to the next of 256 levels.
    """
    return {
        "fp32": dict.fromkeys(("whole", "regrouped"), _with(replace(FP32_REGROUPED, of_rounding=1.0), atol_of)),
        "bf16": {"whole": asdict(BF16_LIMIT), "regrouped": _with(Tolerance(1e-5, 1e-5, 0.0, 10.0), atol_of)},
        "int8": {"whole": asdict(INT8_LIMIT), "regrouped": None},
    }


def tolerance_table(
    replay: Tolerance, regrouped: Tolerance | None, atol_of: dict[str, float], feature_error: float = 0.0
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the manifest's table: per device, for the replay of golden samples, for streams and for batches.

    Args:
        replay: C++ against Python, on whole sequences.
        regrouped: the same sequence in chunks, or its rows in other batches; None where `atol_of` alone bounds it.
        atol_of: absolute tolerance of each output and state by name: what its rounding allows, or a recipe's error.
        feature_error: what a recipe's error is for each feature of the output, of its range; where `regrouped` is None.
    """
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for device, floor in (("cpu", Tolerance(0.0, 0.0, 0.0, 1.0)), ("cuda", CUDA)):
        if regrouped is None:
            recipe = Tolerance(0.0, 0.0, of_feature_range=feature_error)
            chunked: dict[str, Any] = {**recipe.to_dict(), "atol_of": atol_of}
            whole: dict[str, Any] = _wider(replay, floor).to_dict()
        else:
            chunked = _with(_wider(regrouped, floor), atol_of)
            whole = _with(_wider(replay, floor), atol_of)
        table[device] = {"replay": whole, "stream": chunked, "batch": chunked}
    table["cuda"]["cudnn"] = _with(_wider(replay, CUDNN), {} if regrouped is None else atol_of)
    return table


def _with(tolerance: Tolerance, atol_of: dict[str, float]) -> dict[str, Any]:
    """Return a tolerance for the manifest, with an absolute part for each name that is at least its own."""
    return {**tolerance.to_dict(), "atol_of": {name: max(tolerance.atol, atol) for name, atol in atol_of.items()}}


def _wider(a: Tolerance, b: Tolerance) -> Tolerance:
    return Tolerance(*(max(pair) for pair in zip(astuple(a), astuple(b), strict=True)))
