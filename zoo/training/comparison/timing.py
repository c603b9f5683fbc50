"""What cpp_runner says of a model: whether it gives Python's numbers, and what a step takes."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from torch import nn

import zoo
from zoo.training.errors import TrainingError

STEPS, ITERATIONS = 100, 100  # of the longer of the two calls that `cpp_runner bench` times, and of each of them


@dataclass(frozen=True)
class Timing:
    """One trained model in C++.

    Args:
        trial, family: names.
        verified: whether `cpp_runner verify` found Python's numbers.
        streams: whether it can read step by step.
        step_us: median microseconds of one step of a stream, batch 1, one thread; of a model that cannot stream, the
            hundredth of a call of 100 steps.
    """

    trial: str
    family: str
    verified: bool
    streams: bool
    step_us: float


def measure(model: nn.Module, trial: str, family: str) -> Timing:
    """Save a model, verify it in C++, and time it there.

    Raises:
        FileNotFoundError: cpp_runner is not installed.
        TrainingError: cpp_runner refuses the file; the message has its own words.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        zoo.save_artifact(model, path)
        verified = _call("verify", path, fails_with=1).returncode == 0
        streams: bool = zoo.load_artifact(path).manifest["streamable"]
        call = _call("bench", path, "--json", "--threads", "1", "--iterations", str(ITERATIONS))
    medians: dict[int, float] = {row["seq_len"]: row["p50_us"] for row in json.loads(call.stdout)}
    step = medians[1] if streams else medians[STEPS] / STEPS
    return Timing(trial, family, verified, streams, round(step, 2))


def _call(command: str, path: Path, *arguments: str, fails_with: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [zoo.find_runner(), command, str(path), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, fails_with):
        raise TrainingError(f"cpp_runner {command} failed with exit status {done.returncode}: {done.stderr.strip()}")
    return done
