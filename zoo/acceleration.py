"""The graph pass from Python: a scripted module whose recurrent layers run in the fused engine."""

from __future__ import annotations

import json
from typing import Any, Literal

import torch

from zoo.ops import load_library, operators
from zoo.artifact.torchscript import without_notices

Precision = Literal["fp32", "bf16", "int8"]


class AccelerationError(ValueError):
    """A module that cannot be accelerated, with the reason."""


def accelerate(
    scripted: torch.jit.ScriptModule, precision: Precision = "fp32", *, requantize: bool = False
) -> torch.jit.ScriptModule:
    """Return a copy of a scripted module whose LSTM, GRU and RNN layers run in the fused engine.

    It is the pass that `cpp_runner` runs when it loads a file. Layers whose weights are constants are fused; others
    stay as they are. The copy is frozen, computes on the CPU, and takes and gives what the original does.

    Args:
        scripted: what `torch.jit.script`, `torch.jit.trace` or `torch.jit.load` gave, in eval mode.
        precision: of the packed weights, "fp32", "bf16" or "int8" (activations as they come, 8 bits for each row).
        requantize: fuse also the layers that PyTorch quantized to int8, in the engine's own int8.

    Returns:
        The module; its attribute `acceleration` is a dict that tells what was fused, what was left, and why.

    Raises:
        AccelerationError: it is no scripted module, is in training mode, or has nothing that could be fused.
    """
    if not isinstance(scripted, torch.jit.ScriptModule):
        raise AccelerationError(
            f"zoo.accelerate takes a scripted module, got {type(scripted).__name__}; call torch.jit.script first"
        )
    if getattr(scripted, "training", False):  # a frozen module has no such attribute
        raise AccelerationError("the module is in training mode; call .eval() before zoo.accelerate")
    if precision not in ("fp32", "bf16", "int8"):
        raise AccelerationError(f"precision must be fp32, bf16 or int8, got {precision!r}")
    operators()
    load_library("libzoo_acceleration.so")
    module, text = torch.ops.zoo_runner.accelerate(scripted._c, precision, requantize)
    report = json.loads(text)
    if report["refusal"]:
        reasons = "; ".join(f"{left['op']}: {left['reason']}" for left in report["left"])
        raise AccelerationError(f"nothing was fused: {report['refusal']}" + (f" ({reasons})" if reasons else ""))
    with without_notices():
        accelerated: Any = torch.jit._recursive.wrap_cpp_module(module)
    accelerated.acceleration = report
    return accelerated
