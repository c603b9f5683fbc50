"""Time one streaming step through zoo::Model in C++, and the engine's kernel alone, on encoders of one layer.

The two take turns in one process. The program is scripts/programs/step_cost.cpp, which is compiled first.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from _programs import build_program

import zoo
from zoo.config.cells import CELLS
from zoo.ops import pack

FEATURES = 64


def write_model(cell: str, hidden_size: int, folder: Path) -> tuple[Path, Path]:
    """Save an encoder and, apart, the packed weights of its layer."""
    model = zoo.build(f"{cell}_encoder", input_size=FEATURES, hidden_size=hidden_size, num_layers=1, dropout=0.0)
    zoo.save_artifact(model, folder / "model.pt")
    pack(model.backbone.stack.rnn).numpy().tofile(folder / "packed.bin")
    return folder / "model.pt", folder / "packed.bin"


def measure(hidden_sizes: list[int], folder: Path) -> None:
    """Build the program and the models in a folder, time them, and print a row for each."""
    program = build_program("step_cost", folder / "build")
    print(f"{'one step, microseconds':22} {'zoo::Model':>10} {'kernel':>8} {'besides':>8}")
    for cell in CELLS:
        for hidden_size in hidden_sizes:
            files = write_model(cell, hidden_size, folder)
            done = subprocess.run([program, *files], check=True, stdout=subprocess.PIPE, text=True)
            whole, kernel, besides = map(float, done.stdout.split())
            print(f"{f'{cell.upper()} {hidden_size}':22} {whole:10.2f} {kernel:8.2f} {besides:8.2f}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=int, nargs="+", default=[64, 128, 256, 512], help="sizes of the layer")
    args = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            measure(args.hidden, Path(folder))
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"measure_step.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
