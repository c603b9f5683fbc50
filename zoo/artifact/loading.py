"""Model files in: check every byte, then load."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zoo.artifact import torchscript
from zoo.artifact.manifest import ArtifactError, read_manifest
from zoo.ops import operators


@dataclass(frozen=True)
class LoadedArtifact:
    """A checked artifact; call it as the model it was saved from.

    Args:
        module: the scripted module, in eval mode.
        manifest: what the file says of itself.
    """

    module: torch.jit.ScriptModule
    manifest: dict[str, Any]

    def __call__(
        self, input: Tensor, lengths: Tensor | None = None, state: list[Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Run a sequence, or the next chunk of one; see `zoo.RecurrentModel.forward`."""
        output, state_n = self.module(input, lengths, state)
        return output, state_n

    def initial_state(self, batch_size: int) -> list[Tensor]:
        """Return the state at the start of a sequence, each tensor with the batch in dimension 1.

        Raises:
            RuntimeError: the model cannot stream.
        """
        if not self.manifest["streamable"]:
            why = self.manifest.get("why_not_streamable") or "it has no state to carry on"
            raise RuntimeError(
                f"model {self.manifest['model']['name']!r} is not streamable: {why}; run the whole sequence at once"
            )
        state: list[Tensor] = self.module.initial_state(batch_size)
        return state


def load_artifact(path: str | os.PathLike[str], *, device: str | torch.device = "cpu") -> LoadedArtifact:
    """Check an artifact bit by bit, then load it.

    A TorchScript file is a program: load only files that you trust. `torch.jit.load` checks no checksum, so this
    function first checks the CRC-32 of every record and the SHA-256 of the weights.

    Args:
        path: a file that `zoo.save_artifact` wrote.
        device: where to put the weights.

    Returns:
        The model, which computes as in eval mode, with its manifest.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: the file is not an artifact, is damaged, or has a newer format.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no artifact at {path}")
    content = path.read_bytes()
    manifest = read_manifest(content, str(path))
    quantization = manifest["quantization"] or {}
    if quantization.get("operators"):
        operators()
    with _quantized_backend(quantization.get("engine")):
        module = torchscript.load(BytesIO(content), device)
    return LoadedArtifact(module, manifest)


@contextmanager
def _quantized_backend(backend: str | None) -> Iterator[None]:
    """Select PyTorch's quantized backend while its packed weights are read."""
    if not backend:
        yield
        return
    if backend not in torch.backends.quantized.supported_engines:
        raise ArtifactError(
            f"the artifact needs PyTorch's quantized backend {backend!r}; this torch has "
            f"{', '.join(torch.backends.quantized.supported_engines)}"
        )
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = backend
    try:
        yield
    finally:
        torch.backends.quantized.engine = before
