"""Recurrent nets built in Python, proved and run in C++.

    from zoo import build, save_artifact
    model = build("lstm_classifier", input_size=12, num_classes=9)
    save_artifact(model, "model.pt")

Importing this package is light: torch is imported with the first name used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.acceleration import AccelerationError, accelerate
    from zoo.artifact import load_artifact, save_artifact
    from zoo.checkpoint import save_checkpoint
    from zoo.cost import summary
    from zoo.decoding import decode_ctc
    from zoo.factory import build, list_models, load_checkpoint, register_model
    from zoo.artifact.golden import Sample
    from zoo.init import Init, init_weights_, list_inits, register_init
    from zoo.installation import cmake_prefix_path
    from zoo.artifact.own_model import build_own_model
    from zoo.quantization import list_recipes, quantize
    from zoo.artifact.signature import TensorSpec
    from zoo.weights import load_weights_

_HOMES = {
    "AccelerationError": "zoo.acceleration",
    "accelerate": "zoo.acceleration",
    "build": "zoo.factory",
    "list_models": "zoo.factory",
    "register_model": "zoo.factory",
    "summary": "zoo.cost",
    "decode_ctc": "zoo.decoding",
    "Init": "zoo.init",
    "init_weights_": "zoo.init",
    "register_init": "zoo.init",
    "list_inits": "zoo.init",
    "load_weights_": "zoo.weights",
    "load_checkpoint": "zoo.factory",
    "save_checkpoint": "zoo.checkpoint",
    "build_own_model": "zoo.artifact.own_model",
    "TensorSpec": "zoo.artifact.signature",
    "Sample": "zoo.artifact.golden",
    "quantize": "zoo.quantization",
    "list_recipes": "zoo.quantization",
    "cmake_prefix_path": "zoo.installation",
    "save_artifact": "zoo.artifact",
    "load_artifact": "zoo.artifact",
}

__all__ = [
    "AccelerationError",
    "Init",
    "Sample",
    "TensorSpec",
    "accelerate",
    "build",
    "build_own_model",
    "cmake_prefix_path",
    "decode_ctc",
    "init_weights_",
    "list_inits",
    "list_models",
    "list_recipes",
    "load_artifact",
    "load_checkpoint",
    "load_weights_",
    "quantize",
    "register_init",
    "register_model",
    "save_artifact",
    "save_checkpoint",
    "summary",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
