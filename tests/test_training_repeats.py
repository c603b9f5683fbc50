"""Records that are in training and in another part: they are counted, and told in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.data_sets import write_wav

import zoo
from zoo.training.tasks import make_task

ROWS = np.random.default_rng(0).normal(size=(60, 5, 2))
CLASSES = np.arange(60) % 3


def test_sequences_that_are_there_twice_are_counted(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=ROWS, y=CLASSES)
    np.savez(tmp_path / "b.npz", X=np.concatenate([ROWS[:2], ROWS[:4] + 1]), y=CLASSES[:6])
    once: Any = make_task("npz", {"train": str(tmp_path / "a.npz")})
    assert "warning" not in once.facts()
    assert once.record()["repeats"] == {"validation": 0, "test": 0}
    validation = {"validation": str(tmp_path / "b.npz"), "test_share": 0.05}
    task: Any = make_task("npz", {"train": str(tmp_path / "a.npz"), **validation})
    count = task.record()["repeats"]["validation"]
    assert 1 <= count <= 2  # one may be in the test part
    assert task.facts()["warning"].startswith(f"{count} of 6 validation sequences are in training too, such as ")
    assert f"{tmp_path / 'b.npz'}, X[" in task.facts()["warning"]
    assert task.facts()["warning"].endswith("; the figures on them are too good")


def test_fit_warns_of_them(tmp_path: Path) -> None:
    overrides = {"training.max_epochs": 1, "training.accelerator": "cpu", "model.overrides.hidden_size": 4}
    rows = np.concatenate([ROWS[:30]] * 2)
    with pytest.warns(UserWarning, match=r"are in training too, such as .*; the figures on them are too good"):
        done = zoo.fit(rows, CLASSES, folder=tmp_path / "run", overrides=overrides, progress=False)
    record = done.model.training_record
    assert record is not None
    assert record["task"]["record"]["repeats"]["test"] > 0


def test_recordings_with_the_same_samples_are_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for k in range(9):
            write_wav(tmp_path / name / f"{k}.wav", [ord(name) * (k // 3 + 1), -100] * 400)
    task: Any = make_task("wav", {"train": str(tmp_path)})
    assert task.repeats.counts["test"] > 0
    assert f", such as {tmp_path}/" in task.facts()["warning"]


def test_a_few_sentences_or_lines_are_usual(tmp_path: Path) -> None:
    path = tmp_path / "a.bio"
    path.write_text("".join(f"word{k} O\nBonn{k} B-loc\n\n" for k in range(60)))
    once: Any = make_task("conllu", {"train": str(path)})
    assert "warning" not in once.facts()
    path.write_text("Ada B-per\nspoke O\n\n" * 60)
    twice: Any = make_task("conllu", {"train": str(path)})
    assert twice.facts()["warning"].startswith("6 of 6 validation sentences and 6 of 6 test sentences are in training")
    lines = [f"line {k} has this number and no other {k * k}\n" for k in range(200)]
    (tmp_path / "a.txt").write_text("".join(lines))
    assert "warning" not in make_task("plain_text", {"path": str(tmp_path / "a.txt")}).facts()
    (tmp_path / "a.txt").write_text("".join(lines * 2))
    assert (
        " test lines are in training too"
        in make_task("plain_text", {"path": str(tmp_path / "a.txt")}).facts()["warning"]
    )
