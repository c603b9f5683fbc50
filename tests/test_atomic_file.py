"""Files that are there whole or not at all: artifacts, checkpoints, those of a training."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.small_models import build_small

import zoo
from zoo._atomic_file import atomic_file
from zoo.training.resume_file import WholeResumeFiles


def full_disk(handle: int) -> None:
    """Stands for os.fsync where the disk is full: what was written is not there."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


WRITERS: dict[str, Callable[[int, Path], Any]] = {
    "artifact": lambda seed, path: zoo.save_artifact(build_small("gru_tagger", seed=seed), path / "model.pt"),
    "checkpoint": lambda seed, path: zoo.save_checkpoint(build_small("gru_tagger", seed=seed), path),
    "training": lambda seed, path: WholeResumeFiles().save_checkpoint({"epoch": seed}, path / "last.ckpt"),
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_what_was_there(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    WRITERS[name](0, tmp_path)
    before = contents(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space left on device"):
            WRITERS[name](1, tmp_path)
    assert contents(tmp_path) == before
    WRITERS[name](1, tmp_path)
    assert contents(tmp_path).keys() == before.keys()
    assert contents(tmp_path) != before


def test_the_temporary_file_lies_beside_the_path_and_has_its_rights(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with atomic_file(tmp_path / "file") as temporary:
        assert temporary.parent == tmp_path, "on another file system a move would be a copy"
        assert not (tmp_path / "file").exists()
        temporary.write_text("whole")
    assert contents(tmp_path) == {"plain": b"", "file": b"whole"}
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_error_inside_leaves_the_path_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")

    def fail_halfway() -> None:
        with atomic_file(tmp_path / "file") as temporary:
            temporary.write_text("half")
            raise ValueError("not good")

    with pytest.raises(ValueError, match="not good"):
        fail_halfway()
    assert contents(tmp_path) == {"file": b"before"}


def test_a_file_never_replaces_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "folder").mkdir()
    for path in pipe, tmp_path / "folder":
        with pytest.raises(OSError, match="is no regular file"), atomic_file(path):
            pass
    assert pipe.is_fifo()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "file")
    for text in "one", "two":
        with atomic_file(tmp_path / "link") as temporary:
            temporary.write_text(text)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "elsewhere" / "file").read_text() == text
