"""Prove the models on a GPU, and time them there: C++ on CUDA against Python on CUDA and on the CPU.

The first table has a row for every trained model and for a plain and a residual encoder of every cell. `verify` is the
verdict of `cpp_runner verify --device cuda`, which replays the golden samples that Python recorded on the CPU: whole,
padded, in chunks and in other batches. `languages` is the largest difference of C++ on CUDA from Python on CUDA,
`devices` that of Python on CUDA from Python on the CPU, both over the range of the outputs. The second table has
medians. Each counts the copies to the GPU and back.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import zoo
from zoo.config.cells import CELLS

PRETRAINED = Path(zoo.__file__).parent / "pretrained"
STEPS = 100
BATCHES = (1, 32, 256)
REPEATS = 30


@dataclass(frozen=True)
class Proof:
    """What one model gave on CUDA.

    Args:
        name: of the model.
        passed: the verdict of `cpp_runner verify`.
        checks: how many comparisons that verdict stands on.
        languages: largest difference of C++ on CUDA from Python on CUDA, over the range of the output.
        devices: the same of Python on CUDA from Python on the CPU.
        said: what the program said where it failed.
    """

    name: str
    passed: bool
    checks: int
    languages: float
    devices: float
    said: str


def run_program(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([zoo.find_runner(), *arguments], capture_output=True, text=True)


def draw_input(spec: zoo.TensorSpec) -> Tensor:
    """Draw a batch of three rows: normal values, or legal tokens."""
    generator = torch.Generator().manual_seed(1)
    shape = [{"batch": 3, "seq_len": STEPS}[dim] if isinstance(dim, str) else dim for dim in spec.dims]
    if spec.range is None:
        return torch.randn(shape, generator=generator)
    low, high = spec.range
    return torch.randint(low, high + 1, shape, generator=generator)


def of_range(output: Tensor, expected: Tensor) -> float:
    """Return the largest difference over the range of the expected values."""
    difference = (output.double() - expected.double()).abs().max()
    return float(difference / (expected.double().max() - expected.double().min()))


@torch.no_grad()
def prove(name: str, options: dict[str, Any], folder: Path) -> Proof:
    """Save a model, run it on both devices in both languages, and compare."""
    model = zoo.build(name, **options)
    artifact, source, result = folder / "model.pt", folder / "input.npy", folder / "output.npy"
    zoo.save_artifact(model, artifact)
    input = draw_input(model.input_spec)
    np.save(source, input.numpy())
    expected, _ = zoo.load_artifact(artifact)(input)
    on_cuda = zoo.load_artifact(artifact, device="cuda")(input.cuda())[0].cpu()
    done = run_program("verify", artifact, "--device", "cuda", "--json")
    ran = run_program(artifact, source, "--device", "cuda", "-o", result)
    if not done.stdout or ran.returncode != 0:
        return Proof(name, False, 0, float("nan"), of_range(on_cuda, expected), done.stderr + ran.stderr)
    verdict = json.loads(done.stdout)
    failed = [f"{check['name']}: {check['detail']}" for check in verdict["checks"] if not check["pass"]]
    return Proof(
        name,
        done.returncode == 0 and verdict["pass"],
        len(verdict["checks"]),
        of_range(torch.from_numpy(np.load(result)), on_cuda),
        of_range(on_cuda, expected),
        "; ".join(failed),
    )


@torch.no_grad()
def median_ms(call: Callable[[], object]) -> float:
    """Return the median time of a call after three that are not counted, in milliseconds."""
    times = []
    for _ in range(REPEATS + 3):
        begin = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times[3:])


def time_cell(cell: str, hidden_size: int, folder: Path) -> list[str]:
    """Return a row of the table of times for each batch size."""
    model = zoo.build(f"{cell}_encoder", input_size=hidden_size, hidden_size=hidden_size, num_layers=2, dropout=0.0)
    artifact, source = folder / "model.pt", folder / "input.npy"
    zoo.save_artifact(model, artifact)
    loaded = zoo.load_artifact(artifact, device="cuda")
    rows = []
    for batch in BATCHES:
        input = torch.randn(batch, STEPS, hidden_size)
        np.save(source, input.numpy())
        python = median_ms(lambda input=input: loaded(input.cuda())[0].cpu())
        cpp = [
            json.loads(run_program("bench", artifact, source, "--json", "--device", device, *flags).stdout)[0]
            for device, flags in (("cuda", ()), ("cpu", ()))
        ]
        cuda_ms, cpu_ms = (record["p50_us"] / 1e3 for record in cpp)
        rows.append(
            f"| {cell} | {hidden_size} | {batch} | {python:.2f} | {cuda_ms:.2f} | {cpu_ms:.2f} | {cpp[1]['threads']} |"
        )
    return rows


def list_cases() -> list[tuple[str, dict[str, Any]]]:
    """Return the names and options of the models to prove."""
    trained: list[tuple[str, dict[str, Any]]] = [
        (name, {"pretrained": True}) for name in zoo.list_models() if (PRETRAINED / name).is_dir()
    ]
    plain = [
        (f"{family}{cell}_encoder", {"input_size": 40, "hidden_size": 96, "init": "orthogonal", "seed": 1})
        for cell in CELLS
        for family in ("", "residual_")
    ]
    return trained + plain


def print_proofs(folder: Path) -> bool:
    print("| model | verify | checks | languages | devices |", "| --- | --- | --- | --- | --- |", sep="\n", flush=True)
    passed = True
    for name, options in list_cases():
        proof = prove(name, options, folder)
        passed &= proof.passed
        verdict = "pass" if proof.passed else "**FAIL**"
        print(f"| `{name}` | {verdict} | {proof.checks} | {proof.languages:.1e} | {proof.devices:.1e} |", flush=True)
        if proof.said:
            print(f"{name}: {proof.said}", file=sys.stderr)
    return passed


def print_times(hidden_sizes: Sequence[int], folder: Path) -> None:
    print(f"\nTwo layers, {STEPS} steps, milliseconds")
    print("| cell | units | batch | Python, CUDA | C++, CUDA | C++, CPU | threads |", "| --- " * 7 + "|", sep="\n")
    for cell in CELLS:
        for hidden_size in hidden_sizes:
            print("\n".join(time_cell(cell, hidden_size, folder)), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=int, nargs="+", default=[128, 512], help="units of the layers that are timed")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print("check_cuda.py: error: no CUDA device was found", file=sys.stderr)
        return 1
    warnings.filterwarnings("ignore", message="RNN module weights are not part of single")
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n")
    with tempfile.TemporaryDirectory() as folder:
        passed = print_proofs(Path(folder))
        print_times(args.hidden, Path(folder))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
