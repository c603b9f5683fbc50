"""Time the speech detector in C++ and silero-vad in ONNX Runtime on chunks of 32 ms, in turns, on one thread.

cpp_runner gets one chunk a call with the state of the call before, as a stream does and as silero-vad gets it, or
several at once from a fresh state, as a recording does. silero-vad's state makes it take one after the other.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import zoo
from zoo.training.markdown import make_table

try:
    from zoo.training.baselines.speech_activity import CONTEXT, feed_silero, open_silero
    from zoo.training.tasks.speech_activity import HOP
except ModuleNotFoundError as missing:
    sys.exit(
        f"time_speech_detectors.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'"
    )

MODEL = "gru_detector_speech"
PRECISIONS = ("fp32", "int8")
CALLS, WARM = 300, 50


def time_ours(path: Path, chunks: int, precision: str, folder: Path) -> float:
    """Return the median microseconds of a chunk in one process of cpp_runner."""
    command = [zoo.find_runner(), "bench", path, "--json", "--threads", "1", "--precision", precision]
    command += ["--iterations", str(CALLS)]
    if chunks > 1:  # without an input the first record is that of one step with its state carried
        input = folder / f"{chunks}.npy"
        np.save(input, 0.05 * np.random.default_rng(0).standard_normal((1, chunks, HOP)).astype(np.float32))
        command.append(input)
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)[0]["p50_us"]) / chunks


def time_silero(session: Any) -> float:
    """Return the median microseconds of a chunk."""
    chunk = 0.05 * torch.randn(1, CONTEXT + HOP, generator=torch.Generator().manual_seed(0))
    feed, times = feed_silero(chunk), []
    for _ in range(WARM + CALLS):
        begin = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - begin)
    return 1e6 * statistics.median(times[WARM:])


def measure(rounds: int, counts: list[int]) -> dict[str, float]:
    """Return the smallest median of each contestant over rounds in which all of them take turns."""
    session, best = open_silero(), {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "model.pt"
        zoo.save_artifact(zoo.build(MODEL, pretrained=True), path)
        for _ in range(rounds):
            found = {"silero-vad, ONNX Runtime, 1 chunk a call": time_silero(session)}
            for precision in PRECISIONS:
                for count in counts:
                    label = f"{MODEL}, C++ {precision}, {count} chunk{'s' * (count > 1)} a call"
                    found[label] = time_ours(path, count, precision, folder)
            best = {label: min(value, best.get(label, value)) for label, value in found.items()}
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="each contestant's best median counts (default: 7)")
    parser.add_argument("--chunks", type=int, nargs="+", default=[1, 8, 32], help="a call (default: 1 8 32)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    try:
        best = measure(args.rounds, args.chunks)
    except (zoo.ZooError, ImportError, OSError, subprocess.CalledProcessError) as error:
        print(f"time_speech_detectors.py: error: {error}", file=sys.stderr)
        return 1
    peer = next(iter(best.values()))
    rows = [[label, f"{value:.1f}", f"{value / peer:.2f}"] for label, value in best.items()]
    print(make_table(["one thread", "microseconds per 32 ms", "of silero-vad's"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
