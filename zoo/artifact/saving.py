"""The second seam: a module in, `model.pt` out, and back.

The file is a TorchScript archive that any LibTorch loads. Inside it lie `manifest.json`, which says everything
about the model, and golden samples (`golden/*.npy`), with which `cpp_runner verify` proves the C++ numbers.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import nn

import zoo
from zoo.artifact import torchscript
from zoo.artifact.golden import Sample, draw_samples, record, to_files, worst_difference
from zoo.artifact.signature import Signature, infer_signature
from zoo.artifact.tolerances import FP32, FP32_REORDERED, precision_table, tolerance_table
from zoo._atomic_file import atomic_file

FORMAT_VERSION = 1
# What zoo.build and zoo.quantize attach; the manifest carries it, the program does not need it.
ATTACHED = ("config", "model_name", "init_record", "quantization", "input_spec", "state_names", "no_lengths")


class ArtifactError(ValueError):
    """A file that is no artifact, is damaged, or does not give what it recorded."""


@dataclass(frozen=True)
class SavedArtifact:
    """What `save_artifact` wrote.

    Args:
        path: where.
        size: bytes.
        sha256: of the whole file.
        worst_difference: largest difference between the eager module and the file as loaded again.
    """

    path: Path
    size: int
    sha256: str
    worst_difference: float


@dataclass(frozen=True)
class LoadedArtifact:
    """A checked artifact: the scripted module, ready to call, and its manifest."""

    module: torch.jit.ScriptModule
    manifest: dict[str, Any]


def save_artifact(
    model: nn.Module,
    path: str | os.PathLike[str],
    *,
    samples: Sequence[Sample] | None = None,
    metrics: dict[str, Any] | None = None,
    dataset: str | None = None,
    license: str | None = None,
) -> SavedArtifact:
    """Script a module, compare it with itself, and write it with its manifest and golden samples.

    Nothing is left at `path` unless the file, read back, gives the eager module's numbers within 1e-6.

    Args:
        model: an eager module that keeps the contract of `zoo.models.backbone`; it is not changed.
        path: the file to write; replaced in one step, or left as it was.
        samples: golden inputs; drawn at random where None. Real ones prove more.
        metrics: what the model reached in training, any JSON.
        dataset: what it was trained on.
        license: of the weights.

    Raises:
        ScriptError: traced or unscriptable, with the line.
        ContractError: the module does not keep the contract.
        ArtifactError: what was written does not give the same numbers.
        OSError: the file cannot be written.
    """
    path = Path(path)
    scripted = torchscript.script(_bare_copy(model))
    twin = copy.deepcopy(model).cpu().eval()
    signature = infer_signature(twin)
    golden = record(twin, draw_samples(signature) if samples is None else samples)
    entries, files = to_files(golden, [part.name for part in signature.state])
    manifest = _describe(model, signature, metrics, dataset, license)
    manifest["weights"] = _hash_weights(_serialise(scripted, {}))
    manifest["golden"] = entries
    content = _serialise(scripted, {"manifest.json": _to_json(manifest), **files})
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)
        worst = worst_difference(load_artifact(temporary).module, golden)
        recipe = getattr(model, "quantization", None)
        replay = FP32 if recipe is None else recipe.replay
        if not worst <= replay.atol:
            raise ArtifactError(
                f"the scripted model differs from the eager one by {worst:.3g}, more than {replay.atol:g}: "
                "look for code that behaves otherwise under torch.jit.is_scripting(), or for randomness in eval mode"
            )
    return SavedArtifact(path, len(content), hashlib.sha256(content).hexdigest(), worst)


def load_artifact(path: str | os.PathLike[str], *, device: str | torch.device = "cpu") -> LoadedArtifact:
    """Check an artifact bit by bit, then load it.

    A TorchScript file is a program: load it only from where you trust. `torch.jit.load` checks no checksum; this
    checks the archive's CRC-32 of every record and the manifest's SHA-256 of the weights before it.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: not an artifact, damaged, or of a newer format.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no artifact at {path}")
    content = path.read_bytes()
    manifest = read_manifest(content, str(path))
    engine = (manifest["quantization"] or {}).get("engine")
    with _quantized_engine(engine):
        module = torchscript.load(BytesIO(content), device)
    return LoadedArtifact(module, manifest)


def read_manifest(content: bytes, name: str) -> dict[str, Any]:
    """Check an artifact's bytes and return its manifest.

    Raises:
        ArtifactError: see `load_artifact`.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            damaged = archive.testzip()
            names = archive.namelist()
            if damaged is not None:
                raise ArtifactError(f"{name} is damaged: record {damaged} fails its CRC-32; copy the file again")
            found = next((n for n in names if n.endswith("/extra/manifest.json")), None)
            raw = archive.read(found) if found else None
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise ArtifactError(f"{name} is no artifact or is cut short: {error}") from error
    if raw is None:
        kind = "a TorchScript file without a manifest" if any("/code/" in n for n in names) else "no TorchScript file"
        raise ArtifactError(f"{name} is {kind}; make an artifact with zoo.save_artifact or scripts/script_model.py")
    try:
        manifest: dict[str, Any] = json.loads(raw)
    except ValueError as error:
        raise ArtifactError(f"{name}: manifest.json is not JSON: {error}") from error
    if manifest.get("format_version") != FORMAT_VERSION:
        raise ArtifactError(
            f"{name} has format_version {manifest.get('format_version')}, this package reads {FORMAT_VERSION}; "
            "install the package that wrote it"
        )
    if _hash_weights(content)["sha256"] != manifest["weights"]["sha256"]:
        raise ArtifactError(f"{name}: the weights are not those that its manifest was written for")
    return manifest


def _bare_copy(model: nn.Module) -> nn.Module:
    """Copy a module to the CPU in eval mode, without what only Python needs."""
    if isinstance(model, torch.jit.ScriptModule):
        return model  # torchscript.script refuses it, with the reason
    bare = copy.deepcopy(model).cpu().eval()
    for module in bare.modules():
        for name in ATTACHED:
            module.__dict__.pop(name, None)
    return bare


def _describe(
    model: nn.Module,
    signature: Signature,
    metrics: dict[str, Any] | None,
    dataset: str | None,
    license: str | None,
) -> dict[str, Any]:
    config = getattr(model, "config", None)
    record = getattr(model, "quantization", None)
    if record is None:
        tolerances = tolerance_table(FP32, FP32_REORDERED)
    else:
        tolerances = tolerance_table(record.replay, record.regrouped, record.error_of)
    return {
        "format_version": FORMAT_VERSION,
        "producer": {"package": "recurrent-zoo", "version": zoo.__version__, "torch": torch.__version__},
        "model": {
            "name": getattr(model, "model_name", type(model).__name__),
            "config_type": type(config).__name__ if config is not None else None,
            "config": config.to_dict() if config is not None else {},
        },
        "init": getattr(model, "init_record", None),
        "dtype": signature.outputs[0].dtype,
        "quantization": None if record is None else record.to_dict(),
        "batch_first": signature.batch_first,
        "streamable": signature.streamable,
        "inputs": [spec.to_dict() for spec in signature.inputs],
        "outputs": [spec.to_dict() for spec in signature.outputs],
        "state": [spec.to_dict() for spec in signature.state],
        "tolerances": tolerances,
        "precisions": precision_table(),
        "metrics": metrics,
        "dataset": dataset,
        "license": license,
    }


def _serialise(scripted: torch.jit.ScriptModule, extra_files: dict[str, bytes]) -> bytes:
    # In memory: torch aborts the whole process where it cannot write to a file.
    buffer = BytesIO()
    torchscript.save(scripted, buffer, extra_files)
    return buffer.getvalue()


def _hash_weights(content: bytes) -> dict[str, Any]:
    """SHA-256 over path, size and bytes of every tensor record, in the order of their paths."""
    digest, count, total = hashlib.sha256(), 0, 0
    with zipfile.ZipFile(BytesIO(content)) as archive:
        inside = {name.partition("/")[2]: name for name in archive.namelist()}
        for path in sorted(p for p in inside if p.startswith(("data/", "constants/"))):
            raw = archive.read(inside[path])
            digest.update(path.encode() + b"\0" + str(len(raw)).encode() + b"\0" + raw)
            count, total = count + 1, total + len(raw)
    return {"sha256": digest.hexdigest(), "records": count, "bytes": total}


def _to_json(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, indent=1, allow_nan=False).encode()


@contextmanager
def _quantized_engine(engine: str | None) -> Iterator[None]:
    """Select PyTorch's quantized engine while packed weights are read."""
    if engine is None:
        yield
        return
    if engine not in torch.backends.quantized.supported_engines:
        raise ArtifactError(
            f"the artifact needs the quantized engine {engine!r}; this torch has "
            f"{', '.join(torch.backends.quantized.supported_engines)}"
        )
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = engine
    try:
        yield
    finally:
        torch.backends.quantized.engine = before
