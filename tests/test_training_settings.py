"""Refusals that an option settles: what the message says can be typed as it stands, and the run goes on."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.data_sets import write_wav

import zoo
from zoo.cli import evaluate as evaluate_program
from zoo.cli import train as train_program
from zoo.cli.options import find_key
from zoo.data.settings import Setting, write_settings
from zoo.data.source import DataError, named
from zoo.training.experiment import list_keys
from zoo.training.tasks import TASKS, find_task, make_task

TAGGED = "Ada B-per\nspoke O\n\nBonn S-loc\nis O\n\n" * 10


def write_table(folder: Path, header: str, row: Callable[[int], str], rows: int = 200) -> None:
    (folder / "a.csv").write_text("\n".join([header, *map(row, range(rows))]) + "\n")


def write_missing(folder: Path) -> None:
    write_table(folder, "a,b", lambda k: f"{k % 7},{k % 5 if k != 9 else ''}")


def write_doubtful_header(folder: Path, header: str) -> None:
    write_table(folder, header, lambda k: f"{k % 7},{k % 5}")


def write_doubtful_decimals(folder: Path) -> None:
    write_table(folder, "a;b", lambda k: f"1,{100 + k % 7};2,{100 + k % 5}")


def write_total(folder: Path) -> None:
    write_table(folder, "in stock,b", lambda k: f"{k + (k % 3) / 4},{k % 5}")


def write_disorder(folder: Path) -> None:
    write_table(folder, "date,b", lambda k: f"2020-01-{1 + k % 28:02},{k % 5}")


def write_constant_beginning(folder: Path) -> None:
    write_table(folder, "a,b", lambda k: f"{k // 190},{k % 5}")


def write_rides(folder: Path) -> None:
    write_table(folder, "ride,speed,gear", lambda k: f"r{k // 4},{k % 9},{k // 4 % 3}")


def write_arrays(folder: Path, y: object = None) -> None:
    x = np.random.default_rng(0).normal(size=(40, 5, 2))
    if y is None:
        x[3, 2, 1] = np.nan
    np.savez(folder / "a.npz", X=x, y=np.arange(40) % 2 if y is None else y)


def write_gaps(folder: Path) -> None:
    lines = [f"1,{k},{'?' if k == 3 else 2 * k % 5},0:{'ab'[k % 2]}" for k in range(20)]
    (folder / "a.ts").write_text("\n".join(["@classLabel true a b", "@data", *lines]) + "\n")


def write_sounds(folder: Path, rates: tuple[int, int] = (8000, 8000), channels: int = 1) -> None:
    (folder / "a").mkdir()
    for name, rate in zip("ab", rates, strict=True):
        for k in range(8):
            tone = 9000 * np.sin(np.arange(1600 * channels) * (0.1 + 0.01 * k))
            write_wav(folder / "a" / name / f"{k}.wav", tone.astype(int).tolist(), rate=rate, channels=channels)


def write_tags(folder: Path) -> None:
    (folder / "a.bio").write_text(TAGGED)
    (folder / "b.bio").write_text("Ada O\nAda B-new\n\n")


def write_empty_column(folder: Path) -> None:
    line = "1\tAda\t_\t_\t{}\t_\t0\troot\t_\t_\n\n"
    (folder / "a.conllu").write_text("".join(line.format("NE" if k % 2 else "NN") for k in range(20)))


# How the data is made, the words of the command line, what the program answers, and what stands for words in capitals.
CASES: dict[str, tuple[Callable[[Path], None], str, str, dict[str, str]]] = {
    "csv": (write_missing, "a.csv", "say missing=drop, missing=interpolate, missing=forward or missing=mask", {}),
    "header": (
        lambda at: write_doubtful_header(at, "2020,b"),
        "a.csv",
        "is a number and others are none; say header=yes",
        {},
    ),
    "no header": (
        lambda at: write_doubtful_header(at, "2020,"),
        "a.csv missing=drop",
        "say header=yes or header=no",
        {},
    ),
    "decimal": (write_doubtful_decimals, "a.csv", "say decimal=. or decimal=,", {}),
    "time": (write_total, "a.csv", "say 'time_column=in stock' to leave it out, or columns=NAME", {"NAME,NAME": "b"}),
    "order": (write_disorder, "a.csv", "say in_order=true where the rows are in the order of time", {}),
    "constant": (write_constant_beginning, "a.csv", "say columns=b to leave it out", {}),
    "goal": (write_rides, "a.csv sequence=ride targets=gear", "say goal=classes or goal=numbers", {}),
    "targets": (write_rides, "a.csv sequence=ride goal=classes", "say targets=COLUMN", {"COLUMN,COLUMN": "gear"}),
    "npz": (write_arrays, "a.npz", "say missing=drop, ", {}),
    "npz goal": (lambda at: write_arrays(at, np.arange(40.0) % 2), "a.npz", "say goal=classes or goal=numbers", {}),
    "ts": (write_gaps, "a.ts", "say missing=drop, ", {}),
    "rates": (lambda at: write_sounds(at, (8000, 16000)), "a", "say sample_rate=8000 to bring all to one", {}),
    "channels": (lambda at: write_sounds(at, channels=2), "a", "say mix_down=true to make one of them", {}),
    "tags": (write_tags, "a.bio --test b.bio", "say unseen_tags=miss to count such words as wrong", {}),
    "column": (write_empty_column, "a.conllu", "say column=NAME to take another one of", {"NAME": "xpos"}),
}


def read_settings(message: str, meant: dict[str, str]) -> list[str]:
    """Return what a message says one may type."""
    words = shlex.split(re.split(r"; say (?=\S*=)", message)[1])
    typed = [word if word.endswith("=,") else word.rstrip(",") for word in words if "=" in word]
    return [f"{name}={meant.get(value, value)}" for name, _, value in (word.partition("=") for word in typed)]


@pytest.mark.parametrize("name", CASES)
def test_what_the_program_says_can_be_typed(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write, words, answer, meant = CASES[name]
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    arguments = ["--data", *words.split(), "-o", "run"]
    assert train_program.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert answer in error
    settings = read_settings(error, meant)
    assert settings
    for setting in settings:
        plan = train_program.make_plan(train_program.parse([*arguments, setting]))
        # An experiment takes the same words.
        options = {**plan.experiment.task.options}
        key = setting.partition("=")[0]
        given = options.pop(key)
        with pytest.raises(DataError, match=f"; say .*{key}="):
            make_task(plan.experiment.task.name, options)
        make_task(plan.experiment.task.name, {**options, key: given})


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, 'say missing="drop", missing="interpolate", missing="forward" or missing="mask"'),
        ({"missing": "mask", "y": np.arange(40.0) % 3}, 'say goal="classes" or goal="numbers"'),
        ({"missing": "drop", "y": ["a"] * 39 + ["b"]}, 'say overrides={"task.options.validation": PATH} or'),
    ],
)
def test_fit_names_its_arguments(changes: dict[str, object], answer: str, tmp_path: Path) -> None:
    write_arrays(tmp_path)
    arrays = {**np.load(tmp_path / "a.npz")}
    with pytest.raises(DataError) as refused:
        zoo.fit(**{**arrays, **changes}, folder=tmp_path / "run")
    assert answer.removesuffix(" or") in str(refused.value)


def test_a_bare_name_is_an_option_of_the_task() -> None:
    assert find_key("missing") == "task.options.missing"
    for key in (*list_keys(), "model.overrides.hidden_size"):
        assert find_key(key) == key
    for key, words in (("max_epochs", "training.max_epochs"), ("patience", "schedule.patience or training.patience")):
        with pytest.raises(ValueError, match=f"no key {key}; did you mean {words}"):
            find_key(key)
    with pytest.raises(ValueError, match="evaluation changes options of the task only"):
        evaluate_program.split_data(["training.max_epochs=3"])
    assert evaluate_program.split_data(["path=a.csv", "task.options.horizon=3"])[1] == {"path": "a.csv", "horizon": 3}


def test_no_option_of_a_task_is_called_as_another_key() -> None:
    names = {key.rpartition(".")[2] for key in list_keys()}
    for task in TASKS:
        with pytest.raises(ValueError, match="has no option _; its options are") as listed:
            find_task(task)({"_": 0})
        assert not names & set(str(listed.value).partition("are ")[2].split(", "))


def test_options_have_the_type_of_their_default() -> None:
    for options, words in (
        ({"columns": True}, "option columns must be a list, got True"),
        ({"in_order": "yes"}, "option in_order must be true or false, got 'yes'"),
        ({"horizon": "far"}, "option horizon must be a whole number, got 'far'"),
        ({"time_column": True}, "option time_column must be a text, got True"),
        ({"look_back": 0}, "option look_back must be at least 1, got 0"),
        ({"test_share": 1}, "option test_share must be a share, from 0 to less than 1, got 1.0"),
        ({"mising": "drop"}, "task csv has no option mising; did you mean missing?"),
    ):
        with pytest.raises(ValueError, match=re.escape(words)):
            make_task("csv", options)


def test_errors_keep_their_options_behind_the_name_of_a_file() -> None:
    for message, told in (("line 3: no", "a.csv, line 3: no; say x=1 to go"), ("no", "a.csv: no; say x=1 to go")):
        with pytest.raises(DataError) as error, named("a.csv"):
            raise DataError(message, Setting("x", ("1",), "to go"))
        assert str(error.value) == told
    both = [Setting("x", ("1", "2", "3")), Setting("y", ("Y",), "to go")]
    assert write_settings(both) == "say x=1, x=2 or x=3, or y=Y to go"
