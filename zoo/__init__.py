"""Recurrent nets built in Python, proved and run in C++.

    from zoo import build, save_artifact
    model = build("lstm_classifier", input_size=12, num_classes=9)
    save_artifact(model, "model.pt")

Importing this package is light: torch is imported when a name is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

_HOMES = {
    "AccelerationError": "zoo.acceleration",
    "ArgumentError": "zoo.errors",
    "ArtifactError": "zoo.artifact.manifest",
    "Bundle": "zoo.bundle",
    "BundleError": "zoo.bundle",
    "CellSpec": "zoo.config.cells",
    "CheckpointError": "zoo.checkpoint",
    "ConfigError": "zoo.config.faults",
    "ContractError": "zoo.artifact.signature",
    "Diagnosis": "zoo.diagnostics.diagnosis",
    "ImportedModel": "zoo.importing.importing",
    "Init": "zoo.init.options",
    "InitError": "zoo.init.options",
    "LoadedArtifact": "zoo.artifact.loading",
    "Model": "zoo.model",
    "OnnxError": "zoo.onnx_export.graph",
    "OnnxModel": "zoo.onnx_export.running",
    "QuantizationRecord": "zoo.model",
    "Recipe": "zoo.quantization",
    "RecipeError": "zoo.quantization",
    "RecipeReport": "zoo.quantization",
    "RecurrentModel": "zoo.model",
    "RegistrationError": "zoo.errors",
    "Sample": "zoo.artifact.golden",
    "SampleError": "zoo.artifact.golden",
    "SavedArtifact": "zoo.artifact.saving",
    "SavedOnnx": "zoo.onnx_export.exporting",
    "ScriptError": "zoo.artifact.torchscript",
    "Summary": "zoo.cost",
    "TensorSpec": "zoo.config.tensor_spec",
    "UnknownModelError": "zoo.registry",
    "WeightsError": "zoo.weights.errors",
    "ZooError": "zoo.errors",
    "accelerate": "zoo.acceleration",
    "attention_weights": "zoo.diagnostics.attention",
    "build": "zoo.factory",
    "build_own_model": "zoo.artifact.own_model",
    "cmake_prefix_path": "zoo.installation",
    "compare_recipes": "zoo.quantization",
    "decode_ctc": "zoo.decoding",
    "diagnose": "zoo.diagnostics.diagnosis",
    "draw_recipes": "zoo.quantization",
    "export_onnx": "zoo.onnx_export.exporting",
    "fake_quantized": "zoo.quantization",
    "find_model": "zoo.factory",
    "find_recipe": "zoo.quantization",
    "find_runner": "zoo.installation",
    "fit": "zoo.training.fitting",
    "import_model": "zoo.importing.importing",
    "init_weights_": "zoo.init.filling",
    "layers_to_onnx": "zoo.onnx_export.bare_layers",
    "list_inits": "zoo.init.schemes",
    "list_models": "zoo.factory",
    "list_recipes": "zoo.quantization",
    "load_artifact": "zoo.artifact.loading",
    "load_checkpoint": "zoo.factory",
    "load_onnx": "zoo.onnx_export.running",
    "load_weights_": "zoo.weights.loading",
    "make_ngram": "zoo.ngram",
    "quantize": "zoo.quantization",
    "record_gates": "zoo.diagnostics.gates",
    "register_cell": "zoo.factory",
    "register_init": "zoo.init.schemes",
    "register_model": "zoo.factory",
    "register_recipe": "zoo.quantization",
    "save_artifact": "zoo.artifact.saving",
    "save_checkpoint": "zoo.checkpoint",
    "search_ctc": "zoo.prefix_search",
    "set_statistics_": "zoo.models.standardizing",
    "set_units_": "zoo.models.units",
    "step_mask": "zoo.models.padding",
    "summary": "zoo.cost",
    "verify_onnx": "zoo.onnx_export.verification",
    "write_bundle": "zoo.bundle",
}

__all__ = sorted(_HOMES)
__version__ = "0.1.0"

if TYPE_CHECKING:  # the same names for type checkers; a test compares them with _HOMES
    from zoo.acceleration import AccelerationError as AccelerationError
    from zoo.acceleration import accelerate as accelerate
    from zoo.artifact.golden import Sample as Sample
    from zoo.artifact.golden import SampleError as SampleError
    from zoo.artifact.loading import LoadedArtifact as LoadedArtifact
    from zoo.artifact.loading import load_artifact as load_artifact
    from zoo.artifact.manifest import ArtifactError as ArtifactError
    from zoo.artifact.own_model import build_own_model as build_own_model
    from zoo.artifact.saving import SavedArtifact as SavedArtifact
    from zoo.artifact.saving import save_artifact as save_artifact
    from zoo.artifact.signature import ContractError as ContractError
    from zoo.artifact.torchscript import ScriptError as ScriptError
    from zoo.bundle import Bundle as Bundle
    from zoo.bundle import BundleError as BundleError
    from zoo.bundle import write_bundle as write_bundle
    from zoo.checkpoint import CheckpointError as CheckpointError
    from zoo.checkpoint import save_checkpoint as save_checkpoint
    from zoo.config.cells import CellSpec as CellSpec
    from zoo.config.faults import ConfigError as ConfigError
    from zoo.config.tensor_spec import TensorSpec as TensorSpec
    from zoo.cost import Summary as Summary
    from zoo.cost import summary as summary
    from zoo.decoding import decode_ctc as decode_ctc
    from zoo.diagnostics.attention import attention_weights as attention_weights
    from zoo.diagnostics.diagnosis import Diagnosis as Diagnosis
    from zoo.diagnostics.diagnosis import diagnose as diagnose
    from zoo.diagnostics.gates import record_gates as record_gates
    from zoo.errors import ArgumentError as ArgumentError
    from zoo.errors import RegistrationError as RegistrationError
    from zoo.errors import ZooError as ZooError
    from zoo.factory import build as build
    from zoo.factory import find_model as find_model
    from zoo.factory import list_models as list_models
    from zoo.factory import load_checkpoint as load_checkpoint
    from zoo.factory import register_cell as register_cell
    from zoo.factory import register_model as register_model
    from zoo.importing.importing import ImportedModel as ImportedModel
    from zoo.importing.importing import import_model as import_model
    from zoo.init.filling import init_weights_ as init_weights_
    from zoo.init.options import Init as Init
    from zoo.init.options import InitError as InitError
    from zoo.init.schemes import list_inits as list_inits
    from zoo.init.schemes import register_init as register_init
    from zoo.installation import cmake_prefix_path as cmake_prefix_path
    from zoo.installation import find_runner as find_runner
    from zoo.model import Model as Model
    from zoo.model import QuantizationRecord as QuantizationRecord
    from zoo.model import RecurrentModel as RecurrentModel
    from zoo.models.padding import step_mask as step_mask
    from zoo.models.standardizing import set_statistics_ as set_statistics_
    from zoo.models.units import set_units_ as set_units_
    from zoo.ngram import make_ngram as make_ngram
    from zoo.onnx_export.bare_layers import layers_to_onnx as layers_to_onnx
    from zoo.onnx_export.exporting import SavedOnnx as SavedOnnx
    from zoo.onnx_export.exporting import export_onnx as export_onnx
    from zoo.onnx_export.graph import OnnxError as OnnxError
    from zoo.onnx_export.running import OnnxModel as OnnxModel
    from zoo.onnx_export.running import load_onnx as load_onnx
    from zoo.onnx_export.verification import verify_onnx as verify_onnx
    from zoo.prefix_search import search_ctc as search_ctc
    from zoo.quantization import Recipe as Recipe
    from zoo.quantization import RecipeError as RecipeError
    from zoo.quantization import RecipeReport as RecipeReport
    from zoo.quantization import compare_recipes as compare_recipes
    from zoo.quantization import draw_recipes as draw_recipes
    from zoo.quantization import fake_quantized as fake_quantized
    from zoo.quantization import find_recipe as find_recipe
    from zoo.quantization import list_recipes as list_recipes
    from zoo.quantization import quantize as quantize
    from zoo.quantization import register_recipe as register_recipe
    from zoo.registry import UnknownModelError as UnknownModelError
    from zoo.training.fitting import fit as fit
    from zoo.weights.errors import WeightsError as WeightsError
    from zoo.weights.loading import load_weights_ as load_weights_
else:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'zoo' has no attribute {name!r}; it has {', '.join(__all__)}")
        return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
