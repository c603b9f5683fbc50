"""The graph pass from Python: it makes the recurrent layers of a scripted module run in the fused engine."""

from __future__ import annotations

import json
from typing import Any, get_args

import torch

from zoo.artifact.torchscript import without_notices
from zoo.config.precision import Precision
from zoo.errors import ZooError
from zoo.ops import load_library, operators


class AccelerationError(ZooError, ValueError):
    """A module cannot be accelerated; the message says why."""


def accelerate(
    scripted: torch.jit.ScriptModule, precision: Precision = "fp32", *, requantize: bool = False
) -> torch.jit.ScriptModule:
    """Return a copy of a scripted module whose LSTM, GRU and RNN layers run in the fused engine.

    `cpp_runner` runs the same pass when it loads a file. Layers whose weights are constants are fused; others stay as
    they are. The copy is frozen, computes on the CPU, and has the inputs and outputs of the original.

    Args:
        scripted: a module from `torch.jit.script`, `torch.jit.trace` or `torch.jit.load`, in eval mode.
        precision: of the packed weights, "fp32", "bf16" or "int8". With int8, each row of activations is quantized to
            8 bits in every call.
        requantize: also fuse the layers that PyTorch quantized to int8, in the engine's own int8.

    Returns:
        The module. Its attribute `acceleration` is a dict that says what was fused, what was left, and why.

    Raises:
        AccelerationError: the module is not scripted, is in training mode, or has no layer that can be fused.
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
    with without_notices():
        accelerated: Any = torch.jit._recursive.wrap_cpp_module(module)
    accelerated.acceleration = report
    return accelerated
