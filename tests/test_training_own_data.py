"""People's own sounds and series: a folder or a file in, a trained model out."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.data_sets import write_wav
from support.program import Program

import zoo
from zoo.cli.train import read_override
from zoo.data.source import DataError
from zoo.training.experiment import read_experiment
from zoo.training.tasks import make_task
from zoo.training.trainer import train

SHORT = ["training.max_epochs=30", "training.accelerator=cpu", "training.batch_size=8", "schedule.warmup_steps=2"]


def write_experiment(path: Path, model: str, task: str) -> Path:
    path.write_text(f'name = "mine"\n[model]\nname = "{model}"\n[task]\nname = "{task}"\n')
    return path


def write_tones(folder: Path, count: int) -> Path:
    """Write recordings of high and of low tones, a folder for each."""
    generator = torch.Generator().manual_seed(count)
    folder.mkdir()
    for name, hertz in (("high", 2000), ("low", 400)):
        for k in range(count):
            time = torch.arange(1600 + 80 * k) / 8000
            tone = 8000 * torch.sin(2 * torch.pi * (hertz + 20 * k) * time)
            noise = 200 * torch.randn(len(time), generator=generator)
            write_wav(folder / name / f"{k}.wav", (tone + noise).int().tolist())
    return folder


def write_series(path: Path, count: int) -> Path:
    """Write series of two channels that rise or fall."""
    generator = torch.Generator().manual_seed(count)
    lines = ["@timeStamps false", "@classLabel true falls rises", "@data"]
    for k in range(2 * count):
        slope = 1 if k % 2 else -1
        ramp = slope * torch.arange(8 + k % 5) / 4 + 0.1 * torch.randn(8 + k % 5, generator=generator)
        channels = [",".join(f"{value:.4f}" for value in part.tolist()) for part in (ramp, -2 * ramp)]
        lines.append(":".join([*channels, "rises" if k % 2 else "falls"]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.autograd
def test_folders_of_sounds(tmp_path: Path, program: Program, artifact: Path) -> None:
    experiment = write_experiment(tmp_path / "mine.toml", "gru_classifier_fsdd", "wav")
    data = [
        f"task.options.train={write_tones(tmp_path / 'a', 10)}",
        f"task.options.test={write_tones(tmp_path / 'b', 4)}",
    ]
    sizes = ["model.overrides.hidden_size=8", "model.overrides.conv_channels=8", "optimizer.learning_rate=0.01"]
    done = train(
        read_experiment(experiment, dict(map(read_override, [*SHORT, *data, *sizes]))), tmp_path / "run", progress=False
    )
    assert done.metrics["test"]["accuracy"] == 1
    assert done.model.config.num_classes == 2
    assert done.model.training_record is not None
    about = done.model.training_record["about"]
    assert about["input"] == "raw sound of 8000 Hz in -1 to 1, 80 samples (10 ms) a step"
    zoo.save_artifact(done.model, artifact)
    assert zoo.load_artifact(artifact).manifest["labels"] == {"names": ["high", "low"], "exclusive": True}
    info = program.succeed("info", artifact).stdout
    assert about["input"] in info
    assert "scores of the 2 classes; softmax makes probabilities of them\n" in info
    assert "not for" not in info
    assert re.search(
        r"^label: (high|low) \(", program.succeed(artifact, tmp_path / "run/inputs/1.npy").stdout, re.MULTILINE
    )


@pytest.mark.autograd
def test_series_files(tmp_path: Path) -> None:
    experiment = write_experiment(tmp_path / "mine.toml", "gru_classifier", "ts")
    files = [write_series(tmp_path / "a.ts", 20), write_series(tmp_path / "b.ts", 6)]
    data = [f"task.options.train={files[0]}", f"task.options.test={files[1]}"]
    sizes = ["model.overrides.hidden_size=8", "model.overrides.standardize=true", "optimizer.learning_rate=0.01"]
    done = train(
        read_experiment(experiment, dict(map(read_override, [*SHORT, *data, *sizes]))), tmp_path / "run", progress=False
    )
    assert done.metrics["test"]["accuracy"] == 1
    assert done.model.config.input_size == 2


def test_data_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"task ts needs data; say train=PATH"):
        make_task("ts")
    first, second = write_series(tmp_path / "a.ts", 10), write_series(tmp_path / "b.ts", 3)
    second.write_text(second.read_text().replace("rises", "climbs"))
    with pytest.raises(DataError, match=r"b.ts, line 5: the class 'climbs' is not in the training data, which has"):
        make_task("ts", {"train": str(first), "test": str(second)})
    with pytest.raises(DataError, match=r"b.ts, line 5: the class 'climbs' is not in the training data"):
        make_task("ts", {"train": str(first), "validation": str(second)})
    one = tmp_path / "one.ts"
    one.write_text(first.read_text().replace("rises", "falls"))
    with pytest.raises(DataError, match=r"one.ts has one class only, 'falls'; a classifier needs two"):
        make_task("ts", {"train": str(one)})


def test_what_never_changes_teaches_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "a.npz")
    np.savez(path, X=np.full((40, 3, 2), 7.5), y=np.arange(40) % 2)
    with pytest.raises(DataError, match=r"a.npz: no feature changes in training; there is nothing to learn from"):
        make_task("npz", {"train": path})
    np.savez(path, X=np.random.default_rng(0).normal(size=(40, 3, 9)), y=np.arange(40) % 2, left=1)
    facts = make_task("npz", {"train": path}, fast=True).facts()
    assert facts["features"] == "9, more than steps: the axes of X are taken as (sequences, steps, features)"
    assert facts["left out"] == "the arrays left"


def test_a_part_is_not_the_training_data_again(tmp_path: Path) -> None:
    path, tags = str(tmp_path / "a.npz"), str(tmp_path / "a.bio")
    values = np.random.default_rng(0).normal(size=(40, 3, 2))
    np.savez(path, X=values, y=np.arange(40) % 2)
    Path(tags).write_text("Ada B-per\nspoke O\n\n" * 20)
    for name, data in (("npz", path), ("conllu", tags)):
        for part in ("validation", "test"):
            with pytest.raises(DataError, match=f"is the training data and the {part} part; leave {part} out"):
                make_task(name, {"train": data, part: data})
            with pytest.raises(ValueError, match=f"option {part}_share must be more than 0 where"):
                make_task(name, {"train": data, f"{part}_share": 0})
    values[:, :, 1] = np.nan
    np.savez(path, X=values, y=np.arange(40) % 2)
    with pytest.raises(DataError, match=r"a.npz: feature 1 has no value in training; leave it out"):
        make_task("npz", {"train": path, "missing": "forward"})


def test_parts_without_a_file_are_shares_of_each_class(tmp_path: Path) -> None:
    path = str(write_series(tmp_path / "a.ts", 20))
    task, again, other = (make_task("ts", {"train": path, "split_seed": seed}) for seed in (0, 0, 1))
    for part, count in ((task.train, 26), (task.validation, 6), (task.test, 8)):
        labels = [label for _, label in part]
        assert (labels.count(0), labels.count(1)) == (count // 2, count // 2)
    numbers = [[float(steps.sum()) for steps, _ in kind.test] for kind in (task, again, other)]
    assert numbers[0] == numbers[1] != numbers[2]
    assert "a share of each class" in task.facts()["split"]


def test_a_speaker_is_in_one_part_only(tmp_path: Path) -> None:
    for word in ("no", "yes"):
        for speaker in range(6):
            for k in range(3):
                write_wav(tmp_path / word / f"{word}_s{speaker}_{k}.wav", [100 * speaker + k + 1] * 400)
    task = make_task("wav", {"train": str(tmp_path), "speaker": r"_(s\d)_"})
    speakers = [{round(float(steps[0, 0]) * 32768) // 100 for steps, _ in part}
                for part in (task.train, task.validation, task.test)]  # fmt: skip
    assert sorted(map(len, speakers)) == [1, 1, 4]
    assert set.union(*speakers) == set(range(6))
    assert "whole groups" in task.facts()["split"]
    with pytest.raises(DataError, match=r"no_s0_0.wav: speaker='-' finds no speaker in its name"):
        make_task("wav", {"train": str(tmp_path), "speaker": "-"})


def test_a_folder_inside_a_class_is_a_speaker_with_all_sessions(tmp_path: Path) -> None:
    for word in ("no", "yes"):
        for speaker in range(6):
            for k in range(3):
                write_wav(tmp_path / word / f"s{speaker}" / f"day{k}" / "a.wav", [100 * speaker + k + 1] * 400)
    task = make_task("wav", {"train": str(tmp_path)})
    speakers = [{round(float(steps[0, 0]) * 32768) // 100 for steps, _ in part}
                for part in (task.train, task.validation, task.test)]  # fmt: skip
    assert sorted(map(len, speakers)) == [1, 1, 4]
    write_wav(tmp_path / "yes" / "stray.wav", [50] * 400)
    with pytest.raises(DataError, match=r"stray.wav is in the folder of a class, and .*a.wav in one of a speaker"):
        make_task("wav", {"train": str(tmp_path)})


def test_files_that_are_no_recordings_are_told(tmp_path: Path) -> None:
    for folder in ("train", "judge"):
        (tmp_path / folder).mkdir()
        for word in ("no", "yes"):
            for k in range(6):
                write_wav(tmp_path / folder / word / f"{k}.wav", [100 + k] * 400)
    train, judge = str(tmp_path / "train"), str(tmp_path / "judge")
    assert "left out" not in make_task("wav", {"train": train, "test": judge}).facts()
    for name in ("train/no/1.m4a", "train/yes/1.m4a", "train/notes.txt", "judge/no/1.m4a"):
        (tmp_path / name).write_bytes(b"")
    told = f"2 .m4a, 1 .txt in {train}: files of these endings are not read"
    assert make_task("wav", {"train": train}).facts()["left out"] == told
    told = f"{told}; 1 .m4a in {judge}: files of these endings are not read"
    assert make_task("wav", {"train": train, "test": judge}).facts()["left out"] == told


def test_lists_beside_recordings_are_the_split(tmp_path: Path) -> None:
    """As Speech Commands have them: the names say the speakers, and folders do not."""
    for number, word in enumerate(("no", "yes")):
        for k in range(12):
            write_wav(tmp_path / word / f"{k}_nohash_0.wav", [100 * number + k + 1] * 400)
    task: Any = make_task("wav", {"train": str(tmp_path)})
    assert "one speaker may be in several parts; speaker=REGEX" in task.facts()["speakers"]
    assert "speakers" not in make_task("wav", {"train": str(tmp_path), "speaker": r"^(\d+)_"}).facts()
    write_wav(tmp_path / "_background_noise_" / "tap.wav", [7] * 4000)
    (tmp_path / "testing_list.txt").write_text("no/3_nohash_0.wav\nyes/3_nohash_0.wav\nno/gone.wav\nup/1.wav\n")
    for validation in ("", "no/5_nohash_0.wav\nyes/5_nohash_0.wav\n"):
        if validation:
            (tmp_path / "validation_list.txt").write_text(validation)
        options = {"train": str(tmp_path)}
        task = make_task("wav", options)
        parts = [
            sorted(round(float(steps[0, 0]) * 32768) for steps, _ in part)
            for part in (task.train, task.validation, task.test)
        ]
        assert parts[2] == [4, 104]
        assert parts[1] == [6, 106] or not validation
        assert sorted(value for part in parts for value in part) == [*range(1, 13), *range(101, 113)]
        facts = task.facts()
        assert facts["left out"] == f"_background_noise_ in {tmp_path}: it is no class"
        assert f"as the lists in {tmp_path} say" in facts["split"]
        assert "speakers" not in facts
        again: Any = type(task).restore(options, task.record())
        assert [len(part) for part in (again.train, again.test)] == [len(parts[0]), 2]
    (tmp_path / "validation_list.txt").write_text("yes/3_nohash_0.wav\n")
    with pytest.raises(
        DataError, match=r"testing_list.txt, line 2: .*yes/3_nohash_0.wav is in validation_list.txt too"
    ):
        make_task("wav", options)
    (tmp_path / "validation_list.txt").write_text("down/3_nohash_0.wav\n")
    with pytest.raises(DataError, match=r"validation_list.txt names no recording of .*; remove it to have a share"):
        make_task("wav", options)


@pytest.mark.parametrize("rate", [2000, 8000, 48000])
def test_steps_are_given_in_milliseconds(tmp_path: Path, rate: int) -> None:
    for word, value in (("no", 1000), ("yes", -1000)):
        for k in range(4):
            write_wav(tmp_path / word / f"{k}.wav", [value + k] * (rate // 5), rate=rate)
    task = make_task("wav", {"train": str(tmp_path)})
    overrides = task.model_overrides()
    assert (overrides["input_size"], overrides["window_size"]) == (rate // 100, round(rate * 0.032))
    assert task.train[0][0].shape == (20, rate // 100)
    zoo.build("gru_classifier_fsdd", hidden_size=4, **overrides)
