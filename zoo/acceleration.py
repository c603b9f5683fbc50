"""The graph pass from Python: it makes the recurrent layers of a scripted module run in the fused engine."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, get_args

import torch

from zoo.artifact.torchscript import without_notices
from zoo.config.precision import Precision
from zoo.errors import ZooError
from zoo.ops import load_library, operators


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
    scripted: torch.jit.ScriptModule, precision: Precision = "fp32", *, requantize: bool = False
) -> AcceleratedModule:
    """Return a copy of a scripted module whose LSTM, GRU and RNN layers run in the fused engine.

    `cpp_runner` runs the same pass when it loads a file. Layers whose weights are constants are fused; others stay as
    they are. The copy is frozen, computes in float32 on the CPU, and has the inputs and outputs of the original.

    A module is refused where freezing could change what it computes: it keeps state in an object of a script class,
    changes a submodule or a tensor that it holds under two names, or a tensor in a list, dict or tuple, changes state
    in a `torch.jit.fork` or waits for one through a list, a branch or a loop, has forward hooks, changes running
    statistics, or uses `torch.autocast`.

    Args:
        scripted: a module from `torch.jit.script`, `torch.jit.trace` or `torch.jit.load`, in eval mode.
        precision: of the packed weights, "fp32", "bf16" or "int8". With int8, each row of activations is quantized to
            8 bits in every call.
        requantize: also fuse the layers that PyTorch quantized to int8, in the engine's own int8.

    Returns:
        The module. Its attribute `acceleration` is a dict that says what was fused, what was left, and why.

    Raises:
        AccelerationError: the module is not scripted, is in training mode, is one of those refused, or has no layer
            that can be fused.
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
    return _wrap(module, report)
