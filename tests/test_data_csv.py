"""CSV files of every form: the right numbers, the columns that are left out, and what is refused with its line."""

from pathlib import Path

import pytest
import torch

from zoo.data.csv_series import Series, load_csv, parse_csv
from zoo.data.csv_table import CsvForm, parse_table
from zoo.data.source import DataError


def test_dates_are_left_out_and_columns_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_text("date,a,b\n2016-07-01,1,2\n2016-07-02,3.5,-4e1\n")
    series = load_csv(path)
    assert series.names == ["a", "b"]
    assert series.values.tolist() == [[1, 2], [3.5, -40]]
    assert series.lines == [2, 3]
    assert series.facts["left out"] == "date tells the time"
    assert load_csv(path, ["b"]).values.tolist() == [[2], [-40]]


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1.5,2000\n-3,4000\n",
        "a;b\n1,5;2000\n-3;4000\n",
        "a;b\n1,5;2.000\n-3;4.000\n",
        "a\tb\n1.5\t2000\n-3\t4000\n",
        "a   b\n1.5  2000\n -3  4000\n",
        "a|b\n1.5|2000\n-3|4000\n",
        '"a","b"\n"1.5","2,000"\n"-3","4,000"\n',
        "a;b\n1,5;2'000\n-3;4'000\n",
        "a;b\n1,5;2\u202f000\n-3;4 000\n",
        "sep=;\na;b\n1.5;2000\n-3;4000\n",
        "# a station\n\n# a,b\n1.5,2000\n-3,4000\n",
        "a,b,\n1.5,2000,\n\n-3,4000,\n",
        "\ufeffa,b\r\n1.5,2000\r\n-3,4000\r\n",
    ],
)
def test_every_form_gives_the_same_numbers(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    series = load_csv(path)
    assert series.names == ["a", "b"]
    assert series.values.tolist() == [[1.5, 2000], [-3, 4000]]


def test_encodings(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    text = "Größe\n1.5\n2\n"
    path.write_bytes(text.encode("utf-16"))
    assert load_csv(path).names == ["Größe"]
    path.write_bytes(text.encode("cp1252"))
    assert load_csv(path, form=CsvForm(encoding="cp1252")).names == ["Größe"]
    with pytest.raises(DataError, match=r"a.csv, line 1: not UTF-8, invalid .*; convert it"):
        load_csv(path)
    path.write_bytes(text.encode("utf-16-le"))
    with pytest.raises(DataError, match=r"a.csv, line 1: (not UTF-8|a NUL)"):
        load_csv(path)
    path.write_bytes(b"a\0\n\01\0")
    with pytest.raises(DataError, match=r"a.csv, line 1: a NUL, as in UTF-16 without a byte order mark"):
        load_csv(path)
    with pytest.raises(ValueError, match="no encoding is called 'utf-7000'"):
        load_csv(path, form=CsvForm(encoding="utf-7000"))


def test_a_header_is_found_or_told() -> None:
    bare = parse_csv("1,2\n3,5\n")
    assert (bare.names, bare.values.tolist()) == (["column 1", "column 2"], [[1, 2], [3, 5]])
    assert "no header" in bare.facts["form"]
    assert parse_csv("2016-07-01,2\n2016-07-02,5\n").values.tolist() == [[2], [5]]
    years = "station,2019,2020\na,1,2\nb,3,1\n"
    with pytest.raises(
        DataError, match="line 1 may name the columns or be data: '2019' is a number and others are none"
    ):
        parse_csv(years)
    assert parse_csv(years, form=CsvForm(header="yes")).names == ["2019", "2020"]
    assert parse_csv("7,8\n1,2\n", form=CsvForm(header="yes")).names == ["7", "8"]
    assert parse_csv("5\n6\n3\n").values.tolist() == [[5], [6], [3]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("date,x\n2020-01-02,1\n2020-01-01,2\n2020-01-03,3\n", "line 3, column 'date': the time does not go on"),
        ("date,x\n2020-01-02,1\n2020-01-02,2\n2020-01-03,3\n", "line 3, column 'date': the time does not go on"),
        ("date,id,x\n2020-01-02,1,1\n2020-01-02,2,2\n2020-01-03,1,3\n", "line 3, column 'date': the time does not go"),
        ("year,x\n2001,1\n2000,2\n2002,3\n", "line 3, column 'year': the time does not go on from line 2"),
        ("date,x\n2020-01-02,1\nlater 2,2\n2020-01-03,3\n", "line 3, column 'date': expected a date such as '2020-"),
        ("a,a,b\n1,2,3\n", "columns 1 and 2 are both called 'a'"),
        ("a,b\n", "there is a header and no row"),
        ("sep=:\na:b\n1:2\n", "line 1: 'sep=:' names the separator ':', expected one of ',', ';'"),
        ("\n\n", "there are no rows"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cells, line 1 has 2, with commas between"),
        ("a,b\n1,2,4\n", "line 2 has 3 cells, line 1 has 2"),
        ("a,b\n1,2\n3,x\n5,6\n", "line 3, column 'b': expected a number with a decimal point, got 'x'"),
        ('a,b\n1,"2\n3,4\n', r"line 2: .*: a quote is not closed"),
        ('a;b\n"1,234";2\n"3,456";3\n', r"line 2: '1,234' can be read with a decimal point and with a decimal comma"),
        ("a;b\n1.234;2\n3.456;3\n", r"line 2: '1.234' can be read with a decimal point and"),
        ("a;b\n1.5;2\n3,25;3\n", r"line 2: '1.5' has a decimal point, and '3,25' in line 3 a decimal comma"),
        ("a,b\n1e39,2\n3,1\n", r"column 'a' goes from 3 to 1e\+39, and float32 has seven digits"),
        (f"a,b\n{10**9},2\n{10**9 + 3},1\n{10**9 + 1},3\n", "column 'a' goes from 1000000000 to 1000000003"),
        ("date,flat\n2020-01-01,1\n2020-01-02,1\n", "no column is left to learn from: date .*; flat is constant at 1"),
        ("a,b\n1,2\n3,\n5,NaN\n2,3\n", "line 3, column 'b': the value is missing, got ''; 2 are missing in all; say"),
        ("a,b\n1,2\n3,inf\n5,6\n", "line 3, column 'b': the value is missing, got 'inf'"),
        ("a,b\n1,2\n3,?\n5,6\n", r"line 3, column 'b': the value is missing, got '\?'"),
    ],
)  # fmt: skip
def test_what_is_refused_has_its_line(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        parse_csv(text)
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"a.csv(, line \d+|: ).*{words.partition(':')[2]}"):
        load_csv(path)


@pytest.mark.parametrize(
    ("text", "names", "comments"),
    [
        ('room,x\n"#0",1\nhall,2\n"#1",3\n', ["#0", "hall", "#1"], 0),
        ("room,x\n#0,1\nhall,2\n#1,3\n", ["#0", "hall", "#1"], 0),
        ("room,x\n#0,1\n#1,3\n", ["#0", "#1"], 0),
        ('"#room",x\n"#0",1\n"#1",3\n', ["#0", "#1"], 0),
        ("room x\n#0 1\nhall 2\n", ["#0", "hall"], 0),
        ("room,x\nhall,2\n# measured again\n#1,3\n", ["hall", "#1"], 1),
        ("room,x\nhall,2\n# measured again,\n# a, b, c\n#1,3\n", ["hall", "#1"], 2),
        ("k,x\n1,2\n#2,3\n3,5\n", ["1", "3"], 1),
        ("day,x\n2020-01-01,2\n # 2020-01-02,3\n2020-01-03,5\n", ["2020-01-01", "2020-01-03"], 1),
        ("k,x\n1,2\n#N/A,3\n3,5\n", ["1", "#N/A", "3"], 0),
        ("# a station\n\n# room,x\n1,2\n3,5\n# end\n", ["1", "3"], 2),
    ],
)
def test_rows_of_names_that_begin_with_a_mark_of_comments_stay(text: str, names: list[str], comments: int) -> None:
    table = parse_table(text)
    assert ([row[0] for row in table.rows], table.comments) == (names, comments)
    words = parse_csv(text, [table.names[1]], in_order=True).facts.get(
        "comments", "0 lines that begin with # are no rows"
    )
    assert words.split()[0] == str(comments)


def test_rows_at_the_top_whose_names_begin_with_a_mark_of_comments_stay() -> None:
    text = "# a station\n#A,1,2\n#B,3,5\nC,4,4\nD,9,1\n"
    with pytest.raises(DataError, match=r"line 2 may name the columns or be data: .*; say header=yes or header=no"):
        parse_table(text)
    table = parse_table(text, CsvForm(header="no"))
    assert [row[0] for row in table.rows] == ["#A", "#B", "C", "D"]
    assert (table.lines, table.comments) == ([2, 3, 4, 5], 1)
    named = parse_table("#n,a,b\n#A,1,2\nB,3,4\n", CsvForm(header="no"))
    assert (named.names, len(named.rows)) == (["n", "a", "b"], 2)


def test_a_row_that_is_commented_out_is_no_header() -> None:
    assert parse_table("#2020,5\n2021,6\n2022,8\n").names == ["column 1", "column 2"]


def test_a_blank_that_does_not_break_lines_is_in_numbers() -> None:
    assert parse_csv("a b\n1\u00a0234 2\n5\u00a0678 3\n").values.tolist() == [[1234, 2], [5678, 3]]


def test_semicolons_and_decimal_commas_behind_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("a;b\n1,5;2\n2,5;3,25\n3,5;4\n".encode("utf-8-sig"))
    for form in (CsvForm(), CsvForm(encoding="utf-8")):
        series = load_csv(path, form=form)
        assert (series.names, series.values.tolist()) == (["a", "b"], [[1.5, 2], [2.5, 3.25], [3.5, 4]])


def test_a_quoted_row_of_another_width_is_no_comment() -> None:
    with pytest.raises(DataError, match="line 3 has 3 cells, line 1 has 2"):
        parse_csv('room,x\nhall,2\n"#1",3,4\n')


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x1f\x8b\x08\x00\xb9", "a.csv is compressed by gzip; unpack it first"),
        (b"PK\x03\x04\xff", "a.csv is a ZIP archive, as Excel's files are too"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "a.csv is a pointer of Git LFS"),
        (b"<!DOCTYPE html>\n<html>\n</html>\n", "a.csv, line 1 begins as a web page does"),
        (b'[{"a": 1, "b": 2}]\n', "a.csv, line 1 begins as JSON does"),
        (b"a,b\nStra\xdfe,1\n", "a.csv, line 2: not UTF-8, .*; say encoding=cp1252 to read it as Windows wrote it"),
    ],
    ids=range(6),
)
def test_what_is_no_table_is_called_by_its_name(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        load_csv(tmp_path / "a.csv")


def test_a_typeset_minus_is_a_minus() -> None:
    assert parse_csv("a,b\n\u22122.5,1\n3,\u22122\n").values.tolist() == [[-2.5, 1], [3, -2]]


def test_settings_of_another_kind_are_refused() -> None:
    with pytest.raises(DataError, match="no column c; there are a, b"):
        parse_csv("a,b\n1,2\n", ["c"])
    with pytest.raises(DataError, match="no column c; there are a, b"):
        parse_csv("a,b\n1,2\n", time_column="c")
    with pytest.raises(DataError, match="column 'a' is asked for twice"):
        parse_csv("a,b\n1,2\n", ["a", "a"])
    with pytest.raises(DataError, match="line 2, column 'b': expected a number with a decimal point, got 'x'"):
        parse_csv("a,b\n1,x\n", ["b"])
    with pytest.raises(ValueError, match="separator must be one of"):
        CsvForm(separator=":")
    with pytest.raises(ValueError, match="header must be 'yes' or 'no'"):
        CsvForm(header="maybe")
    with pytest.raises(ValueError, match=r"decimal must be '.' or ','"):
        CsvForm(decimal=";")


def test_decimals_can_be_said() -> None:
    text = "a;b\n1.234;2\n3.456;3\n"
    assert parse_csv(text, form=CsvForm(decimal=",")).values.tolist() == [[1234, 2], [3456, 3]]
    assert parse_csv(text, form=CsvForm(decimal=".")).values[0].tolist() == pytest.approx([1.234, 2])


def test_missing_values_are_told_where_they_are_allowed() -> None:
    series: Series = parse_csv("a,b\n1,2\n3,?\n5,NA\n2,1\n", missing=True)
    assert series.facts["missing"] == "2 of 8 values"
    assert torch.equal(series.values.isnan(), torch.tensor([[0, 0], [0, 1], [0, 1], [0, 0]]).bool())


def test_rounding_that_hides_nothing_is_told() -> None:
    volumes = [35_678_901, 12_345_678, 98_765_433]
    series = parse_csv("volume\n" + "\n".join(map(str, volumes)))
    assert series.facts["rounded"] == "volume by up to 1"
    assert series.values.flatten().tolist() == pytest.approx(volumes, abs=4)
