"""The C++ side seen from outside: stock LibTorch, a program that embeds the library, and the unit tests."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Any, List, Optional, Tuple

import numpy as np
import pytest
import torch
from support.real_input import real_batch
from support.small_models import build_small
from torch import Tensor, nn

import zoo

ROOT = Path(__file__).parents[1]


def torch_folder() -> Path:
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def build(source: Path, folder: Path, *definitions: str) -> Path:
    """Configure and build a CMake project; return its build folder."""
    for command in (
        ["cmake", "-S", str(source), "-B", str(folder), "-G", "Ninja", *definitions],
        ["cmake", "--build", str(folder)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stock")
    return build(ROOT / "tests" / "cpp", folder, f"-DZOO_TORCH_DIR={torch_folder()}") / "stock_libtorch"


@pytest.mark.parametrize("name", ["lstm_tagger", "gru_language_model"])
def test_stock_libtorch_gives_the_same_numbers(name: str, stock: Path, artifact: Path, tmp_path: Path) -> None:
    model = build_small(name)
    zoo.save_artifact(model, artifact)
    inputs, _ = real_batch(model.config)
    (tmp_path / "input.bin").write_bytes(inputs.numpy().tobytes())
    shape = "x".join(map(str, inputs.shape))
    dtype = ["int64"] if model.config.vocab_size else []
    command = [stock, artifact, tmp_path / "input.bin", shape, tmp_path / "output.bin", *dtype]
    subprocess.run(list(map(str, command)), check=True)
    got = np.fromfile(tmp_path / "output.bin", dtype=np.float32)
    expected = model(inputs)[0].numpy()
    np.testing.assert_allclose(got.reshape(expected.shape), expected, atol=1e-6, rtol=1e-6)


@pytest.fixture(scope="module")
def embedding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the programs that embed the library; return their folder."""
    folder = tmp_path_factory.mktemp("embed")
    return build(ROOT / "tests" / "cpp" / "embed", folder, f"-DCMAKE_PREFIX_PATH={zoo.cmake_prefix_path()}")


def test_a_program_that_embeds_the_library_streams(embedding: Path, artifact: Path, tmp_path: Path) -> None:
    model = build_small("lstm_classifier")
    zoo.save_artifact(model, artifact)
    inputs = real_batch(model.config)[0][:1]
    np.save(tmp_path / "input.npy", inputs.numpy())
    done = subprocess.run(
        [embedding / "embed", artifact, tmp_path / "input.npy"], capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [int(steps) for steps, _ in lines] == [4, 8, 12, 16, 20, 24, 28, 29]
    for steps, value in lines:
        expected = model(inputs[:, : int(steps)])[0][0, -1].item()
        assert float(value) == pytest.approx(expected, abs=1e-5)


class LearnedBeginning(nn.Module):
    """A model whose streams begin with a weight, which no stream may change."""

    def __init__(self) -> None:
        super().__init__()
        self.model = build_small("gru_tagger")
        self.config = self.model.config
        self.h_0 = nn.Parameter(torch.randn(2, 1, 20))

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        return self.model(input, lengths, self.initial_state(input.size(0)) if state is None else state)

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [self.h_0.expand(-1, batch_size, -1)]


STREAMING = [
    "lstm_encoder",
    "gru_tagger",
    "rnn_forecaster",
    "lstm_classifier",
    "residual_gru_tagger",
    "learned beginning",
]


@pytest.mark.parametrize("name", STREAMING)
def test_a_stream_s_state_is_its_own(name: str, embedding: Path, artifact: Path, tmp_path: Path) -> None:
    model: Any = LearnedBeginning().eval() if name == "learned beginning" else build_small(name)
    zoo.save_artifact(model, artifact)
    np.save(tmp_path / "input.npy", real_batch(model.config)[0][:1, :9].numpy())
    command = [embedding / "streams", artifact, tmp_path / "input.npy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_unit_tests_of_what_needs_no_libtorch(tmp_path: Path) -> None:
    folder = tmp_path / "unit"
    configure = ["cmake", "-S", str(ROOT), "-B", str(folder), "-G", "Ninja", "-DZOO_BUILD_TESTS=ON"]
    configure += [f"-DZOO_TORCH_DIR={torch_folder()}", f"-DZOO_JSON_DIR={json_folder()}"]
    subprocess.run(configure, check=True, capture_output=True)
    subprocess.run(["cmake", "--build", str(folder), "--target", "zoo_unit_tests"], check=True, capture_output=True)
    done = subprocess.run([folder / "tests" / "cpp" / "zoo_unit_tests"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def json_folder() -> Path:
    spec = importlib.util.find_spec("nlohmann_json")
    assert spec is not None, "pip install nlohmann-json: it is in the extra 'test'"
    assert spec.origin is not None
    return Path(spec.origin).parent
