"""A type checker knows the types of everything that a user's program calls."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PROGRAM = """
import torch
import zoo

model = zoo.build("lstm_tagger", input_size=12, num_classes=5)
optimizer = torch.optim.SGD(model.train().parameters(), lr=0.1)
output, state = model(torch.zeros(1, 3, 12))
reveal_type(output)
reveal_type(model.initial_state(1))
reveal_type(model.input_spec.dims)
reveal_type(zoo.quantize(model, "dynamic_int8").quantization)
reveal_type(zoo.load_artifact("model.pt")(torch.zeros(1, 3, 12), state=state))
reveal_type(zoo.list_recipes())
zoo.save_artifact(model, "model.pt")


def steps(model: zoo.RecurrentModel) -> list[str]:
    return model.state_names


steps(model)
zoo.biuld("lstm_tagger")
"""
EXPECTED = [
    "torch._tensor.Tensor",
    "list[torch._tensor.Tensor]",
    "tuple[int | str, ...]",
    "zoo.model.QuantizationRecord | None",
    "tuple[torch._tensor.Tensor, list[torch._tensor.Tensor]]",
    "list[str]",
]


def test_a_users_program_has_types(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="needs the extra `lint`")
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "program.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
    )
    lines = done.stdout.splitlines()
    assert [line.split('"')[1] for line in lines if "Revealed type" in line] == EXPECTED, done
    (error,) = [line for line in lines if " error: " in line]
    assert 'Module has no attribute "biuld"' in error
