"""Features: the numbers that share an index of the last dimension, such as one target, class or hidden unit.

Each is judged by its own size, because a large one beside it would hide what becomes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact.golden import GoldenSample
from zoo.artifact.signature import run_contract
from zoo.config.tensor_spec import TensorSpec

# Fewer values have no meaningful spread, and then their size is the measure; `cpp_runner verify` does the same.
FEW = 16
# Of its largest value: a feature with a smaller range is constant but for rounding.
STILL = 1e-6
# Classes or hidden units share a unit, so that one which hardly moves weighs little: of what all of them do together.
SHARED = 0.1
# Of the median size: a class that is masked by -1e9 says nothing of the others.
FAR = 100.0
# More outputs than this, if nothing says what they are, are taken for classes or hidden units.
MANY = 16


@dataclass(frozen=True)
class FeatureSizes:
    """How much each feature moves, (features,) in float64; never 0.

    Args:
        range: maximum - minimum.
        deviation: the standard deviation.
    """

    range: Tensor
    deviation: Tensor


def count_features(spec: TensorSpec) -> int:
    """Return the size of the last dimension, or 1 where that is the batch, the time or free."""
    last = spec.dims[-1]
    return last if isinstance(last, int) and last > 0 else 1


def count_scores(config: Any) -> int:
    """Return how many scores a model of this configuration gives a row or step; 0 where it gives other numbers."""
    for field in ("num_classes", "num_labels"):
        if isinstance(count := getattr(config, field, None), int):
            return count
    return 0


def share_unit(model: nn.Module, count: int) -> bool:
    """Return whether so many outputs of a model are in one unit, as scores are, rather than in a unit each."""
    if any(hasattr(module, "set_units") for module in model.modules()):  # zoo/models/units.py, a layer above this one
        return False
    return count > MANY or count == count_scores(getattr(model, "config", None))


def measure_sizes(values: Tensor, *, shared: bool) -> FeatureSizes:
    """Measure features; a constant one has the size of its value, or of the others where it is zero.

    Args:
        values: (values, features) in float64.
        shared: whether all are in one unit: then none counts as less than a tenth of what all do together.
    """
    size, span = values.abs().amax(0), values.amax(0) - values.amin(0)
    few = len(values) < FEW
    still = (size == 0) if few else (span <= STILL * size)
    near = values[:, size <= FAR * size.median()]

    def fill(measured: Tensor, together: Tensor) -> Tensor:
        typical = measured[~still].median() if not still.all() else size.max() if size.any() else size.new_ones(())
        if shared:
            measured = measured.clamp_min(SHARED * float(typical.maximum(together)))
        constant = size.maximum(typical) if shared else torch.where(size > 0, size, typical)
        return torch.where(still, constant, measured)

    largest = near.abs().max()
    return FeatureSizes(
        fill(size if few else span, largest if few else near.max() - near.min()),
        fill(size if few else values.std(0), largest if few else near.std()),
    )


@torch.no_grad()
def worst_share(module: Any, golden: Sequence[GoldenSample], allowed: Sequence[Tensor | None]) -> float:
    """Return the largest difference between a module's results and the recorded ones, over what their features allow.

    Args:
        module: keeps the contract.
        golden: what was recorded.
        allowed: (features,) for the output and each state; None where there is no such rule.
    """
    worst = 0.0
    for sample in golden:
        output, state = run_contract(module, sample.sample.input, sample.sample.lengths)
        for got, wanted, most in zip((output, *state), (sample.output, *sample.state), allowed, strict=True):
            if most is not None and got.numel():
                off = (got.double() - wanted.double()).abs().reshape(-1, len(most)).amax(0)
                worst = max(worst, float((off / most).max()))
    return worst
