"""The fused engine inside cpp_runner: which layers it takes, whose numbers it gives, and what it says of itself."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any, List, Optional, Tuple

import numpy as np
import pytest
import torch
from support.program import UNAVAILABLE, USAGE, Program
from support.real_input import real_batch
from support.small_models import FUSED_FAMILIES, build_small
from torch import Tensor, nn

import zoo
from zoo.artifact import torchscript
from zoo.ops import engine_tables

TASKS = ("classifier", "tagger")
SMALL = [f"{family}_{task}" for family in FUSED_FAMILIES for task in TASKS]
# Python's twin of each precision, design section 9.
TWIN = {"fp32": 1e-6, "bf16": 1e-6, "int8": 1e-5}


def save(name: str, path: Path, **overrides: object) -> tuple[nn.Module, Tensor]:
    model = build_small(name, **overrides)
    inputs, lengths = real_batch(model.config)
    samples = [zoo.Sample("whole", inputs), zoo.Sample("padded", inputs, lengths)]
    zoo.save_artifact(model, path, samples=samples)
    return model, inputs


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("precision", TWIN)
def test_the_program_gives_the_numbers_of_its_python_twin(
    name: str, precision: str, program: Program, artifact: Path, tmp_path: Path
) -> None:
    _, inputs = save(name, artifact, num_layers=2)
    np.save(tmp_path / "input.npy", inputs.numpy())
    output = program.output(artifact, tmp_path / "input.npy", "--precision", precision, folder=tmp_path)
    twin = zoo.accelerate(zoo.load_artifact(artifact).module, precision)
    with torch.no_grad():
        expected = twin(inputs)[0]
    np.testing.assert_allclose(output, expected.numpy(), atol=TWIN[precision], rtol=TWIN[precision])


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(
    "options", [["--engine", "aten"], ["--engine", "fused"], ["--precision", "bf16"], ["--precision", "int8"]], ids=str
)
def test_every_engine_and_precision_is_verified(
    name: str, options: list[str], program: Program, artifact: Path
) -> None:
    save(name, artifact, num_layers=2)
    report = program.succeed("verify", artifact, "--json", *options).json
    assert report["pass"] is True
    assert report["engine"]["name"] == ("aten" if "aten" in options else "fused")
    limits = {check["max_of_range"] for check in report["checks"]} - {None}
    assert limits == {"bf16": {0.02}, "int8": {0.04}}.get(options[-1], set())
    assert {check["of_range"] for check in report["checks"]} == {"fused": {1e-6}, "aten": {0.0, 1e-6}}.get(
        options[-1], {0.0}
    )


def test_info_tells_what_was_fused_into_which_kernel(program: Program, artifact: Path) -> None:
    save("lstm_classifier", artifact, num_layers=2, hidden_size=24, bidirectional=True)
    text = program.succeed("info", artifact).stdout
    assert "2 of lstm fp32 (" in text
    assert "-> 24, both directions)" in text
    report = program.succeed("info", artifact, "--json", "--precision", "int8").json["acceleration"]
    assert report["fused_layers"] == 2
    assert report["left"] == []
    (stack,) = report["fused"]
    assert stack["precision"] == "int8"
    assert stack["calls"] == 2  # with and without lengths
    assert report["isa"] in engine_tables()["isas"]


def test_the_instruction_set_can_be_forced(program: Program, artifact: Path) -> None:
    save("gru_tagger", artifact)
    report = program.succeed("verify", artifact, "--json", ZOO_ISA="portable").json
    assert report["pass"] is True
    assert report["engine"]["acceleration"]["isa"] == "portable"


def test_what_pytorch_quantized_is_left_unless_asked_for(program: Program, artifact: Path) -> None:
    model = build_small("gru_tagger")
    inputs, _ = real_batch(model.config)
    quantized = zoo.quantize(model, "dynamic_int8", samples=[zoo.Sample("real", inputs)])
    zoo.save_artifact(quantized, artifact, samples=[zoo.Sample("real", inputs)])
    left = program.succeed("verify", artifact, "--json").json
    assert left["engine"]["name"] == "aten"
    assert "PyTorch quantized it" in left["engine"]["acceleration"]["left"][0]["reason"]
    taken = program.succeed("verify", artifact, "--json", "--engine", "fused").json
    assert taken["engine"]["acceleration"]["fused"][0]["origin"] == "int8"
    assert all(check["max_of_range"] == 0.04 for check in taken["checks"])


class Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, input: Tensor) -> Tensor:
        return self.layer(input)


class Plain(nn.Module):
    """Somebody's own file, without a manifest."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(3, 5, batch_first=True)

    def forward(self, input: Tensor) -> Tensor:
        return self.rnn(input)[0]


def save_plain(module: nn.Module, path: Path) -> None:
    file = BytesIO()
    torchscript.save(torchscript.script(module.eval()), file, {})
    path.write_bytes(file.getvalue())


def test_any_torchscript_file_is_fused(program: Program, tmp_path: Path) -> None:
    module = Plain()
    save_plain(module, tmp_path / "model.pt")
    input = torch.randn(2, 9, 3)
    np.save(tmp_path / "input.npy", input.numpy())
    assert program.succeed("info", tmp_path / "model.pt", "--json").json["acceleration"]["fused_layers"] == 1
    output = program.output(tmp_path / "model.pt", tmp_path / "input.npy", folder=tmp_path)
    np.testing.assert_allclose(output, module(input).detach().numpy(), atol=1e-6, rtol=1e-6)


class Turning(nn.Module):
    """Turns its input in place, so that a size means one thing before and another one after."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(3, 5)
        self.input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 3))

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if lengths is not None:
            raise ValueError("no lengths")
        if state is None:
            state = self.initial_state(input.size(0))
        input.transpose_(0, 1)  # (T, B, 3)
        output, h = self.rnn(input, state[0])
        steps = input.size(0)
        input.transpose_(0, 1)
        return output.transpose(0, 1)[:, :steps], [h]

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [torch.zeros(1, batch_size, 5)]


def test_a_stream_survives_a_model_that_turns_its_input(program: Program, artifact: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model: Any = Turning().eval()
    model.takes_lengths = False
    zoo.save_artifact(model, artifact)
    input = torch.randn(1, 12, 3)
    np.save(tmp_path / "input.npy", input.numpy())
    output = program.output(artifact, tmp_path / "input.npy", "--stream", 4, folder=tmp_path)
    np.testing.assert_allclose(output, model(input)[0].detach().numpy(), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--engine", "fused"], UNAVAILABLE, "the fused engine cannot run this model: it has no recurrent layer"),
        (["--precision", "bf16"], UNAVAILABLE, "it has no recurrent layer"),
        (["--engine", "aten", "--precision", "int8"], USAGE, "precision int8 needs the fused engine"),
    ],
)
def test_what_was_asked_for_by_name_is_not_quietly_something_else(
    options: list[str], status: int, words: str, program: Program, tmp_path: Path
) -> None:
    save_plain(Linear(), tmp_path / "model.pt")
    outcome = program("info", tmp_path / "model.pt", *options)
    assert outcome.status == status
    assert words in outcome.error
    assert outcome.stdout == ""


def test_the_linker_keeps_the_operator_library_and_there_is_one_of_it(program: Program) -> None:
    """The operators are found by name only, so a linker that drops unused libraries would drop them."""
    needed = subprocess.run(["readelf", "-d", program.path], capture_output=True, text=True, check=True).stdout
    assert needed.count("[libzoo_ops.so]") == 1
    found = subprocess.run(["ldd", program.path], capture_output=True, text=True, check=True).stdout
    assert found.count("libzoo_ops.so => /") == 1


def test_python_loads_one_copy_of_the_operators() -> None:
    """`zoo.accelerate` brings the pass, which is linked against the operators that Python has loaded already."""
    zoo.accelerate(torchscript.script(Plain().eval()))
    maps = Path("/proc/self/maps").read_text().split()
    assert len({entry for entry in maps if entry.endswith("libzoo_ops.so")}) == 1
