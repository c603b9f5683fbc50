"""Loaders of tagged words, plain text and windows over series: counts, splits, values, and files that are refused."""

from pathlib import Path

import pytest
import torch
from support.data_sets import need

from zoo.config import UNKNOWN
from zoo.data import etth1, etth2, tiny_shakespeare, ud_english_ewt, wnut17
from zoo.data.plain_text import encode_characters, load_plain_text, split_characters
from zoo.data.source import DataError
from zoo.data.windows import cut_windows


def test_text_is_cut_in_its_order() -> None:
    text = "abcdefghij" * 10
    split = split_characters(text)
    assert split.characters == "abcdefghij"
    parts = (split.train, split.validation, split.test)
    assert [len(part) for part in parts] == [85, 5, 10]
    assert "".join(split.characters[k] for part in parts for k in part.tolist()) == text
    with pytest.raises(DataError, match=r"a text of 3 characters leaves a part empty"):
        split_characters("abc")


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(b"a cup\nof caf\xe9" * 100)
    with pytest.raises(DataError, match=r"latin.txt, line 2: not UTF-8, invalid continuation byte; convert it"):
        load_plain_text(path)
    with pytest.raises(DataError, match=r"nowhere.txt cannot be read: No such file"):
        load_plain_text(tmp_path / "nowhere.txt")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_of_any_language_becomes_its_own_alphabet(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(("Ключ\r\n鍵 🔑\r\n" * 20).encode(encoding))
    text = load_plain_text(path)
    assert text.characters == "".join(sorted("Ключ\n鍵 🔑"))
    assert [text.characters[k] for k in text.train[:9].tolist()] == list("Ключ\n鍵 🔑\n")
    assert text.unknown_share == 0


def test_rare_characters_become_one_token() -> None:
    text = "aaaabbbccd" * 10
    split = split_characters(text, most=3)
    assert split.characters == "ab" + UNKNOWN
    assert "".join(split.characters[k] for k in split.test.tolist()) == "aaaabbb" + 3 * UNKNOWN
    assert split.unknown_share == pytest.approx(0.3)
    assert split_characters(text, most=4).characters == "abcd"


def test_characters_without_a_token_are_refused_with_their_line() -> None:
    assert encode_characters("ab\nba", "\nab").tolist() == [1, 2, 0, 2, 1]
    with pytest.raises(DataError, match="line 2: the model has no token for 'ö', and none for unknown characters"):
        encode_characters("ab\nbö", "\nab")


def test_the_alphabet_is_that_of_the_training_part() -> None:
    split = split_characters("ab" * 45 + "z" + "a" * 9)
    assert split.characters == "ab" + UNKNOWN
    assert split.test[:2].tolist() == [2, 0]
    with pytest.raises(DataError, match="the text to train on has one character only, 'a'"):
        split_characters("a" * 90 + "b" * 10)


def test_windows_forecast_their_part_only() -> None:
    values = torch.arange(20.0).unsqueeze(1)
    windows = cut_windows(values, 10, 16, look_back=4, horizon=2)
    assert len(windows) == 5
    seen, ahead = windows.cut([0, 4])
    assert seen.squeeze(2).tolist() == [[6, 7, 8, 9], [10, 11, 12, 13]]
    assert ahead.squeeze(2).tolist() == [[10, 11], [14, 15]]
    assert windows.cut(range(5))[1].shape == (5, 2, 1)
    assert len(cut_windows(values, 0, 10, 4, 2)) == 5
    with pytest.raises(DataError, match=r"6 rows, of 20 in all, are too few for a window of 4 \+ 7 steps"):
        cut_windows(values, 10, 16, look_back=4, horizon=7)


def test_windows_with_missing_values() -> None:
    values = torch.arange(12.0).unsqueeze(1).repeat(1, 2)
    values[5, 0] = values[8] = torch.nan
    assert cut_windows(values, 0, 12, 2, 1).starts.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9]  # step 8 has nothing
    assert cut_windows(values, 0, 12, 2, 1, whole=True).starts.tolist() == [0, 1, 2, 9]
    assert cut_windows(values, 0, 12, 2, 1, targets=[0]).starts.tolist() == [0, 1, 2, 4, 5, 7, 8, 9]  # 5 and 8 neither
    values[5:8, 0] = torch.nan
    with pytest.raises(DataError, match=r"steps 5..7, none has a value to forecast; give data in which it is known"):
        cut_windows(values, 5, 8, 2, 1, targets=[0])
    with pytest.raises(DataError, match=r"of the windows of 2 \+ 1 steps that forecast steps 5..7, each has missing"):
        cut_windows(values, 5, 8, 2, 1, whole=True)


def test_tiny_shakespeare() -> None:
    need(tiny_shakespeare.SOURCE)
    text = tiny_shakespeare.load_tiny_shakespeare()
    assert len(text.characters) == 65
    assert [len(part) for part in (text.train, text.validation, text.test)] == [948_084, 55_770, 111_540]


def test_ud_english_ewt() -> None:
    need(ud_english_ewt.SOURCE)
    corpus = ud_english_ewt.load_ud_english_ewt()
    assert [len(part) for part in (corpus.train, corpus.validation, corpus.test)] == [12_544, 2_001, 2_077]
    assert len(corpus.tags) == 17
    assert corpus.train[0].words[:3] == ["Al", "-", "Zaman"]


def test_wnut17() -> None:
    need(wnut17.SOURCE)
    corpus = wnut17.load_wnut17()
    assert [len(part) for part in (corpus.train, corpus.validation, corpus.test)] == [3_394, 1_009, 1_287]
    assert len(corpus.tags) == 13
    assert corpus.test[0].words[:3] == ["&", "gt", ";"]


def test_etth1_and_etth2() -> None:
    need(etth1.SOURCE)
    series, other = etth1.load_etth1(), etth2.load_etth2()
    assert series.values.shape == other.values.shape == (17_420, 7)
    assert series.names == other.names
    assert series.names[-1] == "OT"
    assert not torch.equal(series.values, other.values)
    windows = cut_windows(series.values, *etth1.BORDERS[1:], look_back=96, horizon=96)
    assert len(windows) == 2_785


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tinyshakespeare").mkdir()
    (tmp_path / "tinyshakespeare" / "input.txt").write_text("To be")
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"tinyshakespeare has SHA-256 .*, expected .*: some file is missing, added or"):
        tiny_shakespeare.load_tiny_shakespeare()
    with pytest.raises(DataError, match=r"has no folder 'wnut17'; get WNUT17 \(CC BY 4.0\) from https://github.com/"):
        wnut17.load_wnut17()
