"""The C++ side seen from outside: stock LibTorch, the examples, programs that embed the library, the unit tests."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Any, List, Optional, Tuple

import numpy as np
import pytest
import torch
from support.embedding import ROOT, build
from support.real_input import real_batch
from support.small_models import build_small
from support.streaming_models import VoiceActivity
from torch import Tensor, nn

import zoo
from zoo.artifact.torchscript import without_notices


def torch_folder() -> Path:
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the programs that scripts/ measure; return the one of stock LibTorch."""
    folder = tmp_path_factory.mktemp("stock")
    return build(ROOT / "scripts" / "programs", folder, f"-DZOO_TORCH_DIR={torch_folder()}") / "stock_libtorch"


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


def run(*command: object) -> str:
    """Run a program that must succeed; return what it prints."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the examples against the installed package, as a user does; return their folder."""
    return build(ROOT / "cpp_runner" / "examples", tmp_path_factory.mktemp("examples"))


@pytest.mark.parametrize("path", sorted((ROOT / "cpp_runner" / "examples").glob("*.cpp")), ids=lambda path: path.name)
def test_an_example_fits_a_screen(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 80


def test_the_example_of_a_whole_input(examples: Path, artifact: Path, tmp_path: Path) -> None:
    model = build_small("lstm_tagger")
    zoo.save_artifact(model, artifact)
    inputs = real_batch(model.config)[0]
    np.save(tmp_path / "input.npy", inputs.numpy())
    first, second = run(examples / "embed", artifact, tmp_path / "input.npy").splitlines()
    assert first == "lstm_tagger on cpu, fused layers: 2 of lstm fp32 (12 -> 20)"
    name, shape, *values, dots = second.split()
    assert (name, shape, dots) == ("output", "4x29x9:", "...")
    np.testing.assert_allclose(list(map(float, values)), model(inputs)[0].flatten()[:4].numpy(), atol=1e-5)


def test_the_example_of_several_streams(examples: Path, artifact: Path, tmp_path: Path) -> None:
    model = build_small("gru_tagger")
    zoo.save_artifact(model, artifact)
    inputs, lengths = real_batch(model.config)
    paths = [tmp_path / f"{row}.npy" for row in range(len(inputs))]
    for path, row, length in zip(paths, inputs, lengths, strict=True):
        np.save(path, row[None, :length].numpy())
    lines = [line.rsplit(" ", 1) for line in run(examples / "streams", artifact, *paths).splitlines()]
    assert [Path(path) for path, _ in lines] == paths
    for (_, value), row, length in zip(lines, inputs, lengths, strict=True):
        assert float(value) == pytest.approx(model(row[None, :length])[0][0, -1, -1].item(), abs=1e-5)


def test_the_example_of_a_stream(examples: Path, artifact: Path, tmp_path: Path) -> None:
    model = build_small("lstm_classifier")
    zoo.save_artifact(model, artifact)
    inputs = real_batch(model.config)[0][:1]
    np.save(tmp_path / "input.npy", inputs.numpy())
    printed = run(examples / "stream", artifact, tmp_path / "input.npy")
    lines = [line.split() for line in printed.splitlines()]
    assert [int(steps) for steps, _ in lines] == [4, 8, 12, 16, 20, 24, 28, 29]
    for steps, value in lines:
        expected = model(inputs[:, : int(steps)])[0][0, -1].item()
        assert float(value) == pytest.approx(expected, abs=1e-5)


def test_the_example_of_a_voice_activity_detector(examples: Path, tmp_path: Path) -> None:
    module = VoiceActivity().eval()
    with without_notices():
        torch.jit.script(module).save(str(tmp_path / "vad.pt"))
    audio = torch.randn(1, 512 * 5 + 100)
    np.save(tmp_path / "audio.npy", audio.numpy())
    expected = [module(audio[:, i * 512 : (i + 1) * 512], 16000).item() for i in range(5)]
    printed = run(examples / "vad", tmp_path / "vad.pt", tmp_path / "audio.npy").splitlines()
    assert list(map(float, printed)) == pytest.approx(expected, abs=1e-5)


class LearnedBeginning(nn.Module):
    """A model whose streams begin with a weight, which no stream may change."""

    def __init__(self) -> None:
        super().__init__()
        self.model = build_small("gru_tagger")
        self.config, self.input_spec = self.model.config, self.model.input_spec
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
    assert run(embedding / "states", artifact, tmp_path / "input.npy") == ""


@pytest.mark.parametrize("engine", ["auto", "aten"])
@pytest.mark.parametrize("name", ["lstm_classifier", "residual_gru_tagger", "rnn_forecaster"])
def test_several_threads_use_one_model(name: str, engine: str, embedding: Path, artifact: Path, tmp_path: Path) -> None:
    """What zoo/model.h promises of threads; the first calls, in which LibTorch still recompiles, included."""
    model = build_small(name)
    zoo.save_artifact(model, artifact)
    np.save(tmp_path / "input.npy", real_batch(model.config)[0][:1, :9].numpy())
    assert run(embedding / "threads", artifact, tmp_path / "input.npy", engine) == ""


def test_what_is_too_much_for_a_process_is_refused_in_words(embedding: Path) -> None:
    assert run(embedding / "process") == ""


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
