"""The operator library as a file: found, loaded once, forced to an instruction set, complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import get_args

import pytest
from support.fused import ops

from zoo.config import CELLS, Precision
from zoo.ops import engine_tables, library_path, reference

RUN_ONE_STEP = """
import torch
from zoo.ops import operators
ops = operators()
lstm = torch.nn.LSTM(4, 6)
packed = ops.pack_lstm(lstm._flat_weights, True, 1, False, "fp32")
ops.lstm(torch.randn(3, 1, 4), torch.zeros(1, 1, 6), torch.zeros(1, 1, 6), packed, False, False)
print(ops.isa())
"""


def run_python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_variable_forces_an_instruction_set():
    assert run_python(RUN_ONE_STEP, ZOO_ISA="portable").stdout.strip() == "portable"


def test_unknown_instruction_set_is_refused_with_the_choices():
    *others, last = engine_tables()["isas"]
    result = run_python(RUN_ONE_STEP, ZOO_ISA="sse9")
    assert result.returncode != 0
    assert f"set it to {', '.join(others)} or {last}" in result.stderr


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


def test_the_engine_and_the_package_have_the_same_cells():
    """The engine's table has a row for each nonlinearity of a cell."""
    of_engine = {}
    for row in engine_tables()["cells"]:
        of_engine.setdefault(row["op"], []).append(row)
    assert list(of_engine) == list(CELLS)
    for cell, rows in of_engine.items():
        assert [row["nonlinearity"] for row in rows] == list(CELLS[cell].nonlinearities or [""])
        for row in rows:
            assert row["name"] == "_".join(filter(None, (cell, row["nonlinearity"])))
            assert row["num_gates"] == CELLS[cell].num_gates
            assert ("h", "c")[: 1 + row["has_c"]] == CELLS[cell].state_names
            assert row["projects"] == CELLS[cell].projects


def test_the_engine_and_the_package_have_the_same_precisions():
    assert engine_tables()["precisions"] == list(get_args(Precision))


def test_every_cell_has_a_reference():
    assert list(reference.CELLS) == [row["name"] for row in engine_tables()["cells"]]


@pytest.mark.parametrize("cell", CELLS)
def test_operators_are_all_there(cell):
    for name in (cell, f"pack_{cell}", f"{cell}_packed_sequence", f"{cell}_cell"):
        assert hasattr(ops, name)


def test_kernels_do_not_leave_the_library():
    """Only what torch needs to register the operators may be visible: a name shared with another library would
    be taken from whichever was loaded first."""
    symbols = subprocess.run(
        ["nm", "-DC", "--defined-only", library_path()], capture_output=True, text=True, check=True
    )
    visible = [line for line in symbols.stdout.splitlines() if " zoo::" in line]
    assert visible == []
