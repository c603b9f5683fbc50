"""Test parts that are cut off the training data again: the same as in training, or refused in a line."""

import json
import shutil
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zoo
from zoo.data.source import DataError
from zoo.training.evaluation import restore_task
from zoo.training.tasks import find_task, make_task
from zoo.training.tasks.own.sameness import refuse_other_data

GENERATOR = np.random.default_rng(0)
WAVES = GENERATOR.normal([0, 5], size=(200, 2))
X = GENERATOR.normal(size=(60, 6, 2))
LABELS = np.array(["no", "up", "down"])[np.arange(60) % 3]
ALPHABET = "the quick brown fox jumps over the lazy dog\n"


def write_csv(path: Path, names: str = "a,b", shift: float = 0, rows: int = 200) -> str:
    """Write the waves, or the first rows of them."""
    path.write_text(names + "\n" + "".join(f"{a + shift:.5f},{b:.5f}\n" for a, b in WAVES[:rows]))
    return str(path)


def write_npz(path: Path, x: Any = X, y: Any = LABELS) -> str:
    np.savez(path, X=x, y=y)
    return str(path)


def write_table(path: Path, names: str = "run,a,b,p,q", shift: float = 0) -> str:
    rows = [f"r{k // 3},{a + shift:.5f},{b:.5f},{a - b:.5f},{a + b:.5f}\n" for k, (a, b) in enumerate(WAVES[:180])]
    path.write_text(names + "\n" + "".join(rows))
    return str(path)


def write_text(path: Path, old: str = "", new: str = "", times: int = 40) -> str:
    path.write_text((ALPHABET * times).replace(old, new) if old else ALPHABET * times)
    return str(path)


def write_tags(path: Path, old: str = "N", new: str = "N", times: int = 40) -> str:
    path.write_text("it P\nruns V\n\ndogs X\nbark V\n\n".replace("X", "N").replace(old, new) * times)
    return str(path)


def write_ts(path: Path, count: int = 60, shift: float = 0) -> str:
    lines = [f"{','.join(f'{value + shift:.4f}' for value in X[k, :, 0])}:{0.5 + X[k, 0, 0]:.4f}" for k in range(count)]
    path.write_text("@targetlabel true\n@data\n" + "\n".join(lines) + "\n")
    return str(path)


KINDS: dict[str, tuple[str, Callable[..., str], dict[str, Any]]] = {
    "csv": ("path", write_csv, {"look_back": 4, "horizon": 2}),
    "csv_sequences": ("train", write_table, {"sequence": "run", "targets": ["p", "q"]}),
    "npz": ("train", write_npz, {}),
    "plain_text": ("path", write_text, {}),
    "conllu": ("train", write_tags, {}),
    "ts": ("train", write_ts, {}),
}


def learn(kind: str, folder: Path) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Return a task on a new file, its options, and its record as a model's file has it."""
    place, write, more = KINDS[kind]
    options = {place: write(folder / "a.data.npz"), **more}
    task = make_task(kind, options)
    return task, options, json.loads(json.dumps(task.record()))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_data_elsewhere_has_the_same_test_part(tmp_path: Path, kind: str) -> None:
    task, options, record = learn(kind, tmp_path)
    place = KINDS[kind][0]
    moved = shutil.move(options[place], tmp_path / "b.npz")
    restored = find_task(kind).restore({**options, place: str(moved)}, record)
    for one, other in zip(restored.test_batches(), task.test_batches(), strict=True):
        assert torch.equal(one.input, other.input)
        assert torch.equal(one.target, other.target)


@pytest.mark.parametrize(
    ("kind", "write", "options", "words"),
    [
        ("csv", {"names": "b,a"}, {}, "the columns were a, b, not b, a"),
        ("csv", {}, {"columns": ["b", "a"]}, "the columns were a, b, not b, a"),
        ("csv", {}, {"targets": ["b", "a"]}, "the targets were a, b, not b, a"),
        ("csv", {"shift": 0.1}, {}, r"the mean of feature 0 was -0.12\d+, not -0.02\d+"),
        ("csv", {"rows": 199}, {}, "the sizes of the parts to train, to validate and to test were 140, 20, 40, not"),
        ("csv", {}, {"test_share": 0.5}, "were 140, 20, 40, not 80, 20, 100"),
        ("csv_sequences", {"names": "run,b,a,p,q"}, {}, "the columns were a, b, not b, a"),
        ("csv_sequences", {"names": "run,a,b,q,p"}, {}, r"the mean of target 0 was -[45].\d+, not [45].\d+"),
        ("npz", {"y": np.where(LABELS == "down", "wild", LABELS)}, {}, "the classes were down, no, up, not no, up, w"),
        ("npz", {"y": X[:, 0, 0]}, {}, "the classes were down, no, up, and there are none now"),
        ("npz", {"x": X[:57], "y": LABELS[:57]}, {}, "the sizes of the parts .* were 39, 9, 12, not"),
        ("npz", {"x": X + 0.1}, {}, "the mean of feature 0"),
        ("npz", {"x": 2 * X}, {}, "the mean of feature 0|the deviation of feature 0"),
        ("npz", {"x": X[..., :1]}, {}, "the count of features was 2, not 1"),
        ("npz", {}, {"split_seed": 1}, "other examples were drawn for the parts"),
        ("plain_text", {"old": "q", "new": "ä"}, {}, "the characters were others, with q and without ä"),
        ("plain_text", {"times": 41}, {}, "the sizes of the parts"),
        ("conllu", {"new": "M"}, {}, "the tags were N, P, V, not M, P, V"),
        ("conllu", {"times": 41}, {}, "the sizes of the parts"),
        ("ts", {"shift": 0.1}, {}, "the mean of feature 0"),
    ],
)  # fmt: skip
def test_other_data_is_refused(
    tmp_path: Path, kind: str, write: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    _, given, record = learn(kind, tmp_path)
    place, writer, _ = KINDS[kind]
    other = writer(tmp_path / "b.npz", **write)
    with pytest.raises(DataError, match=rf"b.npz is not read as in training, where .*{words}.*; give the file"):
        find_task(kind).restore({**given, place: other, **options}, record)


def test_recordings_that_came_later_are_refused(tmp_path: Path) -> None:
    """The parts are drawn again: recordings to train on would come into the test part."""
    steps = np.arange(1600)
    for k in range(20):
        path = tmp_path / "sounds" / ("high" if k % 2 else "low") / f"{k}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_wav(path, np.sin(steps * (k % 2 + 1) / 10))
    options = {"train": str(tmp_path / "sounds")}
    record = json.loads(json.dumps(make_task("wav", options).record()))
    assert find_task("wav").restore(options, record).test_batches()
    with pytest.raises(DataError, match=r"other examples were drawn for the parts"):
        find_task("wav").restore({**options, "split_seed": 1}, record)
    write_wav(tmp_path / "sounds" / "high" / "late.wav", np.sin(steps / 5))
    with pytest.raises(DataError, match=r"sounds is not read as in training, where the sizes of the parts .* were 12"):
        find_task("wav").restore(options, record)


def write_wav(path: Path, samples: Any) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((samples * 20_000).astype("<i2").tobytes())


@pytest.mark.parametrize("kind", ["csv", "csv_sequences"])
@pytest.mark.parametrize("option", ["columns", "targets"])
def test_names_in_another_order_are_refused_with_another_file(tmp_path: Path, kind: str, option: str) -> None:
    task, options, record = learn(kind, tmp_path)
    names = ["q", "p"] if (kind, option) == ("csv_sequences", "targets") else ["b", "a"]
    other = KINDS[kind][1](tmp_path / "b.npz")
    with pytest.raises(ValueError, match=rf"option {option} is {', '.join(names)}, and the model was trained with"):
        find_task(kind).restore({**options, option: names}, record, other)
    restored: Any = find_task(kind).restore({**options, option: names[::-1]}, record, other)
    assert restored.test_batches()[0].input.shape[1:] == task.test_batches()[0].input.shape[1:]


def test_sums_of_another_machine_are_the_same_data() -> None:
    record = {"mean": [1e-17, 5000.0], "std": [1.0, 2.0]}
    refuse_other_data({"mean": [-1e-17, 5000.0005], "std": [1.0000001, 2.0]}, record, "a.csv")
    with pytest.raises(DataError, match=r"a.csv .* where the mean of feature 1 was 5000, not 5000.1;"):
        refuse_other_data({"mean": [1e-17, 5000.1], "std": [1.0, 2.0]}, record, "a.csv")
    with pytest.raises(DataError, match=r"where every step had targets of its own;"):
        refuse_other_data({"every_step": False}, {"every_step": True}, "a.csv")


def test_training_data_is_not_named_where_none_is_read(tmp_path: Path) -> None:
    task, options, record = learn("npz", tmp_path)
    model: Any = zoo.build("gru_classifier", hidden_size=4, **task.model_overrides())
    model.training_record = {"task": {"name": "npz", "options": options, "record": record}}
    path = zoo.save_artifact(model, tmp_path / "model.pt").path
    other = write_npz(tmp_path / "b.npz", 2 * X, np.where(LABELS == "down", "up", LABELS))
    assert len(restore_task(path, other).test_batches()[0].input) == 60  # all of it
    assert len(restore_task(path, other, {"train": options["train"]}).test_batches()[0].input) == 60
    with pytest.raises(DataError, match=r"b.npz is not read as in training, where the classes were down, no, up, "):
        restore_task(path, "", {"train": other})
    for arguments in ((other, {"train": other}), ("", {"train": other, "test": other})):
        with pytest.raises(ValueError, match="option train names the data of the training, and the model is tested wi"):
            restore_task(path, *arguments)


def test_whole_numbers_to_test_with_are_what_the_training_data_has(tmp_path: Path) -> None:
    """Alone, they would be classes."""
    options = {"train": write_npz(tmp_path / "a.npz", y=X[:, 0, 0])}
    record = json.loads(json.dumps(make_task("npz", options).record()))
    other = write_npz(tmp_path / "b.npz", y=np.arange(60) % 4)
    tested = find_task("npz").restore(options, record, other).test_batches()
    assert tested[0].target.dtype == torch.float32
    assert make_task("npz", {**options, "test": other}).test_batches()[0].target.dtype == torch.float32
