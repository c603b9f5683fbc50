"""`zoo predict`: the next rows of a table and the classes of recordings, as the model gives them."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import torch
from support.data_sets import write_wav
from support.program import Program

import zoo
from zoo.cli import main as zoo_program
from zoo.cli import train as train_program
from zoo.data.csv_clock import Clock
from zoo.data.csv_series import parse_csv
from zoo.data.source import DataError
from zoo.errors import ArgumentError
from zoo.training.predicting import predict
from zoo.training.tasks import make_task

QUICK = ["training.max_epochs=1", "training.accelerator=cpu", "model.overrides.hidden_size=8"]
LOOK_BACK, HORIZON = 12, 4


def write_days(path: Path, names: str = "day,a,b", rows: int = 120, between: str = ",") -> Path:
    """Write a table of days with two variables, `a` and `b`, or in another order of columns."""
    numbers = np.random.default_rng(0).normal(size=(rows, 2)) + np.array([20, -3])
    days = pandas.date_range("2021-01-30", periods=rows, freq="D")
    cells = {"day": [f"{day:%d.%m.%Y}" for day in days], "a": numbers[:, 0], "b": numbers[:, 1]}
    lines = [between.join(format_cell(cells[name][k], between) for name in names.split(",")) for k in range(rows)]
    path.write_text("\n".join([names.replace(",", between), *lines]) + "\n")
    return path


def format_cell(cell: Any, between: str) -> str:
    text = cell if isinstance(cell, str) else f"{cell:.4f}"
    return text if between == "," or isinstance(cell, str) else text.replace(".", ",")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("days")
    data = write_days(folder / "days.csv")
    windows = [f"look_back={LOOK_BACK}", "--horizon", str(HORIZON), "--target", "b"]
    assert train_program.main(["--data", str(data), *windows, *QUICK, "-o", str(folder / "run")]) == 0
    return folder / "run"


def read_rows(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))


@pytest.mark.autograd
def test_the_next_rows_are_those_of_python_and_of_cpp(
    run: Path, program: Program, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_days(tmp_path / "new.csv", rows=50)
    assert zoo_program(["predict", str(run), str(data)]) == 0
    header, *rows = read_rows(capsys.readouterr().out)
    assert header == ["day", "b"]
    assert [row[0] for row in rows] == ["21.03.2021", "22.03.2021", "23.03.2021", "24.03.2021"]
    got = torch.tensor([[float(value) for value in row[1:]] for row in rows])
    seen = parse_csv(data.read_text(), ["a", "b"]).values[-LOOK_BACK:].unsqueeze(0)
    model = zoo.load_checkpoint(run)
    assert torch.equal(got, model(seen)[0][0])
    zoo.save_artifact(model, tmp_path / "model.pt")
    np.save(tmp_path / "seen.npy", seen.numpy())
    in_cpp = program.output(tmp_path / "model.pt", tmp_path / "seen.npy", folder=tmp_path)
    np.testing.assert_allclose(got.numpy(), in_cpp[0], rtol=1e-5, atol=1e-5)
    assert zoo_program(["predict", str(tmp_path / "model.pt"), str(data), "-o", str(tmp_path / "next.csv")]) == 0
    assert [row[0] for row in read_rows((tmp_path / "next.csv").read_text())[1:]] == [row[0] for row in rows]


@pytest.mark.autograd
def test_columns_are_found_by_their_names(run: Path, tmp_path: Path) -> None:
    usual = predict(run, write_days(tmp_path / "a.csv"))
    assert predict(run, write_days(tmp_path / "b.csv", "b,day,a")).rows == usual.rows
    assert predict(run, write_days(tmp_path / "c.csv", between=";")).rows == usual.rows
    without = predict(run, write_days(tmp_path / "d.csv", "a,b"))
    assert without.names == ["step", "b"]
    assert [row[0] for row in without.rows] == ["1", "2", "3", "4"]
    assert [row[1:] for row in without.rows] == [row[1:] for row in usual.rows]


@pytest.mark.autograd
def test_what_does_not_fit_the_training_is_refused_in_a_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gap = write_days(tmp_path / "gap.csv")
    gap.write_text(gap.read_text().replace("-3.", "x-3.", 1))
    for arguments, words in (
        ([write_days(tmp_path / "a.csv", "day,a")], "a.csv: no column b; there are day, a"),
        ([write_days(tmp_path / "b.csv", rows=9)], "b.csv has 9 rows, and the model sees 12; give a longer series"),
        ([tmp_path / "none.csv"], "none.csv cannot be read: No such file"),
        ([gap], "column 'b': expected a number with a decimal point, got "),
        ([gap, "horizon=3"], "option horizon is that of the training; a new file may have others of separator, header"),
        ([gap, "more.csv"], "one file or folder at a time; got "),
    ):
        assert zoo_program(["predict", str(run), *map(str, arguments)]) == 1
        out, error = capsys.readouterr()
        assert (out, error.count("\n")) == ("", 1), error
        assert words in error


def test_a_model_that_was_not_trained_here_is_refused(tmp_path: Path) -> None:
    zoo.save_artifact(zoo.build("gru_classifier"), tmp_path / "model.pt")
    with pytest.raises(ArgumentError, match=r"model.pt does not say what it was trained on; train it with zoo train"):
        predict(tmp_path / "model.pt", tmp_path)


@pytest.mark.autograd
def test_recordings_have_a_class_and_its_probability(tmp_path: Path) -> None:
    for name, hertz in (("high", 2000), ("low", 400)):
        for k in range(12):
            tone = 8000 * np.sin(2 * np.pi * (hertz + 20 * k) * np.arange(800 + 80 * k) / 8000)
            write_wav(tmp_path / "tones" / name / f"{k}.wav", tone.astype(int).tolist())
    run = tmp_path / "run"
    assert train_program.main(["--data", str(tmp_path / "tones"), *QUICK, "-o", str(run)]) == 0
    found = predict(run, tmp_path / "tones")
    assert found.names == ["file", "label", "probability"]
    assert len(found.rows) == 24
    one = tmp_path / "tones" / "low" / "3.wav"
    assert predict(run, one).rows == [row for row in found.rows if row[0] == str(one)]
    path, label, share = predict(run, one).rows[0]
    assert (path, label in ("high", "low")) == (str(one), True)
    assert 0.5 <= float(share) <= 1
    write_wav(tmp_path / "fast.wav", [1000, -1000] * 800, rate=16000)
    with pytest.raises(DataError, match=r"fast.wav is at 16000 Hz, the training data at 8000; say sample_rate=8000"):
        predict(run, tmp_path / "fast.wav")
    assert predict(run, tmp_path / "fast.wav", {"sample_rate": 8000}).rows[0][0] == str(tmp_path / "fast.wav")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty has no recordings"):
        predict(run, tmp_path / "empty")


def test_missing_values_are_filled_as_in_training(tmp_path: Path) -> None:
    data = write_days(tmp_path / "a.csv")
    gap = tmp_path / "gap.csv"
    *lines, _ = data.read_text().splitlines()
    day, _, _ = lines[-1].split(",")
    gap.write_text("\n".join([*lines[:-1], f"{day},,1.5", "29.05.2021,30,2.5"]) + "\n")
    for missing in ("mask", "interpolate", "forward"):
        task = make_task("csv", {"path": str(data), "missing": missing, "look_back": 4, "horizon": 2})
        (input,) = type(task).open_new(task.options, task.record(), str(gap)).inputs
        assert input.shape == (1, 4, 4 if missing == "mask" else 2)
        assert input.isfinite().all()
        before = float(input[0, 1, 0])
        filled = {"mask": task.record()["mean"][0], "interpolate": (before + 30) / 2, "forward": before}[missing]
        assert float(input[0, 2, 0]) == pytest.approx(filled, rel=1e-6)
    task = make_task("csv", {"path": str(data), "missing": "drop", "look_back": 4, "horizon": 2})
    with pytest.raises(DataError, match=r"gap.csv, line 120: a value is missing in the last 4 rows"):
        type(task).open_new(task.options, task.record(), str(gap))


@pytest.mark.autograd
def test_sequences_need_no_labels(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(40, 6, 2)).astype(np.float32)
    np.savez(tmp_path / "a.npz", X=rows, y=np.array(["no", "up"])[np.arange(40) % 2])
    np.savez(tmp_path / "new.npz", X=rows[:3], lengths=[6, 4, 6])
    train_on(tmp_path / "a.npz", tmp_path / "a")
    found = predict(tmp_path / "a", tmp_path / "new.npz")
    assert found.names == ["sequence", "label", "probability"]
    model = zoo.load_checkpoint(tmp_path / "a")
    for k, (place, label, share) in enumerate(found.rows):
        scores = model(torch.from_numpy(rows[k : k + 1, : [6, 4, 6][k]]))[0][0].detach().softmax(0)
        assert (place, label) == (f"X[{k}]", ["no", "up"][int(scores.argmax())])
        assert float(share) == pytest.approx(float(scores.max()), abs=1e-6)
    np.savez(tmp_path / "wide.npz", X=generator.normal(size=(3, 6, 3)))
    with pytest.raises(DataError, match=r"X\[0\] has 3 features a step, the training data has 2"):
        predict(tmp_path / "a", tmp_path / "wide.npz")
    np.savez(tmp_path / "b.npz", z=rows)
    with pytest.raises(DataError, match=r"b.npz has no array X; it has z"):
        predict(tmp_path / "a", tmp_path / "b.npz")


@pytest.mark.autograd
def test_numbers_of_sequences_and_of_their_steps(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(120, 2))
    lines = [f"r{k // 4},{a:.4f},{b:.4f},{a - b:.4f}" for k, (a, b) in enumerate(rows)]
    (tmp_path / "a.csv").write_text("\n".join(["run,a,b,p", *lines]) + "\n")
    train_on(tmp_path / "a.csv", tmp_path / "a", "sequence=run", "targets=p")
    unlabelled = [line.rpartition(",")[0] for line in ["run,a,b,p", *lines[:8]]]
    (tmp_path / "new.csv").write_text("\n".join(unlabelled) + "\n")
    found = predict(tmp_path / "a", tmp_path / "new.csv")
    assert found.names == ["sequence", "step", "p"]
    assert [row[1] for row in found.rows] == ["1", "2", "3", "4"] * 2
    assert found.rows[4][0] == f"{tmp_path / 'new.csv'}, line 6, r1"
    steps = parse_csv((tmp_path / "new.csv").read_text(), ["a", "b"], in_order=True).values[4:].unsqueeze(0)
    got = torch.tensor([[float(row[2])] for row in found.rows[4:]])
    assert torch.equal(got, zoo.load_checkpoint(tmp_path / "a")(steps)[0][0])


def train_on(data: Path, run: Path, *options: str) -> None:
    assert train_program.main(["--data", str(data), *options, *QUICK, "-o", str(run)]) == 0


@pytest.mark.parametrize(
    ("cells", "following"),
    [
        ("2020-01-30 2020-01-31 2020-02-01", "2020-02-02 2020-02-03"),
        ("2020-01-01 2020-02-01 2020-03-01", "2020-04-01 2020-05-01"),
        ("2020-01-31 2020-02-29 2020-03-31", "2020-04-30 2020-05-31"),
        ("2020-01-09 2020-01-10 2020-01-13 2020-01-14 2020-01-15 2020-01-16 2020-01-17", "2020-01-20 2020-01-21"),
        ("01.01.2020 01.02.2020 01.03.2020", "01.04.2020 01.05.2020"),
        ("30.01.2020 31.01.2020 01.02.2020", "02.02.2020 03.02.2020"),
        ("2019-12-31T22:30 2019-12-31T23:00 2019-12-31T23:30", "2020-01-01T00:00 2020-01-01T00:30"),
        ("2020-01-01T00:00:00Z 2020-01-01T01:00:00Z 2020-01-01T02:00:00Z", "2020-01-01 03:00:00+00:00|"),
        ("1970Q2 1970Q3 1970Q4", "1971Q1 1971Q2"),
        ("1970M10 1970M11 1970M12", "1971M01 1971M02"),
        ("1970-W50 1970-W51 1970-W52", "1970-W53 1971-W01"),
        ("2000 2001 2002", "2003 2004"),
        ("20200130 20200131 20200201", "20200202 20200203"),
        ("1600000000 1600003600 1600007200", "1600010800 1600014400"),
        ("0.5 1.0 1.5", "2 2.5"),
        ("1 2 4", ""),
        ("2020-01-01 2020-01-02 2020-01-05", ""),
    ],
)
def test_times_go_on_as_the_file_writes_them(cells: str, following: str) -> None:
    rows = cells.split()
    series = parse_csv("date,x\n" + "".join(f"{cell},{k % 2}\n" for k, cell in enumerate(rows)))
    assert isinstance(series.clock, Clock)
    if following.endswith("|"):
        assert series.clock.go_on(2)[0] == following.removesuffix("|")
    else:
        assert series.clock.go_on(2) == following.split()


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d"])
def test_months_are_no_days_of_january(form: str) -> None:
    months = [f"{month:{form}}" for month in pandas.date_range("2020-01-01", periods=38, freq="MS")]
    clock = parse_csv("month,x\n" + "".join(f"{month},{k % 5}\n" for k, month in enumerate(months[:36]))).clock
    assert clock is not None
    assert clock.go_on(2) == months[36:]


def test_the_newest_row_may_stand_first() -> None:
    clock = parse_csv("date,x\n2020-01-03,1\n2020-01-02,2\n2020-01-01,4\n").clock
    assert clock is not None
    assert clock.go_on(1) == ["2020-01-04"]
