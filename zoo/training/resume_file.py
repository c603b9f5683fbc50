"""The files that a training writes after each epoch: what it goes on from, and the weights of its best epoch."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins import TorchCheckpointIO

from zoo._atomic_file import atomic_file

BEST, LAST = "best.ckpt", "last.ckpt"


class WholeResumeFiles(TorchCheckpointIO):
    """Keeps the previous file until the next one is whole.

    Lightning writes into the system's folder for temporary files first. Where that folder is on another file system,
    the final move is a copy over the previous file, and a kill or a full disk leaves half of it.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        buffer = io.BytesIO()  # torch.save into a file ends the process where the disk is full
        torch.save(checkpoint, buffer)
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as temporary:
            temporary.write_bytes(buffer.getbuffer())
