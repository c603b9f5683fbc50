"""`zoo predict` on texts and recordings by the models that the package brings, beside what cpp_runner says."""

from pathlib import Path

import pytest
import torch
from support.data_sets import need, write_wav
from support.program import Program

import zoo
from zoo.cli import main as zoo_program
from zoo.cli import train as train_program
from zoo.data import fsdd
from zoo.data.new_texts import load_words
from zoo.data.source import DataError
from zoo.errors import ArgumentError
from zoo.training.predicting import predict

TEXT = "The quick brown fox jumps over the lazy dog .\n\nIs this a short text ?\n"


@pytest.fixture(scope="module")
def save(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("trained")
    names = ("lstm_tagger_ud_ewt", "cnn_lstm_classifier_languages", "gru_classifier_spoken_digits", "gru_ctc_fsdd")
    paths = {name: folder / f"{name}.pt" for name in (*names, "gru_detector_speech", "gru_detector_speech_16k")}
    for name, path in paths.items():
        zoo.save_artifact(zoo.build(name, pretrained=True), path)
    return paths


def test_words_have_the_tags_of_cpp(save: dict[str, Path], program: Program, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT)
    found = predict(save["lstm_tagger_ud_ewt"], tmp_path / "text.txt")
    assert found.names == ["line", "word", "label", "probability"]
    assert [row[0] for row in found.rows] == ["1"] * 10 + ["3"] * 6
    for number in (1, 3):
        words = TEXT.split("\n")[number - 1]
        said = program.succeed(save["lstm_tagger_ud_ewt"], f"str:{words}", "--json").json["outputs"][0]["labels"]
        rows = [row for row in found.rows if row[0] == str(number)]
        assert [(row[1], row[2]) for row in rows] == list(
            zip(words.split(), [one["name"] for one in said], strict=True)
        )
        assert [float(row[3]) for row in rows] == pytest.approx([one["probability"] for one in said], abs=2e-5)
    assert [row[2] for row in found.rows][:5] == ["DET", "ADJ", "ADJ", "NOUN", "VERB"]


def test_lines_have_a_language(save: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lines.txt").write_bytes(
        "  Das ist ein kurzer Satz  \r\n\r\nceci est une phrase française\r\n".encode()
    )
    arguments = [str(save["cnn_lstm_classifier_languages"]), str(tmp_path / "lines.txt")]
    assert zoo_program(["predict", *arguments]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "line,label,probability"
    assert [row.split(",")[:2] for row in rows] == [["1", "German"], ["3", "French"]]
    (tmp_path / "blank.txt").write_text(" \n")
    assert zoo_program(["predict", arguments[0], str(tmp_path / "blank.txt")]) == 1
    assert "blank.txt has no text" in capsys.readouterr().err


def test_a_file_that_may_be_lines_or_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("EU B-ORG\nrejects O\n\nPeter B-PER\nBlackburn I-PER\n")
    with pytest.raises(DataError, match=r"4 of 4 lines have 2 words.*say words=lines or words=columns to tell which"):
        load_words(path)
    columns, lines = load_words(path, "columns"), load_words(path, "lines")
    assert [sentence.words for sentence in columns] == [["EU", "rejects"], ["Peter", "Blackburn"]]
    assert [sentence.lines for sentence in columns] == [[1, 2], [4, 5]]
    assert (lines[0].words, lines[-1].lines) == (["EU", "B-ORG"], [5, 5])
    path.write_text("-DOCSTART- O\n\n1 EU B-ORG\n2 rejects O\n")
    assert [sentence.words for sentence in load_words(path, "columns")] == [["EU", "rejects"]]
    path.write_text("one sentence alone\n")
    assert [sentence.words for sentence in load_words(path)] == [["one", "sentence", "alone"]]
    path.write_text("1\tdogs\t_\t_\t_\t_\t_\t_\t_\t_\n2\tbark\t_\t_\t_\t_\t_\t_\t_\t_\n")
    assert [sentence.words for sentence in load_words(path)] == [["dogs", "bark"]]
    with pytest.raises(ArgumentError, match=r"words must be lines or columns, or empty to find it, got 'rows'"):
        load_words(path, "rows")


@pytest.mark.autograd
def test_a_tagger_of_ones_own_tags_a_text_without_tags(tmp_path: Path) -> None:
    lines = ["dogs NOUN", "bark VERB", "", "cats NOUN", "sleep VERB", ""]
    (tmp_path / "tags.txt").write_text("\n".join(lines * 10))
    quick = ["training.max_epochs=1", "training.accelerator=cpu", "-o", str(tmp_path / "run")]
    assert train_program.main(["--data", str(tmp_path / "tags.txt"), *quick]) == 0
    (tmp_path / "new.txt").write_text("dogs sleep\ncats bark loudly\n")
    found = predict(tmp_path / "run", tmp_path / "new.txt")
    assert [row[:2] for row in found.rows] == [
        ["1", "dogs"],
        ["1", "sleep"],
        ["2", "cats"],
        ["2", "bark"],
        ["2", "loudly"],
    ]
    assert {row[2] for row in found.rows} <= {"NOUN", "VERB"}
    (tmp_path / "new.txt").write_text("dogs NOUN\nsleep VERB\n")
    with pytest.raises(DataError, match="say words=lines or words=columns"):
        predict(tmp_path / "run", tmp_path / "new.txt")
    assert [row[1] for row in predict(tmp_path / "run", tmp_path / "new.txt", {"words": "columns"}).rows] == [
        "dogs",
        "sleep",
    ]


def test_recordings_are_named_read_and_cut(save: dict[str, Path], tmp_path: Path) -> None:
    need(fsdd.SOURCE)
    silence = torch.zeros(4000)
    words = {one.digit: one.samples for one in fsdd.load_fsdd().test if one.speaker == "nicolas"}
    joined = torch.cat([silence, words[3], silence, words[7]])
    path = write_wav(tmp_path / "both.wav", (joined * 32767).round().int().tolist())
    one = write_wav(tmp_path / "three.wav", (words[3] * 32767).round().int().tolist())
    named = predict(save["gru_classifier_spoken_digits"], one)
    assert (named.names, named.rows[0][:2]) == (["file", "label", "probability"], [str(one), "three"])
    heard = predict(save["gru_ctc_fsdd"], tmp_path)
    assert heard.names == ["file", "labels"]
    assert dict(heard.rows) == {str(path): "three seven", str(one): "three"}
    found = predict(save["gru_detector_speech"], path)
    assert found.names == ["file", "begin", "end"]
    begin, end = float(found.rows[0][1]), float(found.rows[-1][2])
    first, whole = len(silence) / 8000, len(joined) / 8000
    assert begin == pytest.approx(first, abs=0.15)
    assert end == pytest.approx(whole, abs=0.3)
    assert len(found.rows) >= 2
    model = save["gru_detector_speech_16k"]
    with pytest.raises(DataError, match=r"both.wav is at 8000 Hz, the training data at 16000; say sample_rate=16000"):
        predict(model, path)
    with pytest.raises(DataError, match=r"the training data is at 16000 Hz, and sample_rate is 8000"):
        predict(model, path, {"sample_rate": 8000})
    assert predict(model, path, {"sample_rate": 16000}).rows


def test_a_full_disk_leaves_the_file_that_was_there(
    save: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lines.txt").write_text("hello world\n")
    arguments = ["predict", str(save["cnn_lstm_classifier_languages"]), str(tmp_path / "lines.txt"), "-o"]
    output = tmp_path / "found.csv"
    assert zoo_program([*arguments, str(output)]) == 0
    before = output.read_text()
    assert before.startswith("line,label,probability\n1,")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", refuse)
    assert zoo_program([*arguments, str(output)]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert output.read_text() == before
    assert not list(tmp_path.glob(".*"))
