"""CSV files with many sequences: what belongs together, classes and numbers, and what is refused with its line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from zoo.data.csv_sequences import load_csv_sequences
from zoo.data.source import DataError
from zoo.training.tasks import make_task
from zoo.training.tasks.own.csv_sequences import CsvSequenceFiles

MACHINES = """machine;step;heat;load;state;wear
A;0;1,5;3;ok;0,5
B;0;2,5;1;worn;7,25
A;1;1,0;4;ok;0,5
B;1;3,0;1;worn;7,25
A;2;0,5;1;ok;0,5
B;2;9,0;2;worn;7,25
C;0;4,5;1;ok;1,5
C;1;4,0;5;ok;1,5
C;2;4,0;9;ok;1,5
C;3;4,0;2;ok;1,5
"""


def write(path: Path, text: str = MACHINES) -> Path:
    path.write_text(text)
    return path


def test_rows_of_a_sequence_need_not_stand_together(tmp_path: Path) -> None:
    found = load_csv_sequences(write(tmp_path / "a.csv"), "machine", ["wear"])
    assert found.names == ["A", "B", "C"]
    assert found.columns == ["heat", "load"]
    assert [sequence.tolist() for sequence in found.sequences[:2]] == [
        [[1.5, 3], [1, 4], [0.5, 1]],
        [[2.5, 1], [3, 1], [9, 2]],
    ]
    assert [part.tolist() for part in found.numbers] == [[0.5], [7.25], [1.5]]
    assert found.lines == [2, 3, 8]
    assert found.facts["left out"].startswith(
        "step counts the rows of each sequence; state has no numbers, such as 'ok'"
    )


def test_dates_that_change_within_a_sequence_give_its_order(tmp_path: Path) -> None:
    text = "id,born,day,x,y\na,1990-05-01,2020-01-02,1,u\nb,1980-05-01,2020-01-01,2,v\na,1990-05-01,2020-01-03,3,u\n"
    arguments: Any = ("id", ["y"], ["x"])
    found = load_csv_sequences(write(tmp_path / "a.csv", text), *arguments)
    assert (found.columns, found.facts["time"]) == (["x"], "day, rising in each sequence")
    same = write(tmp_path / "a.csv", text.replace("01-03,3", "01-02,3"))  # two rows of a day
    assert load_csv_sequences(same, *arguments).sequences[0].flatten().tolist() == [1, 3]
    turned = write(tmp_path / "a.csv", text.replace("01-03,3", "01-01,3"))
    with pytest.raises(DataError, match=r"line 4, column 'day': the time falls; .*; say in_order=true"):
        load_csv_sequences(turned, *arguments)
    assert load_csv_sequences(turned, *arguments, in_order=True).facts["time"] == "rows are taken in their order"
    counts = write(tmp_path / "a.csv", "id,step,y\n" + "".join(f"{k // 4},{k % 4},{k}\n" for k in range(12)))
    with pytest.raises(DataError, match="no column is left to learn from: step counts the rows of each sequence"):
        load_csv_sequences(counts, "id", ["y"])


STEPS = 6


def write_rides(path: Path, name: str, times: Sequence[object], order: Sequence[int]) -> Path:
    """Write three rides whose rows have the given times, in the given order."""
    lines = [f"ride,{name},a,kind"]
    lines += [f"r{k},{times[step]},{(7 * step + k) % 5}.5,{'uv'[k % 2]}" for k in range(3) for step in order]
    return write(path, "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("time", [k + k * k / 7 for k in range(STEPS)]),
        ("Timestamp_ms", [k + k * k / 7 for k in range(STEPS)]),
        ("seconds", [k + k * k / 7 for k in range(STEPS)]),
        ("seconds", range(STEPS)),
        ("day", [20200130, 20200131, 20200201, 20200203, 20200204, 20200205]),
        ("x1", [20200130, 20200131, 20200201, 20200203, 20200204, 20200205]),
        ("x1", [1.6e9 + 3600 * k + k * k for k in range(STEPS)]),
        ("step", range(STEPS)),
        ("date", [f"2020-01-0{k}" for k in range(1, 7)]),
    ],
)
@pytest.mark.parametrize("columns", [[], ["a"]])
def test_numbers_tell_the_time_as_dates_do(
    tmp_path: Path, name: str, times: Sequence[object], columns: list[str]
) -> None:
    arguments: Any = ("ride", ["kind"], columns)
    path = write_rides(tmp_path / "up.csv", name, times, range(STEPS))
    found = load_csv_sequences(path, *arguments)
    assert (found.columns, found.facts["time"]) == (["a"], f"{name}, rising in each sequence")
    down = write_rides(tmp_path / "down.csv", name, times, range(STEPS)[::-1])
    with pytest.raises(DataError, match=f"line 3, column '{name}': the time falls; .*; say in_order=true"):
        load_csv_sequences(down, *arguments)
    assert len(load_csv_sequences(down, *arguments, in_order=True).sequences) == 3
    if name in ("x1", "step"):  # their order is all that tells these two
        return
    shuffled = write_rides(tmp_path / "shuffled.csv", name, times, [1, 4, 0, 3, 2, 5])
    with pytest.raises(DataError, match=f"line 4, column '{name}': the time does not go on from line 3"):
        load_csv_sequences(shuffled, *arguments)


@pytest.mark.parametrize(
    ("header", "rows", "words"),
    [
        ("hour,day", [(22, 1), (23, 1), (0, 2), (1, 2)], "day, rising in each sequence"),
        ("left,cycle", [(3, 0), (2, 1), (1, 2), (0, 3)], "cycle, rising in each sequence"),
        ("year,month", [(2019, 11), (2019, 12), (2020, 1), (2020, 2)], "year, rising in each sequence"),
        ("start_time,age", [(1.6e9, 31), (1.6e9, 30), (1.6e9, 33), (1.6e9, 32)], "rows are taken in their order"),
        ("time,age", [(2020, 31), (2020, 30), (2020, 33), (2020, 32)], "rows are taken in their order"),
    ],
)
def test_what_comes_round_counts_down_or_stays_gives_no_order(
    tmp_path: Path, header: str, rows: list[tuple[float, float]], words: str
) -> None:
    lines = [
        f"s{k},{first},{second},{(5 * line + k) % 3},{'uv'[k % 2]}"
        for k in range(3)
        for line, (first, second) in enumerate(rows)
    ]
    path = write(tmp_path / "a.csv", "\n".join([f"id,{header},a,y", *lines]) + "\n")
    assert load_csv_sequences(path, "id", ["y"], ["a"]).facts["time"] == words


def test_day_and_month_are_told_apart_by_all_sequences(tmp_path: Path) -> None:
    """The first sequence rises where the month comes first, and the second one has a day 31."""
    days = [("s0", "01/02/2020"), ("s0", "02/01/2020"), ("s1", "30/01/2020"), ("s1", "31/01/2020")]
    text = "id,day,a,y\n" + "".join(f"{name},{day},{k},{name}\n" for k, (name, day) in enumerate(days))
    with pytest.raises(DataError, match="line 3, column 'day': the time falls"):
        load_csv_sequences(write(tmp_path / "a.csv", text), "id", ["y"])
    text = text.replace("01/02", "03/01").replace("02/01/", "02/02/")
    assert load_csv_sequences(write(tmp_path / "a.csv", text), "id", ["y"]).facts["time"].startswith("day, rising")


def test_classes_and_numbers_of_every_step(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv")
    found = load_csv_sequences(path, "machine", ["state"], ["heat"])
    assert (found.classes, found.numbers) == (["ok", "worn", "ok"], [])
    steps = load_csv_sequences(path, "machine", ["load", "wear"], time_column="step")
    assert steps.numbers[0].tolist() == [[3, 0.5], [4, 0.5], [1, 0.5]]
    assert steps.facts["time"] == "step, rising in each sequence"
    whole = write(tmp_path / "b.csv", MACHINES.replace("0,5\n", "1\n").replace("7,25", "2").replace("1,5\n", "2\n"))
    with pytest.raises(
        DataError, match="column 'wear' has 2 whole numbers, which may be classes or numbers; say goal="
    ):
        load_csv_sequences(whole, "machine", ["wear"])
    assert load_csv_sequences(whole, "machine", ["wear"], goal="classes").classes == ["1", "2", "2"]
    assert load_csv_sequences(whole, "machine", ["wear"], goal="numbers").numbers[1].tolist() == [2]


def test_one_mark_of_decimals_holds_for_features_and_targets(tmp_path: Path) -> None:
    """59.500 and 0,125 can be read both ways; the other column settles it, as in a table of one series."""
    text = "lot\tx\tprice\nA\t3,00\t59.500\nA\t2,88\t59.500\nB\t1,50\t22.500\n"
    found = load_csv_sequences(write(tmp_path / "a.tsv", text), "lot", ["price"], goal="numbers")
    assert [part.tolist() for part in found.numbers] == [[59500], [22500]]
    text = "lot;x;dose\nA;-1,04;0,125\nA;1,19;0,125\nB;0,98;0,250\n"
    found = load_csv_sequences(write(tmp_path / "b.csv", text), "lot", ["dose"])
    assert (found.classes, [part.tolist() for part in found.numbers]) == ([], [[0.125], [0.25]])
    text = "lot;version;x;kind\n1.2;1,500;1,25;1.0\n1.2;1,500;1,5;1.0\n1.3;2,500;2,5;1.1\n"  # names have any mark
    found = load_csv_sequences(write(tmp_path / "c.csv", text), "lot", ["kind"], goal="classes")
    assert (found.classes, found.sequences[0].tolist()) == (["1.0", "1.1"], [[1.5, 1.25], [1.5, 1.5]])


@pytest.mark.parametrize(
    ("wear", "words"),
    [
        (["-999", "7,25", "1,5"], "line 2, column 'wear': -999 is far from all others.*na_values=-999 to take it as"),
        (["0,5", "7,25", "worn"], "line 8, column 'wear': expected a number with a decimal comma, got 'worn'"),
        (["1000000001", "1000000002", "1000000003"], "column 'wear' goes from 1000000001 to 1000000003"),
    ],
)
def test_numbers_that_are_refused_become_no_classes(tmp_path: Path, wear: list[str], words: str) -> None:
    text = MACHINES.replace("0,5\n", f"{wear[0]}\n").replace("7,25", wear[1]).replace("1,5\n", f"{wear[2]}\n")
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(DataError, match=f"{words}.*goal=classes where they are names of classes"):
        load_csv_sequences(path, "machine", ["wear"])
    assert load_csv_sequences(path, "machine", ["wear"], goal="classes").classes == wear


@pytest.mark.parametrize(
    ("old", "new", "arguments", "words"),
    [
        ("A;1;", ";1;", {}, "line 4, column 'machine': the row belongs to no sequence, got ''"),
        ("A;1;1,0;4;ok", "A;1;1,0;4;worn", {"targets": ["state"]}, "line 4, column 'state': the class is 'worn'"),
        ("A;1;1,0;4;ok;0,5", "A;1;1,0;4;ok;?", {}, "line 4, column 'wear': the target is missing"),
        ("A;1;1,0", "A;1;?", {}, "line 4, column 'heat': the value is missing"),
        ("A;1;1,0", "A;1;hot", {}, "line 4, column 'heat': expected a number with a decimal comma, got 'hot'"),
        ("A;1;", "A;0;", {"time_column": "step"}, "line 4, column 'step': the time does not go on from line 2"),
        ("A;0;", "A;0;", {"time_column": "state"}, "line 2, column 'state': expected a date or a number, got 'ok'"),
        ("A;0;", "A;0;", {"sequence": "robot"}, "no column robot; there are machine, step"),
        ("A;0;", "A;0;", {"sequence": ""}, "say sequence=COLUMN to name the sequence of a row"),
        ("A;0;", "A;0;", {"targets": ["machine"]}, "column 'machine' has two uses"),
        ("A;0;", "A;0;", {"columns": ["wear"]}, "column 'wear' has two uses"),
        ("A;0;", "A;0;", {"targets": ["state", "wear"], "goal": "classes"}, "a sequence has one class, got the"),
        ("A;0;", "A;0;", {"targets": ["state", "wear"]}, "line 2, column 'state': expected a number"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, old: str, new: str, arguments: dict[str, Any], words: str) -> None:
    assert old in MACHINES
    path = write(tmp_path / "a.csv", MACHINES.replace(old, new, 1))
    with pytest.raises(DataError, match=rf"a.csv.*{words}"):
        load_csv_sequences(path, **{"sequence": "machine", "targets": ["wear"], **arguments})


def test_a_task_and_another_file(tmp_path: Path) -> None:
    lines = ["run,x,noise,y"]
    for run in range(40):
        lines += [
            f"r{run},{run % 7 + step % 3},{(run * step) % 5},{(run % 7) / 2 + 0.25}" for step in range(4 + run % 3)
        ]
    path = write(tmp_path / "a.csv", "\n".join(lines) + "\n")
    options = {"train": str(path), "sequence": "run", "targets": ["y"]}
    task: Any = make_task("csv_sequences", options)
    assert task.model_overrides() == {"input_size": 2, "num_targets": 1, "standardize": True}
    assert task.facts()["sequences"] == "40, each of 4 to 6 steps"
    other = write(tmp_path / "b.csv", "run,y,noise,x,more\nq,1.5,0,1,2\nq,1.5,1,2,5\n")
    restored: Any = CsvSequenceFiles.restore(options, task.record(), str(other))
    assert [(steps.tolist(), target.tolist()) for steps, target in restored.test] == [([[1, 0], [2, 1]], [1.5])]
