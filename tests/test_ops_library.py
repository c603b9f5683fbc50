"""The operator library as a file: found, loaded once, forced to an instruction set, complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from support.fused import zoo

from zoo.ops import library_path

RUN_ONE_STEP = """
import torch
from zoo.ops import operators
zoo = operators()
lstm = torch.nn.LSTM(4, 6)
packed = zoo.pack_lstm(lstm._flat_weights, True, 1, False, "fp32")
zoo.lstm(torch.randn(3, 1, 4), torch.zeros(1, 1, 6), torch.zeros(1, 1, 6), packed, False, False)
print(zoo.isa())
"""


def run_python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_variable_forces_an_instruction_set():
    assert run_python(RUN_ONE_STEP, ZOO_ISA="portable").stdout.strip() == "portable"


def test_unknown_instruction_set_is_refused_with_the_choices():
    result = run_python(RUN_ONE_STEP, ZOO_ISA="sse9")
    assert result.returncode != 0
    assert "portable, avx2 or avx512" in result.stderr


def test_missing_library_is_named(tmp_path):
    result = run_python(RUN_ONE_STEP, ZOO_OPS_LIBRARY=str(tmp_path / "none.so"))
    assert result.returncode != 0
    assert f"tried {tmp_path}/none.so" in result.stderr


def test_second_copy_is_not_loaded(tmp_path):
    """Two copies in one process would register every operator twice, which ends the process."""
    copy = shutil.copy(library_path(), tmp_path / "copy.so")
    code = f"import torch; torch.ops.load_library({str(copy)!r})\n" + RUN_ONE_STEP
    code += "print(open('/proc/self/maps').read().count('libzoo_ops.so'))"
    result = run_python(code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[-1] == "0"


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_operators_are_all_there(kind):
    for name in (kind, f"pack_{kind}", f"{kind}_packed_sequence", f"{kind}_cell"):
        assert hasattr(zoo, name)


def test_kernels_do_not_leave_the_library():
    """Only what torch needs to register the operators may be visible: a name shared with another library would
    be taken from whichever was loaded first."""
    symbols = subprocess.run(
        ["nm", "-DC", "--defined-only", library_path()], capture_output=True, text=True, check=True
    )
    visible = [line for line in symbols.stdout.splitlines() if " zoo::" in line]
    assert visible == []
