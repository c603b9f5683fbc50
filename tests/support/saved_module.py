"""A scripted module in a file, which the program runs."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from support.program import Program
from zoo.artifact.torchscript import without_notices


class SavedModule:
    """A scripted module in a file, and a folder for its inputs and outputs."""

    def __init__(self, module: nn.Module, folder: Path, program: Program) -> None:
        self.path, self.folder, self.program = folder / "model.pt", folder, program
        with without_notices():
            torch.jit.script(module.eval()).save(str(self.path))

    def words(self, *inputs: Any) -> list[str]:
        """Write tensors into files, and what holds them into words for the command line."""
        self.count = 0
        return [self._word(value) for value in inputs]

    def _word(self, value: Any) -> str:
        if isinstance(value, Tensor):
            path = self.folder / f"in{self.count}.npy"
            self.count += 1
            np.save(path, value.numpy())
            return str(path)
        if isinstance(value, tuple):
            return "(" + ",".join(map(self._word, value)) + ")"
        if isinstance(value, list):
            return "[" + ",".join(map(self._word, value)) + "]"
        if isinstance(value, dict):
            return "{" + ",".join(f"{key}={self._word(part)}" for key, part in value.items()) + "}"
        return "none" if value is None else f"{type(value).__name__}:{value}"

    def run(self, *inputs: Any, flags: tuple[object, ...] = ()) -> dict[str, Tensor]:
        """Run, and return the results by name."""
        for old in self.folder.glob("out*.npy"):
            old.unlink()
        self.program.succeed(self.path, *self.words(*inputs), "-o", self.folder / "out.npy", *flags)
        results = {p.stem.removeprefix("out").removeprefix("."): p for p in self.folder.glob("out*.npy")}
        return {name or "output": torch.from_numpy(np.load(p)) for name, p in results.items()}

    def refuse(self, status: int, words: str, *inputs: Any, flags: tuple[object, ...] = ()) -> None:
        outcome = self.program(self.path, *self.words(*inputs), *flags)
        assert (outcome.status, outcome.stdout) == (status, ""), outcome
        assert words in outcome.error, outcome.error
        assert len(outcome.error) < 200, outcome.error
        assert len(outcome.stderr.splitlines()) == 1


def assert_close(actual: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert actual.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(actual[name], tensor, atol=2e-6, rtol=1e-5)


def run_feed(feed: Path, file: SavedModule, link: str, *inputs: Tensor) -> subprocess.CompletedProcess[str]:
    """Run the program that feeds a stream of chunks of 4 steps; `link` is a state, or - to have them found."""
    words = [feed, file.path, 4, link, file.folder / "fed", *file.words(*inputs)]
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
