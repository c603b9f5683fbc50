"""What the columns of a CSV file are: variables, times or marks of gaps; and whether its rows are one series."""

from collections.abc import Sequence

import pytest

from zoo.data.csv_series import parse_csv
from zoo.data.csv_table import CsvForm
from zoo.data.source import DataError


def rows(*columns: list[object], header: str = "t,x") -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in zip(*columns, strict=True))]) + "\n"


WAVE = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]


@pytest.mark.parametrize(
    ("name", "times", "words"),
    [
        ("YEAR", range(1700, 1712), "YEAR is named like a time or an index"),
        ("date", [19580329, *range(19580401, 19580412)], "date is named like a time"),
        (
            "when",
            [19580329, *range(19580401, 19580412)],
            "when is a date written as a number",
        ),
        ("k", range(12), "k changes by 1 in every row, as an index does"),
        ("", range(12), "column 1 changes by 1 in every row, as an index does"),
        ("x1", [1.6e9 + 3600 * k + k * k for k in range(12)], "x1 is a unix time"),
        ("flat", [7] * 12, "flat is constant at 7"),
        ("empty", [""] * 12, "empty has no values"),
        ("site", ["A"] * 12, "site has no numbers, such as 'A'"),
        ("month", WAVE, "month is named like a time or an index"),
        ("startTime", ["12:30"] * 12, "startTime tells the time"),
    ],
)
def test_columns_that_are_no_variables_are_left_out_by_name(name: str, times: list[object], words: str) -> None:
    text = rows(list(times), WAVE, header=f"{name},x")
    series = parse_csv(text, in_order=True)
    assert series.names == ["x"]
    assert series.facts["left out"].startswith(words)
    assert series.values.flatten().tolist() == WAVE
    if name in ("YEAR", "k", "month", "flat"):
        assert parse_csv(text, [name, "x"], in_order=True).names == [name, "x"]


def test_what_may_be_a_time_or_a_total_is_asked() -> None:
    text = rows([k**2 for k in range(12)], WAVE, header="total,x")
    with pytest.raises(DataError, match=r"column 'total' rises in every row, .* say time_column=total to leave it out"):
        parse_csv(text)
    assert parse_csv(text, ["total", "x"]).values[3].tolist() == [9, 1]
    assert parse_csv(text, time_column="total").names == ["x"]


def test_names_of_variables_are_no_times() -> None:
    header = "time_spent,day_ahead_price,indexed,min,T"
    text = rows(*([[value + k for value in WAVE] for k in range(5)]), header=header)
    assert parse_csv(text).names == header.split(",")


def test_rows_go_from_the_oldest_to_the_newest() -> None:
    series = parse_csv("Date,x\n03/01/2020,1\n02/01/2020,2\n31/12/2019,3\n")
    assert series.values.flatten().tolist() == [3, 2, 1]
    assert series.lines == [4, 3, 2]
    assert series.facts["time"].startswith("Date, from the newest row to the oldest in the file, turned round")
    gaps = parse_csv("date,x\n2020-01-01,1\n2020-01-02,2\n2020-01-03,1\n2020-01-09,3\n")
    assert gaps.facts["time"] == "date, rising; 1 step is longer than most, the first one before line 5"
    hours = "date,hour,x\n2020-01-01,1,4\n2020-01-01,2,5\n2020-01-02,1,6\n"
    assert parse_csv(hours).values.flatten().tolist() == [4, 5, 6]


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("timestamp", [1.6e9 + 3600 * k + k * k for k in range(12)]),
        ("seconds", [k + k * k / 7 for k in range(12)]),
        ("x1", [1.6e9 + 3600 * k + k * k for k in range(12)]),
        ("k", range(12)),
        ("date", [f"2020-01-{k:02}" for k in range(1, 13)]),
    ],
)
@pytest.mark.parametrize("columns", [[], ["x"]])
def test_columns_that_are_not_asked_for_tell_the_time_all_the_same(
    name: str, times: Sequence[object], columns: list[str]
) -> None:
    falling = parse_csv(rows(list(times)[::-1], WAVE, header=f"{name},x"), columns)
    assert falling.values.flatten().tolist() == WAVE[::-1]
    if name not in ("x1", "k"):  # their order is all that tells these two
        shuffled = [times[5 * k % 12] for k in range(12)]
        with pytest.raises(DataError, match=f"line 5, column '{name}': the time does not go on from line 4"):
            parse_csv(rows(shuffled, WAVE, header=f"{name},x"), columns)
        assert parse_csv(rows(shuffled, WAVE, header=f"{name},x"), ["x"], in_order=True).values[0] == WAVE[0]


@pytest.mark.parametrize(
    ("name", "cells"), [("year", [2020] * 12), ("year", [""] * 12), ("total", [(k - 12) ** 2 for k in range(12)])]
)
def test_a_constant_or_doubtful_column_that_is_not_asked_for_is_no_time(name: str, cells: list[object]) -> None:
    series = parse_csv(rows(cells, WAVE, header=f"{name},x"), ["x"])
    assert series.values.flatten().tolist() == WAVE
    assert series.facts["time"] == "rows are taken in their order"


def test_months_quarters_and_weeks_are_dates() -> None:
    for dates in (
        ["1991 Jul", "1991 Aug", "1991 Sep"],
        ["Jan 5 2000", "Feb 1 2000", "Jan 1 2001"],
        ["Dec-1-1995", "Jan-1-1996", "Feb-1-1996"],
        ["1-Nov-95", "1-Dec-95", "1-Jan-96"],
        ["1970 Q3", "1970 Q4", "1971 Q1"],
        ["2000M9", "2000M10", "2000M11"],
        ["2020-W52", "2020-W53", "2021-W01"],
    ):
        assert parse_csv(rows(dates, [3, 1, 4])).facts["time"].startswith("t, rising")
        with pytest.raises(DataError, match="column 't': the time does not go on"):
            parse_csv(rows([dates[1], dates[0], dates[2]], [3, 1, 4]))
    assert parse_csv("name,x\nMay Smith,1\nMarc 2nd,2\nDec,3\n").facts["left out"].startswith("name has no numbers")


def test_fractions_of_a_second_may_be_left_out() -> None:
    times = ["2020-01-01T00:00:00", "2020-01-01T00:00:00.250000", "2020-01-01T00:00:01"]
    assert (
        parse_csv(rows(times, [3, 1, 4])).facts["time"]
        == "t, rising; 1 step is longer than most, the first one before line 4"
    )


def test_series_below_each_other_are_no_single_one() -> None:
    stacked = rows(["MSFT"] * 3 + ["AMZN"] * 3, [3, 1, 4, 1, 5, 9])
    with pytest.raises(DataError, match="line 5, column 't': from here on it is 'AMZN', and before 'MSFT'"):
        parse_csv(stacked)
    assert len(parse_csv(stacked, in_order=True).values) == 6
    dated = "date,phase,x\n2020-01-01,a,1\n2020-01-02,a,2\n2020-01-03,b,3\n2020-01-04,b,1\n"
    assert parse_csv(dated).values.flatten().tolist() == [1, 2, 3, 1]
    assert parse_csv(rows(["wet", "dry", "wet", "wet"], [3, 1, 4, 1])).names == ["x"]


def test_steps_that_begin_again_are_those_of_another_series() -> None:
    engines = "engine,cycle,heat\n" + "".join(f"{k // 6},{k % 6},{WAVE[k % 12]}\n" for k in range(24))
    with pytest.raises(DataError, match=r"line 8, column 'cycle': it begins again, as 'engine' changes, .*"):
        parse_csv(engines)
    assert parse_csv(engines, in_order=True).names == ["engine", "cycle", "heat"]


def test_a_row_for_each_series_is_no_step_of_time() -> None:
    wide = "\n".join(",".join(str((7 * row + 3 * k) % 11) for k in range(30)) for row in range(9))
    with pytest.raises(DataError, match="30 variables are more than 9 rows: a row is a step of time here"):
        parse_csv(wide)
    assert parse_csv(wide, ["column 2", "column 3"]).values.shape == (9, 2)


@pytest.mark.parametrize("mark", ["-999", "9999.0", "-99.90", "-200"])
def test_numbers_that_mark_gaps_are_asked_for(mark: str) -> None:
    text = rows([*WAVE, mark, 2, mark, 7], [*WAVE, 5, 2, 8, 7])
    with pytest.raises(DataError, match=f"line 14, column 't': {mark} is far from all others.*say na_values={mark} to"):
        parse_csv(text)
    form = CsvForm(na_values=(str(float(mark)),))
    assert parse_csv(text, form=form, missing=True).values.isnan().nonzero().tolist() == [[12, 0], [14, 0]]
    assert parse_csv(text, form=CsvForm(na_values=("none",))).values[12, 0] == pytest.approx(float(mark))


def test_numbers_that_mark_no_gaps_are_numbers() -> None:
    for last in (["999", 2, 3], ["-500", "-500", 3], ["99", "99", 90]):
        assert parse_csv(rows([*WAVE, *last], [*WAVE, 5, 2, 8])).values.shape == (15, 2)


@pytest.mark.parametrize("by_turns", [False, True])
@pytest.mark.parametrize("owner", ["store", "store_id"])
def test_series_that_share_their_times_are_no_single_one_whoever_says_so(by_turns: bool, owner: str) -> None:
    cells = [(hour, "ABCD"[k] if owner == "store" else str(k)) for k in range(4) for hour in range(24)]
    if by_turns:
        cells.sort()
    text = f"time,{owner},sales\n" + "".join(
        f"2024-01-01 {hour:02}:00,{name},{WAVE[hour % 12]}\n" for hour, name in cells
    )
    for in_order in (False, True):
        with pytest.raises(
            DataError, match=f"line {3 if by_turns else 26}, column '{owner}': these are rows of 4 series"
        ) as refused:
            parse_csv(text, in_order=in_order)
        assert "in_order" not in str(refused.value)
    one = (
        text.splitlines(keepends=True)[:25]
        if not by_turns
        else text.splitlines(keepends=True)[:1] + text.splitlines(keepends=True)[1::4]
    )
    assert len(parse_csv("".join(one)).values) == 24


def test_a_word_beside_times_that_repeat_makes_no_many_series() -> None:
    hours = "hour,sky,x\n" + "".join(
        f"{k % 24},{'wet' if k * 7 % 5 < 2 else 'dry'},{WAVE[k % 12]}\n" for k in range(96)
    )
    assert len(parse_csv(hours, in_order=True).values) == 96
