"""Time cpp_runner from start to end on one short input, beside a program of stock LibTorch that does the same.

The two take turns; the medians and their ratio are printed. scripts/programs/stock_libtorch.cpp is compiled first.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from _programs import build_program

import zoo


def time_once(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(name: str, repeats: int, folder: Path) -> None:
    """Build a model and both programs in a folder, time them, and print the result."""
    stock = build_program("stock_libtorch", folder / "stock")
    model = zoo.build(name)
    size = zoo.save_artifact(model, folder / "model.pt").size
    steps, features = 10, model.config.input_size
    inputs = np.random.default_rng(0).standard_normal((1, steps, features)).astype(np.float32)
    inputs.tofile(folder / "input.bin")
    shape = f"1x{steps}x{features}"
    paths = [str(folder / name) for name in ("model.pt", "input.bin")]
    commands = {
        "cpp_runner": [zoo.find_runner(), *paths, "--shape", shape, "-o", str(folder / "ours.bin")],
        "stock LibTorch": [str(stock), *paths, shape, str(folder / "theirs.bin")],
    }
    seconds: dict[str, list[float]] = {program: [] for program in commands}
    for _ in range(repeats):
        for program, command in commands.items():
            seconds[program].append(time_once(command))
    ours, theirs = (np.fromfile(folder / name, dtype=np.float32) for name in ("ours.bin", "theirs.bin"))
    apart = np.abs(ours - theirs).max()
    print(f"{name}, {size:,} bytes, input {shape}, {repeats} runs each, outputs {apart:.1g} apart")
    for program, values in seconds.items():
        low, median, high = (value * 1e3 for value in statistics.quantiles(values, n=4))
        print(f"{program:15} median {median:6.1f} ms   ({low:.1f} to {high:.1f})")
    medians = {program: statistics.median(values) for program, values in seconds.items()}
    print(f"ratio           {medians['cpp_runner'] / medians['stock LibTorch']:.3f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="lstm_classifier", help="a registered name (default: lstm_classifier)")
    parser.add_argument("--repeats", type=int, default=40, help="runs of each program (default: 40)")
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            measure(args.model, args.repeats, Path(folder))
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"measure_startup.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
