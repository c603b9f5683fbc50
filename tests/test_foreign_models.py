"""TorchScript files of other people give the numbers of stock TorchScript, call after call, in every engine."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.accelerated import CLOSE, script
from support.embedding import Calls
from support.foreign.case import Case, step_input
from support.foreign.gallery import CASES
from support.foreign.stock import assert_same, is_close, named, run_in_parts, save
from support.program import BAD_DATA, Program
from torch import Tensor, nn

import zoo
from zoo.acceleration import AccelerationError

ENGINES = ("auto", "aten")


@dataclass(frozen=True)
class Saved:
    """A case in a file, the inputs of its calls, and what stock TorchScript gives for them, one after the other."""

    case: Case
    path: Path
    inputs: list[Tensor]
    expected: list[dict[str, Tensor]]


@pytest.fixture(scope="module", params=CASES)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    case, path = CASES[request.param], tmp_path_factory.mktemp("case") / "model.pt"
    torch.manual_seed(0)
    with torch.no_grad():
        save(case.make(), path)
        inputs = [step_input() for _ in range(3)]
        stock = torch.jit.load(path)
        return Saved(case, path, inputs, [named(stock(x.clone())) for x in inputs])


def test_cpp_gives_the_numbers_of_stock_torchscript(saved: Saved, calls: Calls) -> None:
    for engine in (*ENGINES, "check"):
        answer = calls(saved.path, saved.inputs, engine=engine)
        assert answer.status == 0, answer.words
        assert answer.fused_layers == (0 if engine == "aten" else saved.case.fused), answer.words
        for actual, expected in zip(answer.results, saved.expected, strict=True):
            assert_same(actual, expected)


def test_accelerate_gives_them_or_refuses(saved: Saved) -> None:
    loaded = torch.jit.load(saved.path)
    if saved.case.fused == 0:
        with pytest.raises(AccelerationError, match=saved.case.refusal or saved.case.left):
            zoo.accelerate(loaded)
        return
    accelerated = zoo.accelerate(loaded)
    for module in (accelerated, loaded):  # the module from which it was made did not move
        for x, expected in zip(saved.inputs, saved.expected, strict=True):
            assert_same(named(module(x.clone())), expected)


@pytest.mark.parametrize(("size", "axis"), [(2, 1), (1, 0)], ids=["chunks", "batches"])
def test_parts_give_the_whole_or_are_refused(size: int, axis: int, saved: Saved, calls: Calls) -> None:
    joined = run_in_parts(saved.path, saved.inputs[0], size, axis)
    # A layer that PyTorch quantized rounds its input by the largest value of all rows and steps; one in 16 bits adds
    # in another order.
    coarse = {"quantized": 0.1, "Half": 0.02, "BFloat16": 0.02}
    tolerance = max((share for word, share in coarse.items() if word in saved.case.left), default=1e-4)
    is_whole = joined is not None and is_close(joined, saved.expected[0], tolerance)
    for engine in ENGINES:
        part = {"chunk": size} if axis == 1 else {"batch_size": size}
        answer = calls(saved.path, saved.inputs[:1], engine=engine, **part)
        if is_whole:
            assert answer.status == 0, answer.words
            assert_same(answer.results[0], joined if tolerance > 1e-4 else saved.expected[0])
        else:
            assert answer.status == BAD_DATA
            reasons = ("do not give what the whole gives", "in the last chunk, and does not grow", "the model failed")
            assert any(reason in answer.words for reason in reasons), answer.words


def test_info_tells_what_became_of_each_layer(saved: Saved, program: Program) -> None:
    acceleration = program.succeed("info", saved.path, "--json").json["acceleration"]
    assert acceleration["fused_layers"] == saved.case.fused
    if saved.case.fused == 0:
        assert saved.case.refusal in acceleration["refusal"]
    assert saved.case.left in "; ".join(left["reason"] for left in acceleration["left"])


def test_an_error_in_a_submodule_with_state_is_an_error(calls: Calls, tmp_path: Path) -> None:
    """LibTorch's freezing deletes functions to which the trace of the error leads."""
    for name in ("called_twice", "dict_of_modules", "state_of_a_child"):
        save(CASES[name].make(), tmp_path / "model.pt")
        for _ in range(3):
            answer = calls(tmp_path / "model.pt", [torch.randn(1, 5, 6)])
            assert (answer.status, answer.results) == (BAD_DATA, [])
            assert "expected h_0 of shape (1, 1, 8), got (1, 2, 8)" in answer.words
            accelerated = zoo.accelerate(torch.jit.load(tmp_path / "model.pt"))
            with pytest.raises(RuntimeError, match=r"expected h_0 of shape \(1, 1, 8\), got \(1, 2, 8\)"):
                accelerated(torch.randn(1, 5, 6))


@pytest.mark.parametrize("saved", ["functional"], indirect=True)
@pytest.mark.parametrize("run", [pytest.param(zoo.accelerate, id="accelerate"), pytest.param(None, id="stock")])
def test_a_check_of_the_users_own_keeps_its_words(run: Callable[..., Any] | None, saved: Saved) -> None:
    module = torch.jit.load(saved.path)
    if run is not None:
        module = run(module)
    with pytest.raises(torch.jit.Error, match="this model wants six features"):
        module(torch.randn(2, 5, 7))


@pytest.mark.parametrize("saved", ["training_submodule"], indirect=True)
def test_info_names_the_submodules_in_training_mode(saved: Saved, program: Program) -> None:
    assert program.succeed("info", saved.path, "--json").json["training_mode"] == {
        "saved_whole": False,
        "submodules": ["first", "second"],
        "operators": ["aten::batch_norm"],
    }


class Dropping(nn.Module):
    """Everything that acts in training: a trace writes the flags into the file."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(6)
        self.rnn = nn.LSTM(6, 8, 2, batch_first=True, dropout=0.25)
        self.drop, self.idle = nn.Dropout(0.5), nn.Dropout(0.0)

    def forward(self, x: Tensor) -> Tensor:
        y = self.rnn(self.norm(x.transpose(1, 2)).transpose(1, 2))[0]
        return self.idle(self.drop(y)) + self.drop(y)


def test_a_trace_in_training_mode_is_said_to_be_one(program: Program, tmp_path: Path) -> None:
    x = step_input()
    np.save(tmp_path / "x.npy", x.numpy())
    for training in (True, False):
        module = Dropping().train(training)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.trace(module, x, check_trace=False).save(str(tmp_path / "model.pt"))
        report = program.succeed("info", tmp_path / "model.pt", "--json").json["training_mode"]
        operators = ["aten::batch_norm", "aten::dropout", "aten::lstm"] if training else []
        assert report == {"saved_whole": training, "submodules": [], "operators": operators}
        text = program.succeed("info", tmp_path / "model.pt").stdout
        assert ("aten::dropout, aten::lstm, whatever the mode" in text) == training
        warning = program.succeed(tmp_path / "model.pt", tmp_path / "x.npy").stderr
        assert (
            "it acts as in training, so that results depend on chance or on the batch: aten::batch_norm" in warning
        ) == training


@pytest.mark.parametrize("saved", ["dropout_left_on"], indirect=True)
def test_dropout_that_is_left_on_is_said(saved: Saved, program: Program) -> None:
    report = program.succeed("info", saved.path, "--json").json["training_mode"]
    assert report == {"saved_whole": False, "submodules": [], "operators": ["aten::dropout"]}


def test_dropout_of_a_submodule_in_training_mode_is_said(program: Program, tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.Dropout(0.5)).eval()
    module[1].train()
    with zoo.artifact.torchscript.without_notices():
        torch.jit.script(module).save(str(tmp_path / "model.pt"))
    report = program.succeed("info", tmp_path / "model.pt", "--json").json["training_mode"]
    assert report == {"saved_whole": False, "submodules": ["1"], "operators": ["aten::dropout"]}


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


class Noisy(nn.Module):
    """Never twice the same, so two runs do not agree."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0] + torch.rand(1)


def test_a_self_check_leaves_to_libtorch_what_does_not_agree(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    np.save(tmp_path / "x.npy", step_input().numpy())
    for module, fused in ((Noisy(), 0), (CASES["buffer"].make(), 1)):
        script(module).save(str(path))
        report = program.succeed(path, tmp_path / "x.npy", "--check", "--json").json["engine"]["acceleration"]
        assert (report["fused_layers"], report["check_failed"]) == (fused, not fused)
        if not fused:
            assert "the self-check of the fused engine failed: its result 'output' is off by" in report["refusal"]
        plain = program.succeed(path, tmp_path / "x.npy", "--json").json["engine"]["acceleration"]
        assert (plain["fused_layers"], plain["check_failed"]) == (1, False)


def test_a_self_check_in_python() -> None:
    calls = [(step_input(),) for _ in range(3)]
    accelerated = zoo.accelerate(script(CASES["buffer"].make()), check=calls)
    assert bool((accelerated.h == 0).all())  # the check ran on copies
    with pytest.raises(AccelerationError, match=r"tensor 0 of call 0 is off by .* of its range, more than 0\.0001"):
        zoo.accelerate(script(Noisy()), check=calls)


def test_an_accelerated_file_says_so(program: Program, tmp_path: Path) -> None:
    zoo.accelerate(script(CASES["plain"].make())).save(str(tmp_path / "model.pt"))
    assert "accelerated before it was saved" in program.succeed("info", tmp_path / "model.pt").stdout
