"""Finding data sets, checking them, and saying how to get them."""

from pathlib import Path

import pytest

from zoo.data.source import DataError, DataSource, hash_files, read_files

FILES = [("b.txt", b"two"), ("a.txt", b"one")]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataSource:
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    (tmp_path / "toy").mkdir()
    for name, content in FILES:
        (tmp_path / "toy" / name).write_bytes(content)
    return DataSource("toy", "toy", "https://example.org/toy", "CC0", hash_files(FILES), "its two files")


def test_files_are_read_in_the_order_of_their_names(source: DataSource) -> None:
    assert read_files(source, "*.txt") == sorted(FILES)


def test_the_hash_sees_names_contents_and_boundaries() -> None:
    hashes = [
        hash_files(FILES),
        hash_files([("a.txt", b"one"), ("c.txt", b"two")]),
        hash_files([("a.txt", b"onet"), ("b.txt", b"wo")]),
        hash_files(FILES[:1]),
    ]
    assert len(set(hashes)) == 4
    assert hash_files(FILES) == hash_files(FILES[::-1])


@pytest.mark.parametrize("damage", ["change", "add", "remove"])
def test_another_content_is_refused(source: DataSource, tmp_path: Path, damage: str) -> None:
    if damage == "change":
        (tmp_path / "toy" / "a.txt").write_bytes(b"One")
    elif damage == "add":
        (tmp_path / "toy" / "c.txt").write_bytes(b"")
    else:
        (tmp_path / "toy" / "a.txt").unlink()
    with pytest.raises(DataError, match=r"toy has SHA-256 [0-9a-f]{16}\.\.\., expected [0-9a-f]{16}.*get toy"):
        read_files(source, "*.txt")


def test_a_missing_set_says_what_to_fetch_and_from_where(
    source: DataSource, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = r"get toy \(CC0\) from https://example.org/toy, put its two files into FOLDER/toy, and set ZOO_DATA=FOLDER"
    with pytest.raises(DataError, match=r"has no \*.wav; " + words):
        read_files(source, "*.wav")
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match="has no folder 'toy'; " + words):
        source.find()
    monkeypatch.delenv("ZOO_DATA")
    with pytest.raises(DataError, match="ZOO_DATA is not set; " + words):
        source.find()
