"""Time one streaming step through zoo::Model in C++, and the engine's kernel alone, on encoders of one layer.

The two take turns in one process. The program is tests/cpp/embed/step_cost.cpp, compiled here against the installed
package.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import zoo
from zoo.benchmark.torch_peers import pack_layers

SOURCE = Path(__file__).parents[1] / "tests" / "cpp" / "embed"
FEATURES = 64


def build_program(folder: Path) -> Path:
    configure = ["cmake", "-S", str(SOURCE), "-B", str(folder), "-DCMAKE_BUILD_TYPE=Release"]
    configure.append(f"-DCMAKE_PREFIX_PATH={zoo.cmake_prefix_path()}")
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", str(folder), "--target", "step_cost"], check=True, stdout=subprocess.DEVNULL)
    return folder / "step_cost"


def write_model(kind: str, hidden_size: int, folder: Path) -> tuple[Path, Path]:
    """Save an encoder and, apart, the packed weights of its layer."""
    model = zoo.build(f"{kind}_encoder", input_size=FEATURES, hidden_size=hidden_size, num_layers=1, dropout=0.0)
    zoo.save_artifact(model, folder / "model.pt")
    pack_layers(model.backbone.stack.rnn, "fp32").numpy().tofile(folder / "packed.bin")
    return folder / "model.pt", folder / "packed.bin"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=int, nargs="+", default=[64, 128, 256, 512], help="sizes of the layer")
    args = parser.parse_args()
    if shutil.which("cmake") is None:
        print("measure_step.py: error: the program is compiled with cmake: pip install cmake", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        program = build_program(folder / "build")
        print(f"{'one step, microseconds':22} {'zoo::Model':>10} {'kernel':>8} {'besides':>8}")
        for kind in ("lstm", "gru", "rnn"):
            for hidden_size in args.hidden:
                files = write_model(kind, hidden_size, folder)
                done = subprocess.run([program, *files], check=True, capture_output=True, text=True)
                whole, kernel, besides = map(float, done.stdout.split())
                print(f"{f'{kind.upper()} {hidden_size}':22} {whole:10.2f} {kernel:8.2f} {besides:8.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
