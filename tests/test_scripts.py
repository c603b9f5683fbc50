"""The programs of the package, as a user calls them: the files in scripts/ and the console program `zoo`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from model_table import MISSING, describe
from support.program import Program
from support.real_input import speech_batch
from support.small_models import build_small

import zoo
from zoo.cli import SUBCOMMANDS
from zoo.cli.values import read_value

SCRIPTS = Path(__file__).parents[1] / "scripts"


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


def call(script: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, SCRIPTS / script, *arguments, cwd=cwd)


def call_zoo(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Call `python -P -m zoo`: -P keeps the folder out of the path, as in the console program."""
    return run(sys.executable, "-P", "-m", "zoo", *arguments, cwd=cwd)


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("[!_]*.py")))
def test_every_script_imports_what_exists(script: str, tmp_path: Path) -> None:
    done = call(script, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert script in done.stdout.splitlines()[0]


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
        ["tagger", "--recipe", "float16", "--sample", "speech.npy", "--exclude", "head"],
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
        (
            ["tagger", "--exclude", "head"],
            "and --portable are for a recipe; give --recipe, too",
        ),
        (["own_nets:Raw"], "own_nets:Raw.forward takes (x, h), expected (input), (input, lengths)"),
        (["own_nets:Bad", "--input-dims", "batch,seq_len,4"], "own_nets.py, line 26: return eval"),
        (["own_nets:Missing"], "write it as module:Class"),
        (["own_nets:Smooth", "channels=4"], "does not say what its input is; give --input-dims "),
        (["own_nets:Smooth"], "cannot build 'own_nets:Smooth'"),
        (["weights.pt"], "script_model.py NAME --weights weights.pt"),
        (["weights.pt"], "weights.pt is another kind of file; give a model's name, the folder of a run"),
        (["runs/nowhere"], "runs/nowhere does not exist; give a model's name, the folder of a run or of a checkpoint"),
        (["nowhere.pt"], "nowhere.pt does not exist; give a model's name"),
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


def test_scripts_and_the_console_program_print_the_same(tmp_path: Path) -> None:
    arguments = ["lstm_classifier", "input_size=3", "num_classes=2", "-o", "model.pt"]
    front, program = call("script_model.py", *arguments, cwd=tmp_path), call_zoo("script", *arguments, cwd=tmp_path)
    assert program.returncode == 0, program.stderr
    assert "wrote            model.pt\n" in program.stdout
    assert front.returncode == 0
    # TorchScript writes no two files alike: they differ in hash, and by a few bytes in size.
    lines = zip(front.stdout.splitlines(), program.stdout.splitlines(), strict=True)
    assert [a for a, b in lines if a != b and not a.startswith(("sha256 ", "size "))] == []
    for script, subcommand in (("script_model.py", "script"), ("benchmark.py", "benchmark"), ("demo.py", "demo")):
        program = call_zoo(subcommand, "--nonsense", cwd=tmp_path)
        front = call(script, "--nonsense", cwd=tmp_path)
        assert (front.returncode, program.returncode) == (2, 2)
        assert program.stderr.splitlines()[-1] == f"zoo {subcommand}: error: unrecognized arguments: --nonsense"
        assert front.stderr.splitlines()[-1] == f"{script}: error: unrecognized arguments: --nonsense"


def test_the_console_program_finds_a_class_in_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "own_nets.py").write_text(OWN)
    done = call_zoo("script", "own_nets:Smooth", "channels=4", "--input-dims", "batch,seq_len,4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "own_nets.Smooth.pt").exists()


def test_the_list_of_subcommands_needs_no_torch(tmp_path: Path) -> None:
    done = run(sys.executable, "-P", "-X", "importtime", "-m", "zoo", "--help", cwd=tmp_path)
    assert done.returncode == 0
    for name, subcommand in SUBCOMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(subcommand.help)}$", done.stdout, re.MULTILINE)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "zoo" in imported
    assert not imported & {"torch", "numpy", "lightning"}
    assert call_zoo("--version", cwd=tmp_path).stdout == f"zoo {zoo.__version__}\n"


def test_subcommands_explain_themselves(tmp_path: Path) -> None:
    for name in ("script", "benchmark", "demo"):
        done = call_zoo(name, "--help", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"usage: zoo {name} ")
        assert "scripts/" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scrip"], "no subcommand is called 'scrip'; did you mean script? There are script, train, "),
        (["sing"], "no subcommand is called 'sing'; there are script, train, "),
        ([], "a subcommand is missing; there are script, train, "),
    ],
)
def test_what_is_no_subcommand_is_one_line(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = call_zoo(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"zoo: error: {words}")


def test_a_closed_pipe_and_ctrl_c_leave_no_traceback(tmp_path: Path) -> None:
    shell = ["bash", "-o", "pipefail", "-c"]
    done = run(*shell, f"{sys.executable} -m zoo script --list | true", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (141, "", "")
    code = (
        "import zoo.cli.script as s, os, signal, zoo.cli; s.print_lists = lambda: os.kill(os.getpid(), signal.SIGINT)"
    )
    done = run(sys.executable, "-c", f"{code}; zoo.cli.main(['script', '--list'])", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "zoo script: interrupted\n")


def test_a_missing_optional_dependency_is_named_with_its_extra(tmp_path: Path) -> None:
    code = "import sys, zoo.cli; sys.modules['matplotlib.figure'] = None; zoo.cli.main(['demo'])"
    done = run(sys.executable, "-c", code, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("zoo demo: error: ")
    assert "matplotlib.figure" in done.stderr
    assert done.stderr.endswith("pip install 'recurrent-zoo[demo]'\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 0.001),
        ("true", True),
        ("True", True),
        ("null", None),
        ("None", None),
        ("[1, 2]", [1, 2]),
        ('{"a": 1}', {"a": 1}),
        ("{a = 1}", {"a": 1}),
        ('"3"', "3"),
        ("mean", "mean"),
        ("a=b", "a=b"),
    ],
)
def test_values_are_read_as_toml_json_or_python(text: str, value: object) -> None:
    got = read_value(text)
    assert (type(got), got) == (type(value), value)


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
    last = [line.split()[0] for line in done.stdout.splitlines()[-3:]]
    assert last == ["accuracy", "time", "difference"]  # what the README shows


def test_the_readmes_table_of_families_is_that_of_the_registered_models() -> None:
    readme = SCRIPTS.parent / "README.md"
    # A process of its own: other tests register cells of their own in this one.
    done = subprocess.run(
        [sys.executable, SCRIPTS / "model_table.py", readme], capture_output=True, text=True, check=True
    )
    table = done.stdout.strip()
    assert table in readme.read_text(), "run scripts/model_table.py README.md --update"
    assert MISSING not in table
    rows = {line.split("`")[1]: line for line in table.splitlines()[2:]}
    assert "`dynamic_int8`" in rows["lstm"]
    assert "dynamic_int8" not in rows["rnn"]  # PyTorch's recipes leave it float
    assert describe("gru", ["ctc", "tagger"], ["encoder", "tagger"], MISSING)[1:4] == [
        MISSING,
        "`tagger`, `ctc`",
        "yes",
    ]
