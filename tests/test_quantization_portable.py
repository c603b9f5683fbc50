"""Recipe `portable_int8`, and `zoo script --portable`: a file of a quarter of the size that any LibTorch runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from support.program import Program
from support.real_input import real_batch
from support.small_models import build_small
from test_mutants import forge

import zoo
from zoo.cli.script import main
from zoo.quantization.int8_numbers import round_channels

# Runs the first file, and says whether the second one can be loaded, in a process without the project's operators.
WITHOUT_OPERATORS = """
import sys, torch
input, lengths = torch.load(sys.argv[1], weights_only=True)
torch.save(torch.jit.load(sys.argv[2])(input, lengths)[0], sys.argv[1])
try:
    torch.jit.load(sys.argv[3])
except RuntimeError as error:
    print("zoo::" in str(error))
"""


def test_a_process_without_the_operators_gives_the_numbers(artifact: Path, tmp_path: Path, program: Program) -> None:
    model = build_small("gru_tagger", hidden_size=128, bidirectional=True)
    zoo.save_artifact(model, artifact)
    whole = zoo.load_artifact(artifact).manifest["weights"]["bytes"]
    zoo.save_artifact(zoo.quantize(model, "int8"), tmp_path / "engine.pt")
    quantized = zoo.quantize(model, "portable_int8")
    zoo.save_artifact(quantized, artifact)
    manifest = zoo.load_artifact(artifact).manifest
    assert manifest["weights"]["bytes"] <= 0.30 * whole
    assert manifest["quantization"]["float_activations"] == ["backbone.stack.rnn", "head"]
    assert manifest["quantization"]["operators"] is False
    inputs, lengths = real_batch(model.config)
    torch.save((inputs, lengths), tmp_path / "numbers")
    files = [tmp_path / "numbers", artifact, tmp_path / "engine.pt"]
    done = subprocess.run([sys.executable, "-c", WITHOUT_OPERATORS, *files], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"  # the other file does not load there
    # That process may use more threads, which round sums in another order.
    numbers = torch.load(tmp_path / "numbers", weights_only=True)
    torch.testing.assert_close(numbers, quantized(inputs, lengths)[0], atol=1e-6, rtol=1e-6)
    report = program.succeed("verify", artifact, "--json").json
    assert report["engine"]["acceleration"]["fused_layers"] == 2  # in cpp_runner it has the engine's speed


def test_its_weights_are_those_of_int8_and_a_scale_off_by_two_percent_is_found(
    artifact: Path, program: Program
) -> None:
    model = build_small("lstm_tagger")
    quantized = zoo.quantize(model, "portable_int8")
    stored = quantized.get_submodule("backbone.stack.rnn.core.weights")
    expected = round_channels(model.get_parameter("backbone.stack.rnn.weight_hh_l0")).detach()
    assert torch.equal(stored()[1], expected)
    zoo.save_artifact(quantized, artifact)
    stored.kept[1][1].mul_(1.02)  # type: ignore[index, union-attr]
    forge(artifact, quantized)
    assert program("verify", artifact).status == 1


def test_the_console_program_writes_both_files(
    tmp_path: Path, program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ["gru_tagger", "input_size=12", "hidden_size=20", "num_layers=1", "dropout=0", "num_classes=9"]
    assert main([*model, "-o", str(tmp_path / "tagger.pt"), "--recipe", "int8", "--portable"]) == 0
    printed = capsys.readouterr().out
    for name, recipe in (("tagger.pt", "int8"), ("tagger.portable.pt", "portable_int8")):
        assert f"wrote            {tmp_path / name}\n" in printed
        assert zoo.load_artifact(tmp_path / name).manifest["quantization"]["recipe"] == recipe
        program.succeed("verify", tmp_path / name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--portable"], "are for a recipe; give --recipe, too"),
        (["--portable", "--recipe", "float16"], "any LibTorch runs the file of recipe 'float16'; leave --portable out"),
    ],
)
def test_a_second_file_without_a_reason_is_refused(
    options: list[str], message: str, artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gru_tagger", *options, "-o", str(artifact)]) == 1
    assert message in capsys.readouterr().err
    assert not artifact.exists()
