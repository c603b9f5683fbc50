"""Files of series (.ts): the whole format, the right values, and what is refused with its line."""

from pathlib import Path

import pytest
import torch

from zoo.data.source import DataError
from zoo.data.time_series_file import load_time_series

CLASSES = """# a comment
@problemName toy
@timeStamps false
@univariate false
@classLabel true up down
@data
1,2,3:4,5,6:up
7,8:9,1e1:down
"""
NUMBERS = """@PROBLEMNAME toy
@TimeStamps False
@TARGETLABEL TRUE
@Univariate TRUE
@DATA
% a comment
1, 2, 3 : 0.5

# another
4,5 : -2e1
"""
STAMPED = """@timestamps true
@classlabel true a b
@data
(0,1.5),(10,2),(20,?):(0,4),(10,5),(20,6):a
(2007-01-01 00:00:00,1),(2007-01-01 00:00:10,2):(2007-01-01 00:00:00,3),(2007-01-01 00:00:10,4):b
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_classes(tmp_path: Path) -> None:
    loaded = load_time_series(write(tmp_path / "toy.ts", CLASSES))
    assert (loaded.class_names, loaded.classes, loaded.targets) == (["up", "down"], ["up", "down"], None)
    assert loaded.series[0].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert loaded.series[1].tolist() == [[7, 9], [8, 10]]
    assert loaded.lines == [7, 8]


def test_numbers_in_capitals_with_comments_and_blanks(tmp_path: Path) -> None:
    loaded = load_time_series(write(tmp_path / "toy.ts", NUMBERS))
    assert loaded.targets is not None
    assert loaded.targets.tolist() == [0.5, -20]
    assert [series.flatten().tolist() for series in loaded.series] == [[1, 2, 3], [4, 5]]
    assert (loaded.classes, loaded.class_names, loaded.lines) == ([], [], [7, 10])


def test_time_stamps_at_even_steps(tmp_path: Path) -> None:
    loaded = load_time_series(write(tmp_path / "toy.ts", STAMPED), missing=True)
    assert loaded.classes == ["a", "b"]
    assert loaded.series[0].isnan().tolist() == [[False, False], [False, False], [True, False]]
    assert loaded.series[0].nan_to_num(9).tolist() == [[1.5, 4], [2, 5], [9, 6]]
    assert loaded.series[1].tolist() == [[1, 3], [2, 4]]


def test_missing_values_are_nan_where_they_are_allowed(tmp_path: Path) -> None:
    path = write(tmp_path / "toy.ts", CLASSES.replace("7,8", "?,NaN").replace("1e1", "inf"))
    with pytest.raises(DataError, match=r"toy.ts, line 8, channel 1, value 1 is missing; say missing=drop"):
        load_time_series(path)
    loaded = load_time_series(path, missing=True)
    assert loaded.series[1].isnan().tolist() == [[True, False], [True, True]]
    assert loaded.series[0].isnan().sum() == 0


@pytest.mark.parametrize(
    ("text", "old", "new", "words"),
    [
        (CLASSES, "@data", "@nothing", "line 7: expected a line @data before the first series"),
        (CLASSES, CLASSES[CLASSES.index("@data") :], "", "has no line @data; it is not a .ts file"),
        (CLASSES, CLASSES[CLASSES.index("1,2,3") :], "", "has no series after @data"),
        (CLASSES, "@timeStamps false", "@timeStamps maybe", "line 3: @timestamps must be true or false, got maybe"),
        (CLASSES, "@classLabel true up down", "@classLabel false", "has neither of '@classLabel true NAMES' and"),
        (CLASSES, "@data", "@targetLabel true\n@data", "has both of '@classLabel true NAMES' and '@targetLabel true'"),
        (CLASSES, "@classLabel true up down", "@classLabel true", "the line @classLabel names no class"),
        (CLASSES, "@univariate false", "@univariate true", "line 7 has 2 channels, the header says 1"),
        (CLASSES, "@univariate false", "@dimensions 3", "line 7 has 2 channels, the header says 3"),
        (CLASSES, "@data", "@equalLength true\n@data", "line 9 has 2 steps, and by @equalLength all have 3"),
        (CLASSES, "7,8", "7,x", "line 8, channel 1, value 2: expected a number or [?], got 'x'"),
        (CLASSES, "7,8", "7,", "line 8, channel 1, value 2: expected a number or [?], got ''"),
        (CLASSES, "7,8:9,1e1", "7,8:9", r"line 8: channels of \[2, 1\] values"),
        (CLASSES, "7,8:9,1e1", "7,8", "line 8 has 1 channels, line 7 has 2"),
        (CLASSES, ":down", ":left", "line 8: the class 'left' is not in the @classLabel line, which has up, down"),
        (CLASSES, "7,8:9,1e1:down", "down", "line 8: expected channel:channel:...:class, got no colon"),
        (CLASSES, "1e1", "1e39", r"channel 2 goes from 4 to 1e\+39, and float32 has seven digits"),
        (NUMBERS, "-2e1", "up", "line 10, target, value 1: expected a number or [?], got 'up'"),
        (NUMBERS, "-2e1", "?", "line 10: the target is missing"),
        (STAMPED, "(20,?)", "(25,3)", "line 4, channel 1: the time goes from 10 to 25, another step than from 0 to 10"),
        (STAMPED, "(20,6)", "(21,6)", "line 4, channel 2 has other time stamps than channel 1"),
        (STAMPED, "(20,6)", "20,6", "line 4, channel 2: expected .time stamp,value."),
        (STAMPED, "(10,5)", "(10,x)", "line 4, channel 2, value 2: expected a number or [?], got 'x'"),
        (STAMPED, "00:00:10", "00:00:20", "line 5: a step takes 20, and 10 before; bring all series to the same steps"),
        (STAMPED, "(0,1.5)", "(soon,1.5)", "line 4, channel 1: time stamps must be numbers or dates"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, old: str, new: str, words: str) -> None:
    assert old in text
    with pytest.raises(DataError, match=rf"toy.ts.*{words}"):
        load_time_series(write(tmp_path / "toy.ts", text.replace(old, new)), missing=True)


def test_values_of_a_channel_are_told_apart(tmp_path: Path) -> None:
    text = CLASSES.replace("1,2,3", "100000001,100000002,100000003").replace("7,8", "100000004,100000005")
    with pytest.raises(DataError, match=r"toy.ts: channel 1 goes from 100000001 to 100000005, and float32"):
        load_time_series(write(tmp_path / "toy.ts", text))


def test_real_files_of_the_archives() -> None:
    """What sktime brings: numbers, several channels, and unequal lengths."""
    import sktime

    folder = Path(sktime.__file__).parent / "datasets" / "data"
    fat = load_time_series(folder / "Tecator" / "Tecator_TRAIN.ts")
    assert fat.targets is not None
    assert (len(fat.series), fat.targets[:2].tolist()) == (172, [22.5, pytest.approx(40.1)])
    vowels = load_time_series(folder / "JapaneseVowels" / "JapaneseVowels_TRAIN.ts")
    assert len(vowels.series) == 270
    assert {series.size(1) for series in vowels.series} == {12}
    assert len({len(series) for series in vowels.series}) > 1
    assert torch.cat(vowels.series).isfinite().all()
