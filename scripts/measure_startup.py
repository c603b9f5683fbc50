"""Time cpp_runner from start to end on one short input, beside a stock LibTorch program that does the same.

The two take turns; the median of each and their ratio are printed. The stock program is tests/cpp/stock_libtorch.cpp,
compiled here first.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import zoo

STOCK_SOURCE = Path(__file__).parents[1] / "tests" / "cpp"


def build_stock(folder: Path) -> Path:
    """Compile the stock program against the installed torch."""
    spec = importlib.util.find_spec("torch")
    assert spec is not None, "zoo depends on torch"
    assert spec.origin is not None, "torch is a package with an __init__"
    torch_folder = Path(spec.origin).parent
    configure = ["cmake", "-S", str(STOCK_SOURCE), "-B", str(folder), f"-DZOO_TORCH_DIR={torch_folder}"]
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder / "stock_libtorch"


def time_once(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="lstm_classifier", help="a registered name (default: lstm_classifier)")
    parser.add_argument("--repeats", type=int, default=40)
    args = parser.parse_args()
    if shutil.which("cmake") is None:
        print("measure_startup.py: error: the program is compiled with cmake: pip install cmake", file=sys.stderr)
        return 1
    program = shutil.which("cpp_runner") or str(Path(sys.executable).parent / "cpp_runner")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        stock = build_stock(folder / "stock")
        model = zoo.build(args.model)
        size = zoo.save_artifact(model, folder / "model.pt").size
        steps, features = 10, model.config.input_size
        inputs = np.random.default_rng(0).standard_normal((1, steps, features)).astype(np.float32)
        inputs.tofile(folder / "input.bin")
        shape = f"1x{steps}x{features}"
        paths = [str(folder / name) for name in ("model.pt", "input.bin")]
        ours = [program, *paths, "--shape", shape, "-o", str(folder / "ours.bin")]
        theirs = [str(stock), *paths, shape, str(folder / "theirs.bin")]
        seconds: dict[str, list[float]] = {"cpp_runner": [], "stock LibTorch": []}
        for _ in range(args.repeats):
            seconds["cpp_runner"].append(time_once(ours))
            seconds["stock LibTorch"].append(time_once(theirs))
        outputs = [np.fromfile(folder / name, dtype=np.float32) for name in ("ours.bin", "theirs.bin")]
        apart = np.abs(outputs[0] - outputs[1]).max()
        print(f"{args.model}, {size:,} bytes, input {shape}, {args.repeats} runs each, outputs {apart:.1g} apart")
        for name, values in seconds.items():
            quartiles = statistics.quantiles(values, n=4)
            low, median, high = (value * 1e3 for value in quartiles)
            print(f"{name:15} median {median:6.1f} ms   ({low:.1f} to {high:.1f})")
        ratio = statistics.median(seconds["cpp_runner"]) / statistics.median(seconds["stock LibTorch"])
        print(f"ratio           {ratio:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
