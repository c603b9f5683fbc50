"""What `cpp_runner run` can do: formats, batches, streams, and TorchScript files that are no artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.program import Program
from support.real_input import real_batch
from support.small_models import build_small
from torch import Tensor, nn

import zoo
from zoo.artifact import torchscript


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    model = build_small("gru_tagger")
    path = tmp_path_factory.mktemp("tagger") / "model.pt"
    zoo.save_artifact(model, path)
    return model, path


def save_plain(module: nn.Module, path: Path) -> Path:
    with path.open("wb") as file:
        torchscript.save(torchscript.script(module.eval()), file, {})
    return path


@pytest.mark.parametrize("source", ["npy", "bin", "stdin npy", "stdin bin", "float64", "npy version 2"])
def test_input_formats(source: str, tagger: tuple[nn.Module, Path], program: Program, tmp_path: Path) -> None:
    model, path = tagger
    inputs = real_batch(model.config)[0][:1].contiguous()
    array, file, stdin = inputs.numpy(), tmp_path / "input.npy", None
    if source == "float64":
        array = array.astype(np.float64)
    if source == "npy version 2":
        with file.open("wb") as handle:
            np.lib.format.write_array(handle, array, version=(2, 0))
    else:
        np.save(file, array)
    if source.endswith("bin"):
        file = tmp_path / "input.bin"
        file.write_bytes(array.tobytes())
    argument: object = file
    if source.startswith("stdin"):
        stdin, argument = file.read_bytes(), "-"
    output = tmp_path / "output.npy"
    program.succeed(path, argument, "-o", output, stdin=stdin)
    np.testing.assert_allclose(np.load(output), model(inputs)[0].numpy(), atol=1e-6, rtol=1e-6)


def test_raw_input_with_a_shape_and_raw_output(
    tagger: tuple[nn.Module, Path], program: Program, tmp_path: Path
) -> None:
    model, path = tagger
    inputs, _ = real_batch(model.config)
    (tmp_path / "input.bin").write_bytes(inputs.numpy().tobytes())
    program.succeed(path, tmp_path / "input.bin", "--shape", "4x-1x12", "-o", tmp_path / "output.bin")
    got = np.fromfile(tmp_path / "output.bin", dtype=np.float32).reshape(4, 29, 9)
    np.testing.assert_allclose(got, model(inputs)[0].numpy(), atol=1e-6, rtol=1e-6)


def test_int32_tokens_are_converted(program: Program, artifact: Path, tmp_path: Path) -> None:
    model = build_small("gru_language_model")
    zoo.save_artifact(model, artifact)
    tokens, _ = real_batch(model.config)
    np.save(tmp_path / "input.npy", tokens.numpy().astype(np.int32))
    got = program.output(artifact, tmp_path / "input.npy", folder=tmp_path)
    np.testing.assert_allclose(got, model(tokens)[0].numpy(), atol=1e-6, rtol=1e-6)


def test_batches_give_what_one_call_gives(tagger: tuple[nn.Module, Path], program: Program, tmp_path: Path) -> None:
    model, path = tagger
    inputs, lengths = real_batch(model.config)
    np.save(tmp_path / "input.npy", inputs.numpy())
    np.save(tmp_path / "lengths.npy", lengths.numpy())
    arguments = [path, tmp_path / "input.npy", "--lengths", tmp_path / "lengths.npy", "--batch-size", 3]
    expected, state = model(inputs, lengths)
    got = program.output(*arguments, "--state-out", tmp_path / "state.npy", folder=tmp_path)
    np.testing.assert_allclose(got, expected.numpy(), atol=1e-6, rtol=1e-6)
    np.testing.assert_allclose(np.load(tmp_path / "state.npy"), state[0].numpy(), atol=1e-6, rtol=1e-6)


def test_the_summary_and_the_json(tagger: tuple[nn.Module, Path], program: Program, tmp_path: Path) -> None:
    model, path = tagger
    inputs, _ = real_batch(model.config)
    np.save(tmp_path / "input.npy", inputs.numpy())
    text = program.succeed(path, tmp_path / "input.npy").stdout
    assert "output" in text
    assert "float32" in text
    assert "4x29x9" in text
    report = program.succeed(path, tmp_path / "input.npy", "--json").json
    (output,) = report["outputs"]
    assert (output["name"], output["dtype"], output["shape"]) == ("output", "float32", [4, 29, 9])
    np.testing.assert_allclose(output["first"], model(inputs)[0].flatten()[: len(output["first"])].numpy(), atol=1e-6)
    assert [part["name"] for part in report["state"]] == ["h"]
    assert report["time"]["run_ms"] > 0


def test_info_gives_the_whole_manifest(tagger: tuple[nn.Module, Path], program: Program) -> None:
    _, path = tagger
    report = program.succeed("info", path, "--json").json
    assert report["manifest"] == zoo.load_artifact(path).manifest


def test_bench_gives_percentiles(tagger: tuple[nn.Module, Path], program: Program) -> None:
    _, path = tagger
    records = program.succeed("bench", path, "--iterations", 20, "--json").json
    assert {record["seq_len"] for record in records} == {1, 100}
    for record in records:
        assert 0 < record["p50_us"] <= record["p90_us"] <= record["p99_us"]
        assert record["mean_us"] > 0 <= record["std_us"]


class TwoInputs(nn.Module):
    """Several tensors and scalars in, a tuple with a list and a dict out."""

    def forward(
        self, a: Tensor, b: Tensor, count: int, scale: float, negate: bool
    ) -> tuple[Tensor, list[Tensor], dict[str, Tensor]]:
        total = (a + b) * scale * count
        if negate:
            total = -total
        return total, [a, b], {"mean": total.mean(), "max": total.max()}


def test_several_inputs_scalars_and_nested_outputs(program: Program, tmp_path: Path) -> None:
    path = save_plain(TwoInputs(), tmp_path / "plain.pt")
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((2, 3), dtype=np.float32)
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "b.npy", b)
    arguments = [path, tmp_path / "a.npy", tmp_path / "b.npy", "int:3", "float:0.5", "bool:1"]
    program.succeed(*arguments, "-o", tmp_path / "out.npy")
    total = -(a + b) * 1.5
    written = {p.name: np.load(p) for p in tmp_path.glob("out*.npy")}
    assert sorted(written) == ["out.0.npy", "out.1.0.npy", "out.1.1.npy", "out.2.max.npy", "out.2.mean.npy"]
    np.testing.assert_allclose(written["out.0.npy"], total)
    np.testing.assert_allclose(written["out.1.1.npy"], b)
    np.testing.assert_allclose(written["out.2.max.npy"], total.max())
    wrong = program(*arguments[:-1])
    assert wrong.status == 65
    assert "negate" in wrong.error


class InnerState(nn.Module):
    """Keeps its state inside, as many exported speech models do."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(12, 8, batch_first=True)
        self.register_buffer("h", torch.ones(1, 1, 8))

    def forward(self, input: Tensor) -> Tensor:
        output, self.h = self.rnn(input, self.h)
        return output

    @torch.jit.export
    def reset_state(self) -> None:
        self.h = torch.zeros(1, 1, 8)


@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_state_kept_inside_the_module(chunk: int | None, program: Program, tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = InnerState().eval()
    path = save_plain(module, tmp_path / "plain.pt")
    inputs = real_batch(build_small("gru_tagger").config)[0][:1]
    np.save(tmp_path / "input.npy", inputs.numpy())
    module.reset_state()
    expected: Any = module(inputs)
    arguments = [path, tmp_path / "input.npy", "--call", "reset_state"]
    arguments += [] if chunk is None else ["--stream", chunk]
    got = program.output(*arguments, folder=tmp_path)
    np.testing.assert_allclose(got, expected.numpy(), atol=1e-6, rtol=1e-6)
    begun = program.output(path, tmp_path / "input.npy", folder=tmp_path)  # without the reset, h begins at 1
    assert np.abs(begun - expected.numpy()).max() > 0.1


def test_help_and_version(program: Program) -> None:
    text = program.succeed("--help").stdout
    for word in ("run", "info", "verify", "bench", "--stream", "--state-in", "Exit status"):
        assert word in text
    version = program.succeed("--version").stdout
    assert f"cpp_runner {zoo.__version__}" in version
    assert torch.__version__.partition("+")[0] in version


def test_a_row_of_nan_passes_where_it_is_allowed(
    tagger: tuple[nn.Module, Path], program: Program, tmp_path: Path
) -> None:
    _, path = tagger
    np.save(tmp_path / "input.npy", np.full((1, 3, 12), np.nan, dtype=np.float32))
    assert np.isnan(program.output(path, tmp_path / "input.npy", "--allow-nonfinite", folder=tmp_path)).all()


@pytest.mark.gpu
def test_cuda_gives_the_cpus_numbers(tagger: tuple[nn.Module, Path], program: Program) -> None:
    program.succeed("verify", tagger[1], "--device", "cuda")
