"""The engine allocates nothing: a call that is bound once runs again and again on the memory it has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "cpp" / "count_allocations.c"
CALLS = 1000

# Runs in a process of its own, whose malloc is the counting one.
COUNT = """
import ctypes, json, sys
import torch
from torch import nn
from zoo.ops import library_path, operators

ops = operators()
counter = ctypes.CDLL(sys.argv[1])
counter.count_allocations.restype = ctypes.c_long
engine = ctypes.CDLL(str(library_path()))
shortest = ctypes.c_double()
counts = {"control": counter.count_allocations(counter.allocate_once, None, 10, ctypes.byref(shortest))}
for cell, batch, steps, layers, bidirectional, precision in [
    ("LSTM", 1, 1, 1, False, "fp32"), ("LSTM", 1, 1, 2, False, "bf16"), ("LSTM", 1, 1, 1, False, "int8"),
    ("GRU", 1, 1, 1, False, "fp32"), ("GRU", 3, 7, 2, True, "int8"), ("RNN", 1, 1, 1, False, "fp32"),
    ("RNN", 16, 5, 2, True, "bf16"),
]:
    rnn = getattr(nn, cell)(37, 45, layers, bidirectional=bidirectional)
    arguments = [rnn._flat_weights, True, layers, bidirectional, precision] + (["tanh"] if cell == "RNN" else [])
    packed = getattr(ops, f"pack_{cell.lower()}")(*arguments)
    directions = 2 if bidirectional else 1
    input = torch.randn(steps, batch, 37)
    states = [torch.zeros(layers * directions, batch, 45) for _ in range(2 if cell == "LSTM" else 1)]
    results = [torch.empty(steps, batch, 45 * directions), *(torch.empty_like(state) for state in states)]
    call = ops.bind(input, states, packed, False, results)
    pointer = ctypes.c_void_p(call.data_ptr())
    engine.zoo_run_bound_call(pointer)  # the thread's scratch memory grows in the first call
    name = f"{cell} {batch} {steps} {precision}"
    run, times = engine.zoo_run_bound_call, int(sys.argv[2])
    counts[name] = counter.count_allocations(run, pointer, times, ctypes.byref(shortest))
    expected = getattr(ops, cell.lower())(input, *states, packed, bidirectional, False)
    assert all(torch.equal(a, b) for a, b in zip(results, expected))
print(json.dumps(counts))
"""


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("counter") / "libcount.so"
    subprocess.run(["cc", "-O1", "-fno-builtin", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    return library


def test_a_bound_call_allocates_nothing(counter: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", COUNT, counter, str(CALLS)],
        env={**os.environ, "LD_PRELOAD": str(counter), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts.pop("control") == 10
    assert counts == dict.fromkeys(counts, 0)
    assert len(counts) == 7
