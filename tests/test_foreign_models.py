"""TorchScript files of other people give the numbers of stock TorchScript, call after call, in every engine."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.accelerated import CLOSE, script
from support.embedding import build_embedding
from support.foreign_models import CASES, Case, step_input
from support.program import Program
from torch import Tensor

import zoo
from zoo.acceleration import AccelerationError

CALLS = 3


def named(result: Any, name: str = "") -> dict[str, Tensor]:
    """Flatten a result into the names that the runner gives: "output", or "0" and "1.h"."""
    if isinstance(result, Tensor):
        return {name or "output": result}
    parts = result.items() if isinstance(result, dict) else enumerate(result)
    prefix = f"{name}." if name else ""
    return {key: tensor for k, part in parts for key, tensor in named(part, f"{prefix}{k}").items()}


def assert_same(actual: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert actual.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(actual[name], tensor, **CLOSE)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that calls a file several times."""
    return build_embedding(tmp_path_factory.mktemp("embed")) / "calls"


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def saved(case: Case, tmp_path: Path) -> tuple[Path, list[Tensor], list[dict[str, Tensor]]]:
    """A file, the inputs of its calls, and what stock TorchScript gives for them, one after the other."""
    module = case.make()
    if not any(part.training for part in list(module.modules())[1:]) or module.training:
        module.eval()
    path = tmp_path / "model.pt"
    with zoo.artifact.torchscript.without_notices():
        torch.jit.script(module).save(str(path))
    inputs = [step_input() for _ in range(CALLS)]
    stock = torch.jit.load(path)
    return path, inputs, [named(stock(x)) for x in inputs]


@pytest.mark.parametrize("engine", ["auto", "aten"])
def test_cpp_gives_the_numbers_of_stock_torchscript(engine: str, saved: Any, calls: Path, tmp_path: Path) -> None:
    path, inputs, expected = saved
    for i, x in enumerate(inputs):
        np.save(tmp_path / f"{i}.npy", x.numpy())
    paths = [tmp_path / f"{i}.npy" for i in range(CALLS)]
    done = subprocess.run(
        [calls, path, engine, "fp32", tmp_path / "result", *paths], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    for i, results in enumerate(expected):
        found = {p.name.split(".", 2)[2].removesuffix(".npy"): p for p in tmp_path.glob(f"result.{i}.*.npy")}
        assert_same({name: torch.from_numpy(np.load(p)) for name, p in found.items()}, results)


def test_accelerate_gives_them_or_refuses(case: Case, saved: Any) -> None:
    path, inputs, expected = saved
    loaded = torch.jit.load(path)
    if case.fused == 0:
        with pytest.raises(AccelerationError, match=case.refusal or case.left):
            zoo.accelerate(loaded)
        return
    accelerated = zoo.accelerate(loaded)
    for x, results in zip(inputs, expected, strict=True):
        assert_same(named(accelerated(x)), results)
    for x, results in zip(inputs, expected, strict=True):  # the module from which it was made did not move
        assert_same(named(loaded(x)), results)


def test_info_tells_what_became_of_each_layer(case: Case, saved: Any, program: Program) -> None:
    acceleration = program.succeed("info", saved[0], "--json").json["acceleration"]
    assert acceleration["fused_layers"] == case.fused
    if case.fused == 0:
        assert case.refusal in acceleration["refusal"]
    assert case.left in "; ".join(left["reason"] for left in acceleration["left"])


@pytest.mark.parametrize("case", [CASES["functional"]])
@pytest.mark.parametrize("run", [pytest.param(zoo.accelerate, id="accelerate"), pytest.param(None, id="stock")])
def test_a_check_of_the_users_own_keeps_its_words(run: Callable[..., Any] | None, saved: Any) -> None:
    module = torch.jit.load(saved[0])
    if run is not None:
        module = run(module)
    with pytest.raises(torch.jit.Error, match="this model wants six features"):
        module(torch.randn(2, 5, 7))


@pytest.mark.parametrize("case", [CASES["training_submodule"]])
def test_info_names_the_submodules_in_training_mode(saved: Any, program: Program) -> None:
    assert program.succeed("info", saved[0], "--json").json["training_mode"] == {
        "saved_whole": False,
        "submodules": ["first", "second"],
    }


def test_a_file_saved_in_training_mode_runs_in_eval_mode(program: Program, tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.Dropout(0.5))
    path, x = tmp_path / "model.pt", step_input()
    script(module)  # leaves the module in eval mode
    with zoo.artifact.torchscript.without_notices():
        torch.jit.script(module.train()).save(str(path))
    np.save(tmp_path / "x.npy", x.numpy())
    output = program.output(path, tmp_path / "x.npy", folder=tmp_path)
    torch.testing.assert_close(torch.from_numpy(output), module.eval()(x), **CLOSE)
    assert program.succeed("info", path, "--json").json["training_mode"]["saved_whole"]
    assert "it runs in eval mode" in program.succeed("info", path).stdout


def test_an_accelerated_file_says_so(program: Program, tmp_path: Path) -> None:
    zoo.accelerate(script(CASES["plain"].make())).save(str(tmp_path / "model.pt"))
    assert "accelerated before it was saved" in program.succeed("info", tmp_path / "model.pt").stdout
