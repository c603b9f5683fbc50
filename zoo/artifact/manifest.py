"""The manifest: everything that a model file says of itself, as JSON inside the file."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import torch
from torch import nn

import zoo
from zoo._json_values import to_json_values
from zoo.artifact.rounding import Rounding
from zoo.artifact.signature import Signature
from zoo.artifact.tolerances import FP32, FP32_REGROUPED, INT8_LIMIT, STEADY, precision_table, tolerance_table
from zoo.config import ClassifierConfig, WordTaggerConfig
from zoo.errors import ZooError
from zoo.quantized_parts import find_quantization

FORMAT_VERSION = 1


class ArtifactError(ZooError, ValueError):
    """A file is not an artifact, is damaged, or does not give the numbers that it recorded."""


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from.

    Args:
        metrics: what the model reached in training, as JSON values.
        dataset: what it was trained on.
        license: of the weights.
        training: the model's `training_record`.
    """

    metrics: dict[str, Any] | None
    dataset: str | None
    license: str | None
    training: dict[str, Any] | None


def find_provenance(
    model: nn.Module, metrics: dict[str, Any] | None, dataset: str | None, license: str | None
) -> Provenance:
    """Return where a model comes from: what is given, and for the rest what its `training_record` says.

    Raises:
        ArtifactError: JSON has no such value.
    """
    training: dict[str, Any] = getattr(model, "training_record", None) or {}
    given = {
        "metrics": training.get("metrics") if metrics is None else metrics,
        "dataset": training.get("dataset") if dataset is None else dataset,
        "license": license,
        "training": training or None,
    }
    return Provenance(**{name: to_json_values(value, name, ArtifactError) for name, value in given.items()})


def make_manifest(model: nn.Module, signature: Signature, rounding: Rounding, provenance: Provenance) -> dict[str, Any]:
    """Describe a model; the weights' hash and the golden samples are still missing."""
    config = getattr(model, "config", None)
    record = find_quantization(model)
    allowed = rounding.allowed_of()
    precisions = precision_table(allowed)
    if record is None:
        tolerances = tolerance_table(FP32, FP32_REGROUPED, allowed)
    else:
        regrouped = STEADY if record.uses_engine and rounding.steady else record.regrouped
        # Nobody compared a module that has quantized parts with a float one.
        error_of = record.error_of or {n: INT8_LIMIT.max_of_range * span for n, span in rounding.range_of.items()}
        tolerances = tolerance_table(
            record.replay, regrouped, error_of if regrouped is None else allowed, record.feature_error
        )
        if record.uses_engine:  # its layers have the precision that the recipe gave them
            own = {"whole": tolerances["cpu"]["replay"], "regrouped": tolerances["cpu"]["stream"]}
            precisions = dict.fromkeys(precisions, own)
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
        "streamable": signature.streamable and not rounding.chunk_fault,
        "why_not_streamable": rounding.chunk_fault or None,
        "inputs": [spec.to_dict() for spec in signature.inputs],
        "outputs": [spec.to_dict() for spec in signature.outputs],
        "state": [spec.to_dict() for spec in signature.state],
        "labels": _find_labels(config, signature, provenance),
        "sample_rate": _find_sample_rate(model),
        "rows_independent": rounding.rows_independent,
        "rounding": rounding.worst_of,
        "features": rounding.describe_features(),
        "tolerances": tolerances,
        "precisions": precisions,
        "metrics": provenance.metrics,
        "dataset": provenance.dataset,
        "license": provenance.license,
        "training": provenance.training,
    }


def _find_labels(config: Any, signature: Signature, provenance: Provenance) -> dict[str, Any] | None:
    """Return the names of the scores, the last dimension of the output; None where nobody said them.

    Returns:
        "names", and "exclusive", whether each row of scores is for one of them: that of the largest score.
    """
    record = (provenance.training or {}).get("task", {}).get("record", {})
    names = list(record.get("classes") or record.get("tags") or getattr(config, "tags", ()))
    if not names or signature.outputs[0].dims[-1] != len(names):
        return None
    return {"names": names, "exclusive": isinstance(config, ClassifierConfig | WordTaggerConfig)}


def _find_sample_rate(model: nn.Module) -> int | None:
    """Return the rate of a model's raw sound in Hz, which its configuration or its own attribute says."""
    rate = getattr(getattr(model, "config", None), "sample_rate", getattr(model, "sample_rate", None))
    return rate if type(rate) is int and rate > 0 else None


def read_manifest(content: bytes, name: str) -> dict[str, Any]:
    """Check an artifact's bytes and return its manifest.

    Args:
        content: the whole file.
        name: what errors call the file.

    Raises:
        ArtifactError: see `zoo.load_artifact`.
    """
    raw = _read_record(content, name)
    try:
        manifest: dict[str, Any] = json.loads(raw)
    except ValueError as error:
        raise ArtifactError(f"{name}: zoo_manifest.json is not JSON: {error}") from error
    if manifest.get("format_version") != FORMAT_VERSION:
        raise ArtifactError(
            f"{name} has format_version {manifest.get('format_version')}, this package reads {FORMAT_VERSION}; "
            "install the version of recurrent-zoo that wrote the file"
        )
    if hash_weights(content)["sha256"] != manifest["weights"]["sha256"]:
        raise ArtifactError(
            f"{name}: the weights do not match the hash in the manifest; get the file again from its source"
        )
    return manifest


def _read_record(content: bytes, name: str) -> bytes:
    """Check every record of an archive and return the bytes of the manifest."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            damaged = archive.testzip()
            names = archive.namelist()
            if damaged is not None:
                raise ArtifactError(f"{name} is damaged: record {damaged} fails its CRC-32; copy the file again")
            found = next((n for n in names if n.endswith("/extra/zoo_manifest.json")), None)
            if found is not None:
                return archive.read(found)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise ArtifactError(f"{name} is not an artifact or is cut short: {error}") from error
    is_torchscript = any("/code/" in n for n in names)
    what = "a TorchScript file without a manifest" if is_torchscript else "not a TorchScript file"
    raise ArtifactError(f"{name} is {what}; make an artifact with zoo.save_artifact")


def hash_weights(content: bytes) -> dict[str, Any]:
    """Return the SHA-256 over path, size and bytes of every tensor record, in the order of their paths."""
    digest, count, total = hashlib.sha256(), 0, 0
    with zipfile.ZipFile(BytesIO(content)) as archive:
        inside = {name.partition("/")[2]: name for name in archive.namelist()}
        for path in sorted(p for p in inside if p.startswith(("data/", "constants/"))):
            raw = archive.read(inside[path])
            digest.update(path.encode() + b"\0" + str(len(raw)).encode() + b"\0" + raw)
            count, total = count + 1, total + len(raw)
    return {"sha256": digest.hexdigest(), "records": count, "bytes": total}
