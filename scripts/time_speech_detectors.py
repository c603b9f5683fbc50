"""Time the speech detectors in C++ and silero-vad in ONNX Runtime on chunks of 32 ms, in turns, on one thread.

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
    from zoo.training.baselines.speech_activity import count_context, feed_silero, open_silero
    from zoo.training.tasks.speech_activity import HOPS
except ModuleNotFoundError as missing:
    sys.exit(
        f"time_speech_detectors.py: error: {missing}; this takes more packages: pip install 'recurrent-zoo[train]'"
    )

# Samples per second -> the model.
MODELS = {8000: "gru_detector_speech", 16000: "gru_detector_speech_16k"}
PRECISIONS = ("fp32", "int8")
CALLS, WARM = 300, 50


def time_ours(path: Path, rate: int, chunks: int, precision: str) -> float:
    """Return the median microseconds of a chunk in one process of cpp_runner."""
    command = [zoo.find_runner(), "bench", path, "--json", "--threads", "1", "--precision", precision]
    command += ["--iterations", str(CALLS)]
    if chunks > 1:  # without an input the first record is that of one step with its state carried
        input = path.with_suffix(f".{chunks}.npy")
        np.save(input, 0.05 * np.random.default_rng(0).standard_normal((1, chunks, HOPS[rate])).astype(np.float32))
        command.append(input)
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)[0]["p50_us"]) / chunks


def time_silero(session: Any, rate: int) -> float:
    """Return the median microseconds of a chunk."""
    chunk = 0.05 * torch.randn(1, count_context(rate) + HOPS[rate], generator=torch.Generator().manual_seed(0))
    feed, times = feed_silero(chunk, rate), []
    for _ in range(WARM + CALLS):
        begin = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - begin)
    return 1e6 * statistics.median(times[WARM:])


def measure(rate: int, rounds: int, counts: list[int]) -> dict[str, float]:
    """Return the smallest median of each contestant of a rate over rounds in which all of them take turns."""
    session, best, model = open_silero(), {}, MODELS[rate]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        zoo.save_artifact(zoo.build(model, pretrained=True), path)
        for _ in range(rounds):
            found = {f"silero-vad at {rate // 1000} kHz, ONNX Runtime, 1 chunk a call": time_silero(session, rate)}
            for precision in PRECISIONS:
                for count in counts:
                    label = f"{model}, C++ {precision}, {count} chunk{'s' * (count > 1)} a call"
                    found[label] = time_ours(path, rate, count, precision)
            best = {label: min(value, best.get(label, value)) for label, value in found.items()}
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="each contestant's best median counts (default: 7)")
    parser.add_argument("--chunks", type=int, nargs="+", default=[1, 8, 32], help="a call (default: 1 8 32)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    try:
        found = [measure(rate, args.rounds, args.chunks) for rate in MODELS]
    except (zoo.ZooError, ImportError, OSError, subprocess.CalledProcessError) as error:
        print(f"time_speech_detectors.py: error: {error}", file=sys.stderr)
        return 1
    rows = []
    for best in found:
        peer = next(iter(best.values()))
        rows += [[label, f"{value:.1f}", f"{value / peer:.2f}"] for label, value in best.items()]
    print(make_table(["one thread", "microseconds per 32 ms", "of silero-vad's"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
