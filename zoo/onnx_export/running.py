"""ONNX files that `zoo.export_onnx` wrote, in ONNX Runtime: with the contract of a model, and what the file says."""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zoo.onnx_export.graph import OnnxError

MANIFEST, GOLDEN = "zoo_manifest", "zoo_golden"  # the entries of a file's metadata
TOLERANCES = "onnx_tolerances"  # the entry of the manifest by which a file is verified: `whole` and `regrouped`
BEFORE, AFTER = "_0", "_n"  # behind the name of a state where it enters and where it leaves, as in h_0 and h_n


class OnnxModel:
    """A model in an ONNX file; it is called as every model of the zoo.

    Args:
        content: the file's bytes.
        name: what errors call the file.

    Raises:
        OnnxError: ONNX Runtime cannot load it, or `zoo.export_onnx` did not write it.
    """

    def __init__(self, content: bytes, name: str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises errors of many kinds
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise OnnxError(f"ONNX Runtime does not load {name}: {reason[:200]}") from error
        about = self.session.get_modelmeta().custom_metadata_map
        if MANIFEST not in about or GOLDEN not in about:
            raise OnnxError(f"{name} says nothing of itself, so nothing can be proved; write it with zoo.export_onnx")
        self.manifest: dict[str, Any] = json.loads(about[MANIFEST])
        self.files = unpack_files(about[GOLDEN])
        self.batch_axis = 0 if self.manifest["batch_first"] else 1
        self.takes_state = any(value.name.endswith(BEFORE) for value in self.session.get_inputs())
        self.state_names = [part["name"] for part in self.manifest["state"]]

    def initial_state(self, batch_size: int) -> list[Tensor]:
        """Return the state at the start of a sequence, each tensor (rows, batch_size, size).

        Raises:
            OnnxError: the model has no state to carry on.
        """
        if not self.takes_state:
            raise OnnxError("this model reads a whole sequence at once: it has no state to carry on")
        starts = [torch.from_numpy(self.files[f"initial/{name}.npy"]) for name in self.state_names]
        return [start.expand(-1, batch_size, *start.shape[2:]).contiguous() for start in starts]

    def __call__(
        self, input: Tensor, lengths: Tensor | None = None, state: list[Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Run a sequence, or the next chunk of one: see `zoo.RecurrentModel.forward`."""
        results = self.run(input, lengths, state)
        return results["output"], [results[f"{name}{AFTER}"] for name in self.state_names]

    def run(self, input: Tensor, lengths: Tensor | None = None, state: list[Tensor] | None = None) -> dict[str, Tensor]:
        """Run a sequence, or the next chunk of one; return everything that the file gives, by name."""
        batch, steps = input.shape[self.batch_axis], input.shape[1 - self.batch_axis]
        feeds = {"input": input.numpy()}
        feeds["lengths"] = np.full(batch, steps) if lengths is None else lengths.numpy()
        if self.takes_state:
            given = self.initial_state(batch) if state is None else state
            feeds |= {f"{name}{BEFORE}": part.numpy() for name, part in zip(self.state_names, given, strict=True)}
        elif state is not None:
            raise OnnxError("this model reads a whole sequence at once: it takes no state")
        names = [value.name for value in self.session.get_outputs()]
        return {name: torch.from_numpy(a) for name, a in zip(names, self.session.run(names, feeds), strict=True)}


def load_onnx(path: str | os.PathLike[str]) -> OnnxModel:
    """Load an ONNX file that `zoo.export_onnx` wrote, for ONNX Runtime on the CPU.

    Raises:
        FileNotFoundError: no such file.
        OnnxError: ONNX Runtime cannot load it, or another program wrote it.
    """
    return OnnxModel(Path(path).read_bytes(), str(path))


def pack_files(files: dict[str, bytes]) -> str:
    """Return `.npy` files as text for a file's metadata."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return base64.b64encode(buffer.getvalue()).decode()


def unpack_files(text: str) -> dict[str, np.ndarray]:
    """Return the arrays of `pack_files`."""
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(text))) as archive:
        return {name: np.load(io.BytesIO(archive.read(name)), allow_pickle=False) for name in archive.namelist()}
