"""The gate functions of the kernels over the whole float range."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from zoo.ops import operators

ops = operators()

MOST_ULP = {"sigmoid": 2.5, "tanh": 2.5, "refined_tanh": 1.45}  # stated in zoo/csrc/kernels/gate_functions.h


def every_nth_float(step: int) -> np.ndarray:
    """Floats by their bits: all exponents, both signs, denormals, infinities and NaN."""
    return np.arange(0, 2**32, step, dtype=np.uint64).astype(np.uint32).view(np.float32)


def ulp_error(result: np.ndarray, exact: np.ndarray) -> float:
    """Largest distance from the exact value, in units of its last place; 0 where both are NaN."""
    assert np.array_equal(np.isnan(result), np.isnan(exact))
    rounded = np.abs(exact.astype(np.float32))
    unit = np.nextafter(rounded, np.float32(np.inf)) - rounded
    return float(np.nanmax(np.abs(result.astype(np.float64) - exact) / unit))


def exact_sigmoid(x: np.ndarray) -> np.ndarray:
    wide = x.astype(np.float64)
    e = np.exp(-np.abs(wide))
    return np.where(wide >= 0, 1, e) / (1 + e)


def exact_tanh(x: np.ndarray) -> np.ndarray:
    return np.tanh(x.astype(np.float64))


@pytest.mark.parametrize(
    ("name", "exact"), [("sigmoid", exact_sigmoid), ("tanh", exact_tanh), ("refined_tanh", exact_tanh)]
)
def test_largest_error_over_all_floats(isa, name, exact):
    special = np.float32([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, -3.4e38])
    x = np.concatenate([every_nth_float(4001), np.linspace(-110, 110, 400_001, dtype=np.float32), special])
    with np.errstate(invalid="ignore", under="ignore"):
        result = getattr(ops, name)(torch.from_numpy(x)).numpy()
        assert ulp_error(result, exact(x)) <= MOST_ULP[name]


@pytest.mark.parametrize("name", MOST_ULP)
def test_all_instruction_sets_agree_to_the_bit(isa, name):
    x = torch.from_numpy(every_nth_float(40_009))
    result = getattr(ops, name)(x)
    ops.force_isa("portable")
    expected = getattr(ops, name)(x)
    finite = ~x.isnan()
    assert torch.equal(result[finite], expected[finite])


def test_special_values():
    x = torch.tensor([0.0, -0.0, float("inf"), float("-inf")])
    assert ops.sigmoid(x).tolist() == [0.5, 0.5, 1.0, 0.0]
    for tanh in (ops.tanh, ops.refined_tanh):
        assert tanh(x).tolist() == [0.0, 0.0, 1.0, -1.0]
        assert tanh(x).signbit().tolist() == [False, True, False, True]


def test_any_count(isa):
    for count in range(40):
        x = torch.linspace(-3, 3, count)
        assert torch.equal(ops.tanh(x), ops.tanh(torch.cat([x, torch.zeros(40)]))[:count])
