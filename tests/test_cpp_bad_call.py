"""Calls that make no sense, and outputs that cannot be written: files stay as they were."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from support.program import (
    BAD_DATA,
    BEFORE,
    CANNOT_CREATE,
    UNAVAILABLE,
    USAGE,
    WRITE_FAILED,
    Outcome,
    Program,
)
from support.real_input import quiet_input, write_npy

from zoo.artifact import torchscript


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--stream", "4"], USAGE, "--stream needs a streamable model"),
        (["--stream", "0"], USAGE, "--stream is '0', expected a whole number from 1"),
        (["--stream", "four"], USAGE, "--stream is 'four', expected a whole number from 1"),
        (["--threads", "-1"], USAGE, "--threads is '-1', expected a whole number from 1"),
        (["--threads", "50000"], USAGE, "50000 threads were asked for, expected from 1 to 1024"),
        (["--batch-size", "0"], USAGE, "--batch-size is '0', expected a whole number from 1"),
        (["--strem", "4"], USAGE, "unknown flag '--strem', did you mean --stream?"),
        (["--precision", "int4"], USAGE, "--precision is 'int4', expected fp32 or bf16 or int8"),
        (["--engine", "warp"], USAGE, "--engine is 'warp', expected auto or fused or aten"),
        (["--device", "tpu"], USAGE, "unknown device 'tpu', expected cpu, cuda or cuda:N"),
    ],
)
def test_bad_flags(
    arguments: list[str],
    status: int,
    words: str,
    models: dict[str, Path],
    refuse: Callable[..., Outcome],
    tmp_path: Path,
) -> None:
    model = models["bidirectional"] if arguments == ["--stream", "4"] else models["float"]
    refuse(status, words, model, quiet_input(tmp_path), *arguments)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_no_gpu(models: dict[str, Path], refuse: Callable[..., Outcome], tmp_path: Path) -> None:
    refuse(UNAVAILABLE, "use the CPU (--device cpu)", models["float"], quiet_input(tmp_path), "--device", "cuda")


def test_too_few_and_too_many_words(program: Program, models: dict[str, Path], tmp_path: Path) -> None:
    inputs = quiet_input(tmp_path)
    for arguments, words in (
        ([], "no model given"),
        (["run"], "run needs a model"),
        ([models["float"], inputs, "--shape"], "--shape needs a value"),
        ([models["float"]], "the model takes one input file, got 0"),
        (["verify"], "verify needs a model"),
        ([models["float"], inputs, inputs], "the model takes one input file, got 2"),
    ):
        outcome = program(*arguments)
        assert (outcome.status, outcome.stdout) == (USAGE, ""), arguments
        assert outcome.error.startswith(f"cpp_runner: error: {words}")


def test_flags_of_an_input_that_is_not_there(program: Program, models: dict[str, Path], tmp_path: Path) -> None:
    for flag in (["--shape", "1x5x12"], ["--dtype", "float64"], ["--lengths", "no.npy"], ["--allow-nonfinite"]):
        outcome = program("bench", models["float"], *flag)
        assert (outcome.status, outcome.stdout) == (USAGE, "")
        assert outcome.error == f"cpp_runner: error: {flag[0]} is for an input, and none is given"
    torch.jit.script(Twice()).save(tmp_path / "plain.pt")
    for flag in (["--shape", "1"], ["--dtype", "float64"]):
        outcome = program(tmp_path / "plain.pt", "int:3", *flag)
        assert (outcome.status, outcome.stdout) == (USAGE, "")
        assert outcome.error == f"cpp_runner: error: {flag[0]} is for an input file, and none is given"
    outcome = program("bench", tmp_path / "plain.pt", "int:3", "--lengths", "no.npy")
    assert outcome.status == USAGE
    assert "--lengths needs an artifact" in outcome.error
    outcome = program("bench", models["float"], "--call", "nothing")
    assert "the model has no method 'nothing'" in outcome.error


class Twice(torch.nn.Module):
    def forward(self, count: int) -> int:
        return 2 * count


@pytest.mark.parametrize(
    ("output", "status"), [("no/such/folder/out.npy", CANNOT_CREATE), ("out.csv", USAGE), ("/dev/full", WRITE_FAILED)]
)
def test_bad_output(output: str, status: int, models: dict[str, Path], program: Program, tmp_path: Path) -> None:
    outcome = program(models["float"], quiet_input(tmp_path), "-o", tmp_path / output)
    assert (outcome.status, outcome.stdout) == (status, ""), outcome


def test_output_and_state_to_nowhere(models: dict[str, Path], program: Program, tmp_path: Path) -> None:
    program.succeed(models["float"], quiet_input(tmp_path), "-o", "/dev/null")
    program.succeed(models["float"], quiet_input(tmp_path), "--state-out", "/dev/null")  # two tensors
    assert list(tmp_path.glob("*")) == [quiet_input(tmp_path)]


def test_a_method_that_does_not_exist_is_told_before_its_input(
    models: dict[str, Path], program: Program, tmp_path: Path
) -> None:
    (tmp_path / "input.bin").write_bytes(bytes(480))
    for command in ("run", "bench"):
        outcome = program(command, models["float"], "--method", "classify", tmp_path / "input.bin")
        assert outcome.status == BAD_DATA
        assert "the model has no method 'classify', it has forward" in outcome.error
        outcome = program(command, models["float"], "--method", "initial_state", tmp_path / "input.bin")
        assert "is raw, which needs --shape" in outcome.error


def test_a_full_disk(models: dict[str, Path], program: Program, tmp_path: Path) -> None:
    """A file-size limit makes the write fail part of the way, as a full disk does."""
    inputs = write_npy(tmp_path / "long.npy", np.zeros((1, 20_000, 12), dtype=np.float32))
    output = tmp_path / "existing.npy"
    output.write_bytes(BEFORE)
    command = f'ulimit -f 16; exec "{program.path}" "{models["float"]}" "{inputs}" -o "{output}"'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (WRITE_FAILED, ""), done.stderr
    assert done.stderr.startswith("cpp_runner: error: ")
    assert output.read_bytes() == BEFORE
    assert not list(tmp_path.glob(".*"))


def test_stdout_on_a_full_disk(models: dict[str, Path], program: Program) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [program.path, "info", models["float"]], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == WRITE_FAILED, done.stderr


def test_a_closed_pipe(models: dict[str, Path], program: Program) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [program.path, "info", models["float"]], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert done.returncode == WRITE_FAILED, done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_debug_adds_the_trace(program: Program, tmp_path: Path) -> None:
    class Failing(torch.nn.Module):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return input @ input

    path = tmp_path / "plain.pt"
    with path.open("wb") as file:
        torchscript.save(torchscript.script(Failing()), file, {})
    inputs = quiet_input(tmp_path)
    brief = program(path, inputs)
    long = program(path, inputs, "--debug")
    assert brief.status == long.status == BAD_DATA
    assert len(brief.stderr.splitlines()) == 1
    assert len(long.stderr.splitlines()) > 3
