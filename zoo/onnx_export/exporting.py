"""Models out as ONNX: the graph of a model, what it says of itself, and the proof, in one file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from zoo._atomic_file import atomic_file
from zoo.artifact.given_samples import choose_samples
from zoo.artifact.golden import GoldenSample, Sample, record, to_files, to_npy
from zoo.artifact.manifest import find_provenance, make_manifest
from zoo.artifact.parametrization import copy_module
from zoo.artifact.rounding import measure_rounding
from zoo.artifact.signature import Signature, infer_signature
from zoo.config.tensor_spec import BATCH, TensorSpec
from zoo.onnx_export.graph import Graph, OnnxError, describe
from zoo.onnx_export.int8 import check_size, judge_quantized, quantize_model
from zoo.onnx_export.models import add_model, check_writable, zero_states
from zoo.onnx_export.running import AFTER, BEFORE, GOLDEN, MANIFEST, TOLERANCES, OnnxModel, pack_files
from zoo.onnx_export.verification import Comparison, compare
from zoo.quantization.shift import FloatReference
from zoo.quantized_parts import find_quantization


@dataclass(frozen=True)
class SavedOnnx:
    """What `export_onnx` wrote.

    Args:
        path: of the file.
        size: bytes.
        sha256: of the whole file.
        worst_difference: the largest difference between ONNX Runtime and Python on the golden samples, in every way
            that they were run.
        nodes: how many nodes of each type the graph has, without those in the bodies of others.
    """

    path: Path
    size: int
    sha256: str
    worst_difference: float
    nodes: dict[str, int]


@torch.no_grad()
def export_onnx(
    model: nn.Module,
    path: str | os.PathLike[str],
    *,
    int8: bool = False,
    samples: Sequence[Sample] | None = None,
    metrics: dict[str, Any] | None = None,
    dataset: str | None = None,
    license: str | None = None,
) -> SavedOnnx:
    """Write a model of the zoo as ONNX, prove it in ONNX Runtime, and only then put the file in its place.

    Batch and length are free. The inputs are `input`, `lengths` (int64, the steps of each row), and where the model can
    stream its state, as `h_0`, `c_0` and so on. The outputs are `output` and the state after the last step, `h_n`,
    `c_n`; a CTC model gives `labels` too, as `zoo.decode_ctc` does. The metadata have the manifest of an artifact and
    its golden samples.

    Args:
        model: a float model from `zoo.build`. It is not changed, and is written in eval mode.
        path: the file to write; replaced in one step, or left as it was.
        int8: write 8-bit weights by ONNX Runtime's own quantizer, for ONNX Runtime alone. LSTM nodes, linear layers and
            embeddings have them. The outputs may move as far as with `zoo.quantize`, and the golden samples are then
            those of the quantized file.
        samples: golden inputs; drawn at random if None.
        metrics: what the model reached in training, as JSON values; by default as its `training_record` says.
        dataset: what it was trained on; by default as its `training_record` says.
        license: of the weights.

    Raises:
        OnnxError: a part of the model cannot be expressed in ONNX, ONNX Runtime gives other numbers, or 8-bit weights
            move the outputs too far, or hardly make the file smaller.
        SampleError: a sample does not fit the model, or it gives NaN or Inf for one.
        ArtifactError: JSON has no such metrics.
        OSError: the file cannot be written.
    """
    if find_quantization(model) is not None:
        raise OnnxError("a quantized model has no ONNX form; export the float model")
    check_writable(model)
    other = sorted({str(p.dtype).removeprefix("torch.") for p in model.parameters()} - {"float32"})
    if other:
        raise OnnxError(f"the model has weights in {', '.join(other)}, expected float32; call model.float() first")
    twin: Any = copy_module(model).cpu().eval()
    signature = infer_signature(twin)
    samples = choose_samples(samples, signature)
    golden = record(twin, samples)
    rounding = measure_rounding(twin, golden, signature)
    manifest = make_manifest(model, signature, rounding, find_provenance(model, metrics, dataset, license))
    start = list(twin.initial_state(1)) if signature.streamable else zero_states(twin)
    manifest[TOLERANCES] = manifest["precisions"]["fp32"]
    proto = _build(twin, signature, start)
    content, comparisons = _prove(proto, manifest, golden, start, int8=False)
    if int8:
        proto, layers = quantize_model(proto)
        quantized = OnnxModel(_serialise(proto, manifest, golden, start), str(path))
        manifest |= judge_quantized(twin, quantized, layers, FloatReference(twin, samples, signature))
        float_size = len(content)
        content, comparisons = _prove(proto, manifest, record(quantized, samples), start, int8=True)
        check_size(float_size, len(content))
    with atomic_file(Path(path)) as temporary:
        temporary.write_bytes(content)
    counts: dict[str, int] = {}
    for node in proto.graph.node:
        counts[node.op_type] = counts.get(node.op_type, 0) + 1
    worst = max(one.worst for one in comparisons)
    return SavedOnnx(Path(path), len(content), hashlib.sha256(content).hexdigest(), worst, counts)


def _prove(
    proto: Any, manifest: dict[str, Any], golden: Sequence[GoldenSample], start: Sequence[Tensor], *, int8: bool
) -> tuple[bytes, list[Comparison]]:
    """Return the content of a file, and the comparisons with its golden samples, which it passed.

    Raises:
        OnnxError: it did not pass them.
    """
    content = _serialise(proto, manifest, golden, start)
    comparisons = compare(OnnxModel(content, "the new file"))
    wrong = max(comparisons, key=lambda one: one.worst_part)
    if not wrong.passed:
        who = (
            "with 8-bit weights, the file differs from its whole sequences"
            if int8
            else "ONNX Runtime differs from Python"
        )
        raise OnnxError(
            f"{who} by {wrong.worst:.3g} in {wrong.name} of sample {wrong.sample!r}, "
            f"{wrong.way}: {wrong.worst_part:.2g} times what is allowed; no file was written"
        )
    return content, comparisons


def _serialise(proto: Any, manifest: dict[str, Any], golden: Sequence[GoldenSample], start: Sequence[Tensor]) -> bytes:
    """Return the content of a file: the graph, with the manifest and the golden samples as its metadata."""
    names = [part["name"] for part in manifest["state"]]
    entries, files = to_files(golden, names)
    if manifest["streamable"]:
        files |= {f"initial/{name}.npy": to_npy(tensor) for name, tensor in zip(names, start, strict=True)}
    about = json.dumps({**manifest, "golden": entries}, allow_nan=False)
    onnx.helper.set_model_props(proto, {MANIFEST: about, GOLDEN: pack_files(files)})
    content: bytes = proto.SerializeToString()
    return content


def _build(model: nn.Module, signature: Signature, start: list[Tensor]) -> Any:
    """Return the graph of a model with its inputs and outputs."""
    graph = Graph()
    inputs = [_describe(spec) for spec in signature.inputs]
    if len(inputs) == 1:
        raise OnnxError("a model whose forward takes no lengths has no ONNX form here")
    if signature.streamable:
        states = [f"{part.name}{BEFORE}" for part in signature.state]
        inputs += [_describe(part, BEFORE) for part in signature.state]
    else:
        batch_axis = signature.inputs[0].dims.index(BATCH)
        states = [_expand_start(graph, tensor, graph.size("input", batch_axis)) for tensor in start]
    (output, finals), extras = add_model(graph, model, "input", "lengths", states)
    outputs = [_describe(signature.outputs[0]), *[_describe(part, AFTER) for part in signature.state]]
    for value, made in zip([output, *finals], outputs, strict=True):
        graph.rename(value, made.name)
    for name, value in extras.items():
        graph.rename(value, name)
        outputs.append(describe(name, "int64", [BATCH, f"{name}_dim1"]))
    return graph.to_model(inputs, outputs, type(model).__name__)


def _describe(spec: TensorSpec, ending: str = "") -> Any:
    return describe(spec.name + ending, spec.dtype, spec.dims)


def _expand_start(graph: Graph, tensor: Tensor, batch: str) -> str:
    shape = graph.op("Concat", graph.constant([1]), batch, graph.constant([1] * (tensor.dim() - 2)), axis=0)
    return str(graph.op("Expand", graph.constant(tensor.numpy(), "float32"), shape))
