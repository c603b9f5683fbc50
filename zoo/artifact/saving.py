"""Model files out: script a module, compare it with itself, write it.

The file is a TorchScript archive that any LibTorch loads. It contains `zoo_manifest.json`, which says everything about
the model, and golden samples (`golden/*.npy`), with which `cpp_runner verify` proves the C++ numbers.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import nn

from zoo._atomic_file import atomic_file
from zoo.artifact import torchscript
from zoo.artifact.features import worst_share
from zoo.artifact.given_samples import choose_samples
from zoo.artifact.golden import Sample, record, to_files, worst_difference
from zoo.artifact.initial_state import check_initial_state
from zoo.artifact.loading import load_artifact
from zoo.artifact.manifest import ArtifactError, find_provenance, hash_weights, make_manifest
from zoo.artifact.memory import draw_long_samples
from zoo.artifact.parametrization import copy_module, make_plain_
from zoo.artifact.rounding import measure_rounding
from zoo.artifact.signature import ContractError, infer_signature, name_of, run_named
from zoo.artifact.tolerances import FP32
from zoo.artifact.unregistered import explain_unregistered, find_unregistered
from zoo.model import ATTRIBUTES
from zoo.quantized_parts import find_quantization


@dataclass(frozen=True)
class SavedArtifact:
    """What `save_artifact` wrote.

    Args:
        path: of the file.
        size: bytes.
        sha256: of the whole file.
        worst_difference: largest difference between the eager module and the file as loaded again.
        rows_independent: whether a row gives the same alone and in a batch; where it does not, `cpp_runner verify` does
            not compare rows.
        why_not_streamable: how chunks of a sequence, with the state carried, differ from the whole; empty where they do
            not, or where the model has no state to carry. The file says the same, and `--stream` refuses it.
        made_plain: weights that the module computes from others, such as "rnn.weight_hh_l0 (weight_norm)". The file
            has their values.
    """

    path: Path
    size: int
    sha256: str
    worst_difference: float
    rows_independent: bool
    why_not_streamable: str
    made_plain: tuple[str, ...]


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

    `path` changes only if the file, read back, gives the eager module's numbers within 1e-6.

    Args:
        model: an eager module that keeps the contract of `zoo.RecurrentModel`. It is not changed, and it is saved in
            eval mode whatever its own mode is.
        path: the file to write; replaced in one step, or left as it was.
        samples: golden inputs; drawn at random if None. Real ones prove more.
        metrics: what the model reached in training, as JSON values; by default as its `training_record` says.
        dataset: what it was trained on; by default as its `training_record` says.
        license: of the weights.

    Raises:
        ScriptError: the module is traced, or TorchScript cannot compile it; the message has the line.
        ContractError: the module does not keep the contract, or padding changes what it gives.
        SampleError: a sample does not fit the model, or it gives NaN or Inf for one.
        ArtifactError: the file does not give the same numbers, or JSON has no such metrics.
        OSError: the file cannot be written.
    """
    path = Path(path)
    bare, made_plain = _bare_copy(model)
    try:
        scripted = torchscript.script(bare)
    except torchscript.ScriptError as error:
        if not (hidden := find_unregistered(model)):
            raise
        raise torchscript.ScriptError(f"{error}; {name_of(model)} {explain_unregistered(hidden)}") from error
    twin = copy_module(model).cpu().eval()
    signature = infer_signature(twin)
    long = draw_long_samples(twin, signature) if samples is None else []
    golden = record(twin, [*choose_samples(samples, signature), *long], run_named)
    check_initial_state(twin, golden, signature)
    entries, files = to_files(golden, [part.name for part in signature.state])
    rounding = measure_rounding(twin, golden, signature)
    if rounding.padding_fault:
        raise ContractError(
            f"{name_of(model)}.forward gives something else for a row of the padded sample {rounding.padding_fault!r} "
            "than for the row alone; let it leave out the steps beyond lengths, as pack_padded_sequence does, or set "
            "takes_lengths = False"
        )
    manifest = make_manifest(model, signature, rounding, find_provenance(model, metrics, dataset, license))
    manifest["weights"] = hash_weights(_serialise(scripted, {}))
    manifest["golden"] = entries
    content = _serialise(scripted, {"zoo_manifest.json": _to_json(manifest), **files})
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)
        module = load_artifact(temporary).module
        worst = worst_difference(module, golden)
        quantization = find_quantization(model)
        replay = FP32 if quantization is None else quantization.replay
        caps = [rounding.feature_caps.get(part.name) for part in (signature.outputs[0], *signature.state)]
        if not worst <= replay.atol or not worst_share(module, golden, caps) <= 1:
            raise ArtifactError(
                f"the scripted model differs from the eager one by {worst:.3g}, more than {replay.atol:g} or than "
                "the rounding of one of its outputs: look for code that behaves differently under "
                "torch.jit.is_scripting(), for a hook that TorchScript does not run, or for randomness in eval mode"
            )
    sha256 = hashlib.sha256(content).hexdigest()
    return SavedArtifact(
        path, len(content), sha256, worst, rounding.rows_independent, rounding.chunk_fault, tuple(made_plain)
    )


def _bare_copy(model: nn.Module) -> tuple[nn.Module, list[str]]:
    """Copy a module to the CPU in eval mode, without the attributes that only Python needs.

    Returns:
        The copy, and which of its weights were made plain.
    """
    if isinstance(model, torch.jit.ScriptModule):
        return model, []  # torchscript.script refuses it, with the reason
    bare = copy_module(model).cpu().eval()
    made_plain = make_plain_(bare)
    for module in bare.modules():
        for name in ATTRIBUTES:
            module.__dict__.pop(name, None)
    return bare, made_plain


def _serialise(scripted: torch.jit.ScriptModule, extra_files: dict[str, bytes]) -> bytes:
    # In memory, because torch aborts the process if it cannot write to a file.
    buffer = BytesIO()
    torchscript.save(scripted, buffer, extra_files)
    return buffer.getvalue()


def _to_json(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, indent=1, allow_nan=False).encode()
