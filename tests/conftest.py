"""What all tests share: one thread, no autograd, the program, and the GPU marker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from program import Program, find_program


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if torch.cuda.is_available():
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="needs an NVIDIA GPU, and torch sees none"))


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    # The models here are small: hand-over between threads would take most of the time.
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _without_autograd(request: pytest.FixtureRequest) -> Iterator[None]:
    if "autograd" in request.keywords:
        yield
        return
    with torch.no_grad():
        yield


@pytest.fixture(scope="session")
def program() -> Program:
    """The installed cpp_runner."""
    return find_program()


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """Where a test may write its artifact."""
    return tmp_path / "model.pt"


@pytest.fixture(params=["portable", "avx2", "avx512"])
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs the fused operators with each instruction set in turn."""
    from zoo.ops import operators

    zoo = operators()
    try:
        before = zoo.force_isa(request.param)
    except RuntimeError:
        pytest.xfail(f"this processor has no {request.param}")
    yield request.param
    zoo.force_isa(before)
