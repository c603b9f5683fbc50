"""The command-line fronts, as a user calls them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from support.program import Program
from support.real_input import speech_batch
from support.small_models import build_small

import zoo

SCRIPTS = Path(__file__).parents[1] / "scripts"


def call(script: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


OWN = """
import torch
from torch import nn


class Smooth(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x.transpose(1, 2)).transpose(1, 2)


class Raw(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(4, 5)

    def forward(self, x, h):
        return self.rnn(x, h)


class Bad(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return eval("x")
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["lstm_classifier", "input_size=12", "num_classes=9", "--init", "orthogonal", "--forget-bias", "1"],
        ["lstm_classifier", "--recipe", "dynamic_int8"],
        ["own_nets:Smooth", "channels=4", "--input-dims", "batch,seq_len,4"],
        ["tagger"],
        ["tagger", "--recipe", "float16", "--sample", "speech.npy"],
        ["gru_tagger", "hidden_size=20", "input_size=12", "num_classes=9", "--weights", "tagger/model.safetensors"],
    ],
)
def test_script_model_writes_what_verify_accepts(arguments: list[str], program: Program, tmp_path: Path) -> None:
    (tmp_path / "own_nets.py").write_text(OWN)
    zoo.save_checkpoint(build_small("gru_tagger"), tmp_path / "tagger")
    np.save(tmp_path / "speech.npy", speech_batch()[0].numpy())
    done = call("script_model.py", *arguments, "-o", "model.pt", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"wrote +model\.pt\nsize +[\d,]+ bytes\nsha256 +[0-9a-f]{64}\nworst difference 0 ", done.stdout)
    sha256 = re.search(r"[0-9a-f]{64}", done.stdout)
    assert sha256
    program.succeed("verify", tmp_path / "model.pt", "--sha256", sha256[0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lstm_clasifier"], "did you mean lstm_classifier"),
        (["lstm_classifier", "hiden_size=3"], "has no hiden_size"),
        (["rnn_tagger", "--recipe", "dynamic_int8"], "is nn.RNN, which PyTorch's dynamic quantization leaves float"),
        (["own_nets:Raw"], "Raw.forward must take (input, lengths=None, state=None), or one tensor"),
        (["own_nets:Bad", "--input-dims", "batch,seq_len,4"], "own_nets.py, line 26: return eval"),
        (["own_nets:Missing"], "write it as module:Class"),
        (["own_nets:Smooth", "channels=4"], "does not say what its input is"),
        (["own_nets:Smooth"], "cannot build 'own_nets:Smooth'"),
        (["weights.pt"], "script_model.py NAME --weights weights.pt"),
        (["gru_tagger", "--weights", "weights.pt"], "weights do not fit the model"),
        (["gru_tagger", "--weights", "nowhere.pt"], "no weights at nowhere.pt"),
    ],
)
def test_script_model_says_what_is_wrong(arguments: list[str], words: str, tmp_path: Path) -> None:
    (tmp_path / "own_nets.py").write_text(OWN)
    torch.save({"a": torch.zeros(1)}, tmp_path / "weights.pt")
    done = call("script_model.py", *arguments, "-o", "model.pt", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("script_model.py: error: ")
    assert words in done.stderr
    assert not (tmp_path / "model.pt").exists()


def test_script_model_has_help_with_examples(tmp_path: Path) -> None:
    text = call("script_model.py", "--help", cwd=tmp_path).stdout
    assert text.count("python scripts/script_model.py") >= 5
    listed = call("script_model.py", "--list", cwd=tmp_path).stdout
    assert "lstm_classifier" in listed
    assert "dynamic_int8" in listed


def test_the_demo_gives_the_same_accuracy_in_both_languages(tmp_path: Path) -> None:
    done = call("demo.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    cpp, python = re.search(r"accuracy +C\+\+ ([\d.]+) +Python ([\d.]+)", done.stdout).groups()  # type: ignore[union-attr]
    assert cpp == python
    assert float(cpp) > 0.96
    worst = re.search(r"difference +([\d.e-]+) at worst", done.stdout)
    assert worst
    assert float(worst[1]) < 2e-5  # scores reach 12, where float32 has steps of 1e-6
    assert (tmp_path / "demo" / "demo.png").stat().st_size > 10_000
    assert "epoch/s" in done.stderr  # the progress bar
