"""One command from a user's own file to a program in C++: what it makes of each kind of data, and what it refuses."""

import json
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.data_sets import write_wav

import zoo
from zoo.cli import main as zoo_program
from zoo.cli import train as train_program
from zoo.data.source import DataError
from zoo.training.experiment import read_experiment
from zoo.training.own_data.forecasts import choose_windows
from zoo.training.own_data.kinds import find_kind
from zoo.training.own_data.proposals import Wishes, name_experiment, propose_experiment

TAGGED = "Ada B-per\nspoke O\n\nBonn S-loc\nis O\nBonn S-loc\n\n" * 10
QUICK = ["training.max_epochs=3", "training.accelerator=cpu", "model.overrides.hidden_size=8"]


def write_text(folder: Path) -> Path:
    path = folder / "book.txt"
    path.write_text("Der Fluß fließt; die Brücke führt über ihn.\n" * 200)
    return path


def write_tags(folder: Path) -> Path:
    path = folder / "train.bio"
    path.write_text(TAGGED)
    return path


def write_table(folder: Path) -> Path:
    rows = 400
    season = np.sin(2 * np.pi * np.arange(rows) / 12)
    noise = np.random.default_rng(0).normal(size=(rows, 2))
    path = folder / "sensors.csv"
    lines = [f"{20 + 5 * s + 0.2 * a:.3f},{b:.3f}" for s, (a, b) in zip(season, noise, strict=True)]
    path.write_text("\n".join(["temperature,wind", *lines]) + "\n")
    return path


def write_sounds(folder: Path) -> Path:
    (folder / "tones").mkdir()
    generator = torch.Generator().manual_seed(0)
    for name, hertz in (("high", 2000), ("low", 400)):
        for k in range(12):
            tone = 8000 * torch.sin(2 * torch.pi * (hertz + 20 * k) * torch.arange(800 + 80 * k) / 8000)
            noise = 200 * torch.randn(len(tone), generator=generator)
            write_wav(folder / "tones" / name / f"{k}.wav", (tone + noise).int().tolist())
    return folder / "tones"


def write_series(folder: Path) -> Path:
    generator = torch.Generator().manual_seed(0)
    lines = ["@timeStamps false", "@classLabel true falls rises", "@data"]
    for k in range(40):
        ramp = (1 if k % 2 else -1) * torch.arange(8 + k % 5) / 4 + 0.1 * torch.randn(8 + k % 5, generator=generator)
        lines.append(",".join(f"{value:.4f}" for value in ramp.tolist()) + (":rises" if k % 2 else ":falls"))
    path = folder / "train.ts"
    path.write_text("\n".join(lines) + "\n")
    return path


def write_arrays(folder: Path) -> Path:
    generator = np.random.default_rng(0)
    slopes = generator.normal(size=60)
    ramps = slopes[:, None] * np.arange(12) + 0.1 * generator.normal(size=(60, 12))
    path = folder / "arrays.npz"
    np.savez(path, X=ramps[..., None].astype(np.float32), y=slopes)
    return path


@dataclass(frozen=True)
class Kind:
    """A kind of data: how a file of it is made, what reads it and what model fits it."""

    write: Callable[[Path], Path]
    task: str
    model: str
    metric: str
    baseline: str
    picture: bool = False


KINDS = {
    "csv": Kind(write_table, "csv", "segrnn_forecaster", "mse", "seasonal naive, period 12", picture=True),
    "ts": Kind(write_series, "ts", "gru_classifier", "accuracy", "most frequent class", picture=True),
    "npz": Kind(write_arrays, "npz", "gru_regressor", "standardized_mse", "mean, test part", picture=True),
    "wav": Kind(write_sounds, "wav", "gru_speech_classifier", "accuracy", "most frequent class"),
    "conllu": Kind(write_tags, "conllu", "lstm_word_tagger", "f1", "most frequent tag of each word"),
    "text": Kind(write_text, "plain_text", "lstm_character_language_model", "nats_per_character", "frequency of each"),
}


@pytest.mark.autograd
@pytest.mark.parametrize("name", KINDS)
def test_one_command_trains_and_the_next_ones_work_as_printed(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = KINDS[name]
    data = kind.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    status = train_program.main(["--data", data.name, *QUICK, "-o", "a run"])
    out, error = capsys.readouterr()
    assert status == 0, error
    said, _, after = out.partition("experiment a run/experiment.toml reproduces this run\n")
    lines = {line[:11].strip(): line[11:] for line in said.splitlines()}
    assert lines["data"].startswith(f"{data.name}: ")
    assert "train" in lines["split"]
    assert lines["model"].startswith(f"{kind.model}, ")
    assert kind.metric in lines["to beat"]
    assert kind.baseline in said
    experiment = read_experiment("a run/experiment.toml")
    assert (experiment.task.name, experiment.training.max_epochs) == (kind.task, 3)
    metrics = json.loads(Path("a run/metrics.json").read_text())
    assert experiment.to_dict() == metrics["experiment"]
    assert metrics["test"][kind.metric] == approx_in(out, "test", kind.metric)
    assert ("scores     of " in after) == (kind.metric in ("accuracy", "f1"))
    assert ("bidirectional=false for one that streams" in lines["model"]) == (name in ("ts", "npz", "conllu"))
    commands = [shlex.split(line) for line in after.partition("next\n")[2].splitlines()]
    assert [command[:2] for command in commands[:3]] == [
        ["zoo", "evaluate"],
        ["zoo", "script"],
        ["cpp_runner", "verify"],
    ]
    for program, *arguments in commands:
        if program == "zoo":
            assert zoo_program(arguments) == 0, capsys.readouterr().err
            if arguments[0] == "evaluate" and kind.picture:
                assert zoo_program([*arguments, "--picture", "results.png"]) == 0
                assert Path("results.png").read_bytes().startswith(b"\x89PNG")
        else:
            done = subprocess.run([zoo.find_runner(), *arguments], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    assert kind.baseline in capsys.readouterr().out


def approx_in(out: str, line: str, metric: str) -> Any:
    """Return the number that a line of the output gives a metric, to its four digits."""
    words = next(row for row in out.splitlines() if row.startswith(line + " ")).split()
    return pytest.approx(float(words[words.index(metric) + 1]), abs=5e-5)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", "a,b\n1,2\n", "csv"),
        ("a.TS", "@data", "ts"),
        ("a.npz", "PK", "npz"),
        ("a.conllu", "", "conllu"),
        ("train.txt", TAGGED, "conllu"),
        ("book.txt", "It was the best of times,\nit was the worst of times.\n\nIt was the age of wisdom.\n", "text"),
        ("eng.testa", TAGGED, "conllu"),
        ("sensors.txt", "date;a\n" + "".join(f"2020-01-{k:02};{k},5\n" for k in range(1, 29)), "csv"),
        ("sensors.dat", "".join(f"{k} {k % 7}.5  {-k}\n" for k in range(28)), "csv"),
        ("addresses.txt", "12 Oaks\n7 Elms\n" * 20, "text"),
        ("slashes.txt", "Ada/NNP spoke/VBD\n\nBonn/NNP is/VBZ\n\n" * 9, "text"),
    ],
)
def test_the_kind_of_a_file_is_found(tmp_path: Path, name: str, content: str, kind: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    assert find_kind(path) == kind


def test_what_cannot_be_trained_on_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tags(tmp_path)
    write_text(tmp_path)
    write_wav(tmp_path / "one.wav", [0, 1])
    (tmp_path / "prose.rtf").write_text("one\ntwo words\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "last.ckpt").touch()
    for arguments, words in (
        (["--data", "nowhere.csv"], "nowhere.csv does not exist"),
        (["--data", "one.wav"], "one.wav is one recording; give the folder that holds a folder of recordings"),
        (["--data", "empty"], "empty has no recordings"),
        (
            ["--data", "prose.rtf"],
            "neither ending nor content of prose.rtf says what it is; name its kind: csv, ",
        ),
        (["--data", "book.txt", "--target", "x"], "text data takes no target; csv, csv_sequences, conllu data does"),
        (["--data", "train.bio", "--horizon", "3"], "conllu data takes no horizon; csv data does"),
        (
            ["--data", "prose.rtf", "--horizon", "3", "--kind", "csv", "sequence=store"],
            "many series in one table are not forecast; give one series at a time without sequence=",
        ),
        (["--data", "book.txt", "--test", "train.bio"], "text data takes no test data of its own"),
        (["--data", "train.bio", "task.options.colum=2"], "task conllu has no option colum"),
        (["--data", "train.bio", "training.epochs=2"], "no key training.epochs; did you mean training.max_epochs?"),
        (["--data", "train.bio", "gru_classifier_fsdd"], "and the experiment gru_classifier_fsdd both name data"),
        (["gru_classifier_fsdd", "--target", "x"], "--target go with --data PATH"),
        (
            ["gru_classifier_fsdd", "-o", "used"],
            "used/last.ckpt is damaged, or no file of a training; name another folder",
        ),
        ([], "what shall be trained? Name an experiment, or your own data: --data PATH"),
    ):
        assert train_program.main(arguments) == 1
        out, error = capsys.readouterr()
        assert (out, error.count("\n")) == ("", 1), error
        assert words in error
    assert not (tmp_path / "runs").exists()


def test_windows_fit_the_season_and_the_length_of_a_series(tmp_path: Path) -> None:
    path = str(write_table(tmp_path))
    chosen = choose_windows({"path": path, "columns": ["temperature"]})
    assert (chosen["horizon"], chosen["look_back"]) == (10, 48)
    assert choose_windows({"path": path, "horizon": 5, "look_back": 9}) == {"path": path, "horizon": 5, "look_back": 9}
    for horizon, period in ((24, 12), (11, 1)):
        wishes = Wishes(horizon=horizon, options={"columns": ["temperature"]})
        one = propose_experiment(path, wishes).table["model"]["overrides"]
        assert one == {"segment_size": horizon, "highway_window": 48, "highway_period": period}


def test_a_target_is_forecast_from_all_columns(tmp_path: Path) -> None:
    proposal = propose_experiment(write_table(tmp_path), Wishes(target="temperature", horizon=24))
    assert proposal.table["model"]["name"] == "gru_forecaster"
    (batch, *_) = proposal.task.test_batches()
    assert (batch.input.shape[2], batch.target.shape[1:]) == (2, (24, 1))
    with pytest.raises(DataError, match="has no variable humidity, which is no column; it has temperature, wind"):
        propose_experiment(write_table(tmp_path), Wishes(target="humidity"))


def test_a_column_makes_sequences_of_the_rows_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "rides.csv"
    rows = [f"{ride},{step * (ride % 3) + 0.1 * ride},{ride % 3}" for ride in range(24) for step in range(6)]
    path.write_text("\n".join(["ride,speed,gear", *rows]) + "\n")
    proposal = propose_experiment(path, Wishes(target="gear", options={"sequence": "ride", "goal": "numbers"}))
    assert proposal.table["task"]["name"] == "csv_sequences"
    assert proposal.table["model"]["name"] == "gru_regressor"
    classes = propose_experiment(path, Wishes(target="gear", options={"sequence": "ride", "goal": "classes"}))
    assert classes.table["model"]["name"] == "gru_classifier"
    assert classes.task.model_overrides() == {"input_size": 1, "num_classes": 3, "standardize": True}


def test_small_data_trains_in_small_batches(tmp_path: Path) -> None:
    proposal = propose_experiment(write_series(tmp_path), Wishes())
    training = proposal.table["training"]
    assert (training["batch_size"], training["max_epochs"]) == (2, 100)
    assert name_experiment(Path("a/My words-2.ts")) == "My_words_2"
    (tmp_path / "v0.5").mkdir()
    assert name_experiment(tmp_path / "v0.5") == "v0_5"
