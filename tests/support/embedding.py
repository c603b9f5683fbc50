"""C++ projects of the tests and the examples, built as a user builds them: against the installed package."""

from __future__ import annotations

import fcntl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import zoo

ROOT = Path(__file__).parents[2]


def build(source: Path, folder: Path, *definitions: str) -> Path:
    """Configure and build a CMake project; return its build folder."""
    definitions = (f"-DCMAKE_PREFIX_PATH={zoo.cmake_prefix_path()}", *definitions)
    for command in (
        ["cmake", "-S", str(source), "-B", str(folder), "-G", "Ninja", *definitions],
        ["cmake", "--build", str(folder)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def build_embedding(folder: Path) -> Path:
    """Build the tests that embed the library, once for all processes that name this folder; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return build(ROOT / "tests" / "cpp" / "embed", folder)


@dataclass(frozen=True)
class Answer:
    """What became of a job of `calls`."""

    results: list[dict[str, Tensor]]  # of each call; empty where the job was refused
    fused_layers: int = 0
    status: int = 0
    words: str = ""  # of the refusal, or why layers were not fused


class Calls:
    """The running program `calls`; it starts anew after a crash."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._process: subprocess.Popen[str] | None = None

    def __call__(
        self, model: Path, inputs: list[Tensor], *, engine: str = "auto", chunk: int = 0, batch_size: int = 0
    ) -> Answer:
        """Load a file once and call it with each of the inputs.

        Raises:
            AssertionError: the process died.
        """
        folder = model.parent
        for old in folder.glob("call.*.npy"):
            old.unlink()
        paths = [folder / f"input.{i}.npy" for i in range(len(inputs))]
        for path, x in zip(paths, inputs, strict=True):
            np.save(path, x.numpy())
        kind, number, words = self._ask(model, engine, chunk, batch_size, folder / "call", *paths)
        if kind == "refused":
            return Answer([], status=int(number), words=words)
        results = [self._read(folder, i) for i in range(len(inputs))]
        return Answer(results, fused_layers=int(number), words=words)

    def _ask(self, *words: Any) -> list[str]:
        if self._process is None:
            self._process = subprocess.Popen([self._program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\t".join(map(str, words)) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            self.close()
            raise AssertionError(f"the C++ program died, exit status {process.returncode}")
        return line.rstrip("\n").split("\t")

    @staticmethod
    def _read(folder: Path, call: int) -> dict[str, Tensor]:
        prefix = f"call.{call}."
        found = folder.glob(f"{prefix}*.npy")
        return {p.name.removeprefix(prefix).removesuffix(".npy"): torch.from_numpy(np.load(p)) for p in found}

    def close(self) -> None:
        """End the program."""
        if self._process is not None:
            self._process.communicate()
            self._process = None
