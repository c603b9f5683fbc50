"""What all tests share: one thread, one seed, no autograd, the program, and the GPU marker."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from support.embedding import Calls, build_embedding
from support.keras_files import write_keras_files
from support.program import BEFORE, Outcome, Program, find_program
from support.saved_module import SavedModule
from support.small_models import build_small

import zoo
from zoo.ops import engine_tables, operators


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
def _one_seed() -> None:
    # Otherwise a test's models and inputs would depend on which tests ran before it in its process.
    torch.manual_seed(0)


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
def saved(program: Program, tmp_path: Path) -> Callable[[torch.nn.Module], SavedModule]:
    """Script a module and save it."""
    return lambda module: SavedModule(module, tmp_path, program)


@pytest.fixture(scope="session")
def embedding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs that embed the library, which all processes of a run share."""
    folder = tmp_path_factory.getbasetemp()
    return build_embedding((folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "embedding")


@pytest.fixture(scope="session")
def calls(embedding: Path) -> Iterator[Calls]:
    """The program that calls files several times."""
    program = Calls(embedding / "calls")
    yield program
    program.close()


@pytest.fixture(scope="session")
def keras_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files that Keras wrote, which all processes of a run share."""
    folder = tmp_path_factory.getbasetemp()
    return write_keras_files((folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "keras")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """Where a test may write its artifact."""
    return tmp_path / "model.pt"


@pytest.fixture(params=engine_tables()["isas"])
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs the fused operators with each instruction set in turn."""
    ops = operators()
    try:
        before = ops.force_isa(request.param)
    except RuntimeError:
        pytest.xfail(f"this processor has no {request.param}")
    yield request.param
    ops.force_isa(before)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An artifact of floats, one of tokens and one that cannot stream."""
    folder = tmp_path_factory.mktemp("models")
    made = {
        "float": build_small("lstm_tagger"),
        "token": build_small("gru_language_model"),
        "bidirectional": build_small("gru_tagger", bidirectional=True),
    }
    for name, model in made.items():
        zoo.save_artifact(model, folder / f"{name}.pt")
    return {name: folder / f"{name}.pt" for name in made}


@pytest.fixture
def refuse(program: Program, tmp_path: Path) -> Callable[..., Outcome]:
    """Call the program with an output file that exists; it must fail as said and leave that file alone."""
    output = tmp_path / "existing.npy"
    output.write_bytes(BEFORE)

    def call(status: int, words: str, *arguments: object, **options: Any) -> Outcome:
        outcome = program(*arguments, "-o", output, **options)
        assert (outcome.status, outcome.stdout) == (status, ""), outcome
        assert outcome.error.startswith("cpp_runner: error: ")
        assert len(outcome.error) < 200, outcome.error
        # The folder is named after the test and its words.
        assert words in outcome.error.removeprefix("cpp_runner: error: ").replace(str(tmp_path), "")
        assert len(outcome.stderr.splitlines()) == 1, outcome.stderr
        assert output.read_bytes() == BEFORE
        assert [p.name for p in tmp_path.iterdir() if p.name.startswith((".", "existing")) or "tmp" in p.name] == [
            "existing.npy"
        ]
        return outcome

    return call
