"""The graph pass from Python: it makes the recurrent layers of a scripted module run in the fused engine."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Sequence
from typing import Any, get_args

import torch

from zoo.artifact.torchscript import without_notices
from zoo.config.precision import Precision
from zoo.errors import ZooError
from zoo.ops import load_library, operators

# Far above what rounding in that precision makes, and far below what a wrong program makes.
CHECK_TOLERANCES = {"fp32": 1e-4, "bf16": 0.1, "int8": 0.3}


class AccelerationError(ZooError, ValueError):
    """A module cannot be accelerated; the message says why."""


class AcceleratedModule(torch.jit.RecursiveScriptModule):
    """What `accelerate` returns. Its attribute `acceleration` says what was fused, what was left, and why."""

    acceleration: dict[str, Any]

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> AcceleratedModule:
        """Refuse `half`, `double`, `cuda`, `to` and the like: they would reach no weight of a frozen module."""
        probe = fn(torch.zeros(1))
        if probe.dtype != torch.float32 or probe.device.type != "cpu":
            raise AccelerationError(
                f"an accelerated module computes in float32 on the CPU, asked for {probe.dtype} on {probe.device}; "
                "convert the module from which it was made"
            )
        return self

    def train(self, mode: bool = True) -> AcceleratedModule:
        if mode:
            raise AccelerationError("an accelerated module has no training mode; train the one from which it was made")
        return self

    def __deepcopy__(self, memo: dict[int, Any] | None) -> AcceleratedModule:
        return _wrap(copy.deepcopy(self._c, memo), copy.deepcopy(self.acceleration, memo))


def _wrap(module: Any, report: dict[str, Any]) -> AcceleratedModule:
    with without_notices():
        wrapped: Any = torch.jit._recursive.wrap_cpp_module(module)
    wrapped.__class__ = AcceleratedModule
    wrapped.acceleration = report
    accelerated: AcceleratedModule = wrapped
    return accelerated


def accelerate(
    scripted: torch.jit.ScriptModule,
    precision: Precision = "fp32",
    *,
    requantize: bool = False,
    check: Sequence[Sequence[Any]] = (),
) -> AcceleratedModule:
    """Return a copy of a scripted module whose LSTM, GRU and RNN layers run in the fused engine.

    `cpp_runner` runs the same pass when it loads a file. Layers whose weights are constants are fused; others stay as
    they are. Log-mel features and convolutions in float64 are fused too (`cpp_runner/README.md`). The copy is frozen,
    computes in float32 on the CPU, and has the inputs and outputs of the original.

    A module is refused where freezing could change what it computes: it keeps state in an object of a script class,
    changes a submodule or a tensor that it holds under two names, or a tensor in a list, dict or tuple, changes state
    in a `torch.jit.fork` or waits for one through a list, a branch or a loop, has forward hooks, changes running
    statistics, or uses `torch.autocast`.

    Args:
        scripted: a module from `torch.jit.script`, `torch.jit.trace` or `torch.jit.load`, in eval mode.
        precision: of the packed weights, "fp32", "bf16" or "int8". With int8, each row of activations is quantized to
            8 bits in every call.
        requantize: also fuse the layers that PyTorch quantized to int8, in the engine's own int8.
        check: the arguments of a few calls, one after the other. Copies of both modules run them, and what they give is
            compared: to 1e-4 of the range of each result in fp32, 0.1 in bf16 and 0.3 in int8.

    Returns:
        The module. Its attribute `acceleration` is a dict that says what was fused, what was left, and why.

    Raises:
        AccelerationError: the module is not scripted, is in training mode, is one of those refused, has no layer that
            can be fused, or gives other results for `check`.
    """
    if not isinstance(scripted, torch.jit.ScriptModule):
        raise AccelerationError(
            f"zoo.accelerate takes a scripted module, got {type(scripted).__name__}; call torch.jit.script first"
        )
    if getattr(scripted, "training", False):  # a frozen module has no such attribute
        raise AccelerationError("the module is in training mode; call .eval() before zoo.accelerate")
    if precision not in get_args(Precision):
        raise AccelerationError(f"precision must be one of {', '.join(get_args(Precision))}; got {precision!r}")
    operators()
    load_library("libzoo_acceleration.so")
    module, text = torch.ops.zoo.accelerate(scripted._c, precision, requantize)
    report = json.loads(text)
    if report["refusal"]:
        reasons = "; ".join(f"{left['op']}: {left['reason']}" for left in report["left"])
        raise AccelerationError(f"nothing was fused: {report['refusal']}" + (f" ({reasons})" if reasons else ""))
    accelerated = _wrap(module, report)
    if check:
        tolerance = CHECK_TOLERANCES["int8" if requantize else precision]
        _compare(copy.deepcopy(scripted), copy.deepcopy(accelerated), check, tolerance)
    return accelerated


@torch.no_grad()
def _compare(scripted: Any, accelerated: Any, calls: Sequence[Sequence[Any]], tolerance: float) -> None:
    """Run calls in both modules, and refuse results that differ by more than rounding makes.

    Args:
        calls: the arguments of each call.
        tolerance: the share of a result's range.
    """
    for k, arguments in enumerate(calls):
        expected = _tensors(scripted(*copy.deepcopy(arguments)))
        actual = _tensors(accelerated(*copy.deepcopy(arguments)))
        for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
            off = _share_of_range(a, b)
            if not off <= tolerance:
                raise AccelerationError(
                    f"the fused engine gives something else: tensor {i} of call {k} is off by {off:.3g} of its range, "
                    f"more than {tolerance:g}; use the module as it is"
                )


def _tensors(result: Any) -> list[torch.Tensor]:
    """Return the tensors in tuples, lists and dicts, in order."""
    if isinstance(result, torch.Tensor):
        return [result]
    parts = result.values() if isinstance(result, dict) else result if isinstance(result, tuple | list) else ()
    return [tensor for part in parts for tensor in _tensors(part)]


def _share_of_range(actual: torch.Tensor, expected: torch.Tensor) -> float:
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        return float("inf")
    a, b = actual.double(), expected.double()
    same = (a == b) | (a.isnan() & b.isnan())
    if bool(same.all()):
        return 0.0
    finite = b[b.isfinite()]
    distance = float((a - b)[~same].abs().max())
    if finite.numel() == 0 or not math.isfinite(distance):
        return float("inf")
    # Where all values are nearly the same, their size is the measure.
    return distance / max(float(finite.max() - finite.min()), 1e-3 * float(finite.abs().max()), 1e-30)
