"""Random modules, and the check that each gives the numbers of stock TorchScript or is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import assume
from hypothesis import strategies as st
from torch import Tensor

import zoo
from support.embedding import Answer, Calls
from support.foreign.leaves import LEAVES, WIDTH
from support.foreign.pieces import make
from support.foreign.stock import is_close, named, run_in_parts, save
from support.foreign.wrappers import AROUND_ONE, AROUND_TWO, RESULTS
from support.program import BAD_DATA
from zoo.acceleration import AccelerationError

# Rounding grows from piece to piece; a fault is larger by far.
ROUNDING = 2e-5
# Under autocast LibTorch's own parts differ from its whole by more: bfloat16 has 8 bits.
ROUNDING_OF_AUTOCAST = 2e-2


def expressions() -> st.SearchStrategy[str]:
    """Draw expressions of pieces, such as "Two(hooked(GRU()), KeepsList())"."""

    def calls_of(functions: list[Callable[..., Any]], *arguments: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        names = st.sampled_from([function.__name__ for function in functions])
        return st.tuples(names, *arguments).map(lambda drawn: f"{drawn[0]}({', '.join(drawn[1:])})")

    inner = st.recursive(
        calls_of(LEAVES),
        lambda a: calls_of(AROUND_ONE, a) | calls_of(AROUND_TWO, a, a),
        max_leaves=4,
    )
    return inner | calls_of(RESULTS, inner)


def check(expression: str, calls: Calls, folder: Path) -> None:
    """Compare all ways to run a module with stock TorchScript.

    Raises:
        AssertionError: one gives something else; the message has the case as the gallery would have it.
    """
    path = folder / "model.pt"
    torch.manual_seed(0)
    inputs = [torch.randn(2, 5, WIDTH) for _ in range(3)]
    try:
        save(make(expression), path)
        stock = torch.jit.load(path)
        expected = [named(stock(x.clone())) for x in inputs]
    except (RuntimeError, torch.jit.Error):
        assume(False)  # not a module that TorchScript compiles and runs
    try:
        _check_calls(path, inputs, expected, calls)
        for size, axis in ((2, 1), (1, 0)):
            rounding = ROUNDING_OF_AUTOCAST if "Autocast" in expression else ROUNDING
            _check_parts(path, inputs[0], expected[0], calls, size, axis, rounding)
    except Exception as error:
        error.add_note(f'For the gallery: "found": Case(lambda: make("{expression}")),')
        raise


def _check_calls(path: Path, inputs: list[Tensor], expected: list[dict[str, Tensor]], calls: Calls) -> None:
    answers = {engine: calls(path, inputs, engine=engine) for engine in ("auto", "aten")}
    for engine, answer in answers.items():
        assert answer.status == 0, f"{engine}: {answer.words}"
        for i, result in enumerate(answer.results):
            assert is_close(result, expected[i], ROUNDING), f"call {i} with the engine {engine}"
    loaded = torch.jit.load(path)
    if answers["auto"].fused_layers == 0:
        with pytest.raises(AccelerationError, match=re.escape(answers["auto"].words)):
            zoo.accelerate(loaded)
        return
    accelerated = zoo.accelerate(loaded)
    assert accelerated.acceleration["fused_layers"] == answers["auto"].fused_layers
    for name, module in (("accelerated", accelerated), ("original", loaded)):
        for i, x in enumerate(inputs):
            assert is_close(named(module(x.clone())), expected[i], ROUNDING), f"call {i} of the {name} module"


def _check_parts(
    path: Path, x: Tensor, whole: dict[str, Tensor], calls: Calls, size: int, axis: int, rounding: float
) -> None:
    joined = run_in_parts(path, x, size, axis)
    is_whole = joined is not None and is_close(joined, whole, 1e-4)
    if joined is not None and is_close(joined, whole, rounding):
        whole = joined
    for engine in ("auto", "aten"):
        answer = calls(path, [x], engine=engine, **({"chunk": size} if axis == 1 else {"batch_size": size}))
        what = f"parts of {size} along dimension {axis} with the engine {engine}"
        if answer.status == 0:
            assert is_close(answer.results[0], whole, ROUNDING), what
        else:
            _check_refusal(answer, what)
            assert not is_whole, f"{what} are refused without need: {answer.words}"


def _check_refusal(answer: Answer, what: str) -> None:
    assert answer.status == BAD_DATA, f"{what}: {answer.status}, {answer.words}"
    assert len(answer.words) < 250, f"{what}: {answer.words}"
