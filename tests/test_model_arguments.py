"""What a command line may say of each kind of model, the seed of a class, and the name of the file that is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from support.small_models import build_small

import zoo
from zoo.cli import export, recipes, script
from zoo.cli.models import INITIAL, OPTIONS, name_output

OWN = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.rnn = nn.GRU(4, size, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rnn(x)[0]


class Other(Net):
    pass
"""
SAID = {
    "overrides": ["hidden_size=7"],
    "--weights": ["--weights", "nowhere.npz"],
    "--init": ["--init", "orthogonal"],
    "--forget-bias": ["--forget-bias", "2"],
    "--chrono": ["--chrono", "9"],
    "--seed": ["--seed", "0"],
    "--input-dims": ["--input-dims", "batch,seq_len,4"],
    "--vocab-size": ["--vocab-size", "7"],
}
TINY = ["input_size=3", "hidden_size=4"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "seeded_nets.py").write_text(OWN)
    zoo.save_checkpoint(build_small("gru_tagger"), tmp_path / "net-0.5")
    (tmp_path / "net.onnx").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*words: str) -> dict[str, torch.Tensor]:
    assert script.main([*words, "-o", "model.pt"]) == 0
    return zoo.load_artifact("model.pt").module.state_dict()


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(
    ("model", "takes", "why"),
    [
        ("net-0.5", [], "net-0.5 is a checkpoint with its sizes and weights in it"),
        ("net.onnx", [], "net.onnx has its sizes and weights in it"),
        (
            "seeded_nets:Net", ["overrides", "--weights", "--seed", "--input-dims", "--vocab-size"],
            "seeded_nets:Net fills its weights itself and comes without trained ones",
        ),
        (
            "gru_tagger", ["overrides", "--weights", "--pretrained", *INITIAL, "--seed"],
            "gru_tagger says in its configuration what its input is",
        ),
    ],
)  # fmt: skip
def test_options_that_a_kind_of_model_does_not_take_are_refused(
    model: str, takes: Sequence[str], why: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = script.main([model, *SAID.get(option, [option]), "-o", "model.pt"])
    told = capsys.readouterr().err
    if option in takes:
        assert why not in told
    else:
        assert (status, told) == (1, f"zoo script: error: {why}; leave out {option}\n")
        assert not Path("model.pt").exists()


def test_all_that_is_too_much_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["net-0.5", "hidden_size=7", "--weights", "nowhere.npz", "--pretrained", "--init", "uniform", "--seed", "5"]
    for main in (script.main, export.main, recipes.main):
        assert main(words) == 1
        assert "leave out overrides, --weights, --pretrained, --init, --seed\n" in capsys.readouterr().err


@pytest.mark.parametrize("weights", [["--weights", "net-0.5/model.safetensors"], ["--pretrained"]])
def test_weights_leave_nothing_to_initialise(weights: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["gru_detector_fsdd", *weights, "--init", "orthogonal", "--seed", "3"]) == 1
    assert f"{weights[0]} replaces all initial weights; leave out --init, --seed\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "model", [["seeded_nets:Net", "--input-dims", "batch,seq_len,4"], ["gru_tagger", "num_classes=2", *TINY]]
)
def test_a_seed_gives_the_same_weights_again(model: list[str]) -> None:
    state = torch.random.get_rng_state()
    first, again, other = write(*model, "--seed", "4"), write(*model, "--seed", "4"), write(*model, "--seed", "5")
    default, zero = write(*model), write(*model, "--seed", "0")
    assert all(torch.equal(first[name], again[name]) and torch.equal(default[name], zero[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize(
    ("model", "file"),
    [
        ("gru_tagger", "gru_tagger.pt"),
        ("net-0.5", "net-0.5.pt"),
        ("./net-0.5/", "net-0.5.pt"),
        ("net-0.5/../net-0.5", "net-0.5/../net-0.5.pt"),
        ("net.onnx", "net.pt"),
        ("gone/net.onnx", "gone/net.onnx.pt"),
        ("seeded_nets:Net", "seeded_nets.Net.pt"),
        ("deep.seeded_nets:Net", "deep.seeded_nets.Net.pt"),
    ],
)
def test_the_file_has_the_whole_name_of_the_model(model: str, file: str) -> None:
    assert name_output(model, ".pt") == Path(file)


def test_a_model_in_the_working_folder_is_written_beside_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "net-0.5")
    assert name_output(".", ".pt") == folder / "net-0.5.pt"


def test_two_models_do_not_share_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["net-0.5", "--recipe", "int8", "--portable", "-o", "net-0.6"]) == 0
    assert {path.name for path in Path().glob("net-*")} == {"net-0.5", "net-0.6", "net-0.6.portable.pt"}
    capsys.readouterr()
    assert export.main(["net.onnx"]) == 1
    assert "net.onnx would be written over itself; give -o FILE\n" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        recipes.main([])
    assert "which model?" in capsys.readouterr().err
