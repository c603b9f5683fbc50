"""Random TorchScript modules give the numbers of stock TorchScript, or are refused.

`python tests/test_random_foreign_models.py MINUTES [ROUND]` goes on for longer and prints how many it tried. Each run
tries other modules, unless it is given the round to begin with.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from support.embedding import Calls, build_embedding
from support.foreign.generator import check, expressions

QUIET = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}
EXAMPLES_A_ROUND = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("random")


@settings(max_examples=50, derandomize=True, **QUIET)
@given(expression=expressions())
def test_random_modules_give_the_numbers_of_stock_torchscript(expression: str, calls: Calls, folder: Path) -> None:
    check(expression, calls, folder)


def try_round(number: int, programs: Path) -> None:
    """Try some modules and print how many were tried."""
    torch.set_num_threads(1)
    calls, count = Calls(programs / "calls"), 0

    @seed(number)
    @settings(max_examples=EXAMPLES_A_ROUND, phases=[Phase.generate, Phase.shrink], **QUIET)
    @given(expression=expressions())
    def run(expression: str) -> None:
        nonlocal count
        (programs / "last").write_text(expression)
        with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
            check(expression, calls, Path(folder))
        count += 1

    try:
        run()
    finally:
        print(count)


def try_for(minutes: float, first: int) -> int:
    """Try rounds in processes of their own, so that none ends the others; return 1 where one failed."""
    end, total, failed, number = time.monotonic() + 60 * minutes, 0, 0, first
    with tempfile.TemporaryDirectory() as folder:
        programs = build_embedding(Path(folder))
        while time.monotonic() < end:
            command = [sys.executable, "-W", "ignore", __file__, "--round", str(number), folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            total += int(done.stdout.split()[-1]) if done.stdout.strip() else 0
            number += 1
            if done.returncode:
                failed += 1
                last = (programs / "last").read_text()
                print(f"round {number - 1}: exit status {done.returncode}, last module {last}\n{done.stderr[-3000:]}")
            print(f"{total} modules in rounds {first} to {number - 1}, {failed} with a fault", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    if sys.argv[1] == "--round":
        try_round(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        first = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
        sys.exit(try_for(float(sys.argv[1]), first))
