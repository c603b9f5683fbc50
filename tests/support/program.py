"""cpp_runner as the tests call it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TIMEOUT = 120
# What lies where a refused call is told to write, and must lie there afterwards.
BEFORE = b"what was here before"

# Exit statuses, as in sysexits.h.
USAGE, BAD_DATA, NO_INPUT, UNAVAILABLE, CANNOT_CREATE, WRITE_FAILED, NO_PERMISSION = 64, 65, 66, 69, 73, 74, 77


@dataclass(frozen=True)
class Outcome:
    """What a call gave back."""

    status: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The first line of stderr."""
        return self.stderr.splitlines()[0] if self.stderr else ""

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


@dataclass(frozen=True)
class Program:
    """The program at a path."""

    path: str

    def __call__(self, *arguments: object, stdin: bytes | None = None, **environment: str) -> Outcome:
        done = subprocess.run(
            [self.path, *map(str, arguments)],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=TIMEOUT,
            env={**os.environ, **environment},
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def succeed(self, *arguments: object, **options: Any) -> Outcome:
        """Call, and fail the test with the program's own words unless it exits with 0."""
        outcome = self(*arguments, **options)
        assert outcome.status == 0, f"exit {outcome.status}: {outcome.stderr}\n{outcome.stdout}"
        return outcome

    def output(self, model: Path, *arguments: object, folder: Path) -> Any:
        """Run and return the only output as an array."""
        path = folder / "output.npy"
        self.succeed(model, *arguments, "-o", path)
        return np.load(path)


def find_program() -> Program:
    """Find cpp_runner beside this Python, or on PATH.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    beside = shutil.which("cpp_runner", path=str(Path(sys.executable).parent))
    path = beside or shutil.which("cpp_runner")
    if path is None:
        raise FileNotFoundError("cpp_runner is not installed: pip install '.[test]'")
    return Program(path)
