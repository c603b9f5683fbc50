"""Whole models in: a file of ONNX or Keras becomes a model of the zoo, which is proved to compute the same."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zoo.factory import build
from zoo.importing.keras_formulae import keras_reference
from zoo.importing.onnx_runtime import onnx_reference
from zoo.importing.proposal import Proposal, propose
from zoo.importing.reference import Probe, Reference
from zoo.model import Model
from zoo.weights.errors import WeightsError, raise_faults
from zoo.weights.files import find_format
from zoo.weights.keras_file import read_keras
from zoo.weights.keras_layers import convert_keras_layers
from zoo.weights.layers import FileModel
from zoo.weights.loading import load_layers_
from zoo.weights.onnx_graph import Graph, read_onnx
from zoo.weights.onnx_layers import find_onnx_layers

AFTER: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "": lambda output: output,
    "softmax": lambda output: output.softmax(-1),
    "log_softmax": lambda output: output.log_softmax(-1),
    "sigmoid": torch.sigmoid,
}


@dataclass(frozen=True)
class ImportedModel:
    """What `import_model` made of a file.

    Args:
        model: in eval mode, as from `zoo.build`.
        description: its registered name and the fields of its configuration, as `zoo script` takes them.
        activation: what the file does after its last layer, and the model leaves to its caller: "softmax",
            "log_softmax", "sigmoid" or "".
        worst_difference: the largest absolute difference between the file and the model, over the probes of
            deviation 1.
        lengths: numbers of steps of the probes.
        notes: what the file does and the model does in another way, one line each.
    """

    model: Model
    description: str
    activation: str
    worst_difference: float
    lengths: tuple[int, ...]
    notes: tuple[str, ...]


def import_model(path: str | Path) -> ImportedModel:
    """Find the model of the zoo that an ONNX or Keras file is, build it, fill it, and prove that it computes the same.

    A Keras model is compared in float64 with Keras' own formulae, to 1e-9, and to 1e-6 if it standardises. An ONNX
    model is compared in float32 with ONNX Runtime, to 1e-5 of the range of its output. The inputs are drawn, in batches
    and lengths that differ, and features also of 10 and 1000 times the size, with tolerances that grow as much.

    Raises:
        FileNotFoundError: no such file.
        WeightsError: the file is not a whole model, has parts that no model of the zoo has, which are listed, or
            computes something else than the models that have its layers.
    """
    found, reference = _read(path)
    raise_faults(found.faults)
    vocab_size = next((len(layer.tensors["weight"]) for layer in found.layers if layer.kind == "embedding"), None)
    probes = reference.probes(vocab_size)
    # The sigmoid of -1000 is 0, though its formula overflows, and the logarithm of such a share is -inf.
    with np.errstate(over="ignore", divide="ignore"):
        expected = [reference.run(probe.input) for probe in probes]
    tried: list[tuple[float, Proposal]] = []
    for proposal in propose(found.layers, per_step=expected[0].ndim == 3, activation=reference.activation):
        model = build(proposal.name, **proposal.fields)
        load_layers_(model, found)
        # The head of a CTC model gives log-probabilities itself.
        after = AFTER["" if proposal.name.endswith("_ctc") else reference.activation]
        worst, scaled = _compare(model, reference, probes, expected, after)
        if scaled <= reference.tolerance:
            steps = 1 if proposal.fields["batch_first"] else 0
            lengths = tuple(probe.input.shape[steps] for probe in probes if probe.scale == 1.0)
            activation = "" if proposal.name.endswith("_ctc") else reference.activation
            return ImportedModel(model, str(proposal), activation, worst, lengths, reference.notes)
        tried.append((scaled, proposal))
    least, nearest = min(tried, key=lambda pair: pair[0])
    raise WeightsError(
        f"{path} computes something else than the models that have its layers: the nearest, {nearest}, is off by "
        f"{least:.3g} of the output's range, expected {reference.tolerance:g}; something between its layers is not read"
    )


def _read(path: str | Path) -> tuple[FileModel, Reference]:
    kind = find_format(path)
    if kind == "onnx":
        model = read_onnx(path)
        graph = Graph(model)
        found = find_onnx_layers(graph)
        raise_faults(found.faults)  # before ONNX Runtime reads the file
        reference, faults = onnx_reference(model, graph)
    elif kind == "keras":
        keras_model = read_keras(path)
        found = convert_keras_layers(keras_model)
        reference, faults = keras_reference(keras_model)
    else:
        raise WeightsError(
            f"{path} is a {kind} file, expected a whole model of ONNX or Keras; give weights alone to zoo.build"
        )
    return FileModel(found.layers, found.faults + faults), reference


@torch.no_grad()
def _compare(
    model: Model,
    reference: Reference,
    probes: list[Probe],
    expected: list[np.ndarray],
    after: Callable[[torch.Tensor], torch.Tensor],
) -> tuple[float, float]:
    """Return the largest difference, of probes of deviation 1, and the largest of all over the scale of the probe and
    the range of the output, where that is above 1."""
    twin: Any = copy.deepcopy(model).to(getattr(torch, reference.dtype))
    worst = scaled = 0.0
    for probe, wanted in zip(probes, expected, strict=True):
        x = torch.from_numpy(probe.input)
        got = after(twin(x.to(getattr(torch, reference.dtype)) if x.is_floating_point() else x)[0]).numpy()
        known = np.isfinite(wanted)
        if got.shape != wanted.shape or (probe.scale == 1.0 and not known.all()):
            return float("inf"), float("inf")
        if not known.any():  # the reference itself may overflow on a wide probe
            continue
        difference = float(np.abs(got[known] - wanted[known]).max())
        difference = float("inf") if np.isnan(difference) else difference
        worst = max(worst, difference) if probe.scale == 1.0 else worst
        scaled = max(scaled, difference / max(1.0, float(np.ptp(wanted[known]))) / probe.scale)
    return worst, scaled
