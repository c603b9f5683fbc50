"""The metrics of a model file on a test split, run by cpp_runner and by Python."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

import zoo
from zoo.errors import ArgumentError
from zoo.training.batching import Batch
from zoo.training.errors import TrainingError, refuse_nan
from zoo.training.experiment import list_experiments, read_experiment
from zoo.training.guesses import restore_guess, score_guess
from zoo.training.tasks import TASKS, find_task, make_task
from zoo.training.tasks.base import Task

TRAINING_DATA = ("path", "train")  # the options of tasks that name it


@dataclass(frozen=True)
class Evaluation:
    """The metrics of one file on one task.

    Args:
        cpp: from cpp_runner's outputs.
        python: from `zoo.load_artifact`'s.
        worst: largest absolute difference between the two over all outputs.
        outputs: cpp_runner's, one per batch.
        batches: the test split.
    """

    cpp: dict[str, float]
    python: dict[str, float]
    worst: float
    outputs: list[Tensor] = field(repr=False)
    batches: list[Batch] = field(repr=False)


def evaluate(artifact: str | Path, task: Task, *, stream: int = 0) -> Evaluation:
    """Run a model file on a task's test split in C++ and in Python.

    Args:
        artifact: written by `zoo.save_artifact`.
        task: gives batches and metric.
        stream: in C++, feed this many steps at a time; batches must have no lengths then.

    Raises:
        FileNotFoundError: cpp_runner is not installed, or there is no such file.
        TrainingError: cpp_runner refuses the file, or outputs are NaN or do not fit the targets of the task.
        ArtifactError: the file is damaged.
    """
    batches = task.test_batches()
    model = zoo.load_artifact(artifact).module
    cpp = run_in_cpp(artifact, batches, stream=stream)  # first: it says in a line what it cannot read
    with torch.no_grad():
        python = [model(batch.input, batch.lengths)[0] for batch in batches]
    refuse_nan(cpp)
    refuse_nan(python)
    worst = max(float((a.double() - b.double()).abs().max()) for a, b in zip(cpp, python, strict=True))
    try:
        return Evaluation(task.score(cpp, batches), task.score(python, batches), worst, cpp, batches)
    except (IndexError, RuntimeError) as error:
        raise TrainingError(
            f"outputs of shape {list(cpp[0].shape)} do not fit targets of shape {list(batches[0].target.shape)}: give "
            "the data set that the model was trained on, with the same options"
        ) from error


def restore_task(artifact: str | Path, data: str = "", options: Mapping[str, Any] = MappingProxyType({})) -> Task:
    """Return the task that a model file was trained on, with its test part.

    Args:
        artifact: written by `zoo.save_artifact`.
        data: another file or folder to test with, or a name of `TASKS`; empty for what the file was trained on.
        options: of the task, instead of those in training. A place of the training data says where it is now; it has
            to be the same data.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: the file is damaged.
        DataError: the data is missing, does not fit, or is not that of the training.
        ArgumentError: the file does not say what it was trained on, or the task does not have such an option.
    """
    manifest = zoo.load_artifact(artifact).manifest
    trained = find_training(manifest)
    if data in TASKS and (trained is None or trained["name"] != data):
        return make_task(data, options)
    if trained is None:
        raise ArgumentError(
            f"{artifact} does not say what it was trained on; name the data set: one of {', '.join(TASKS)}"
        )
    if data and data not in TASKS and not Path(data).exists():
        raise ArgumentError(f"{data!r} is neither a file nor a folder nor a data set; those are {', '.join(TASKS)}")
    given = {**trained["options"], **options}
    if (given.get("missing") == "mask") != (trained["options"].get("missing") == "mask"):
        raise ArgumentError(
            "missing=mask gives the model further inputs, so that training and test have to agree on it"
        )
    if data or given.get("test"):
        _refuse_unread(options, trained["options"], data or given["test"])
    return find_task(trained["name"]).restore(given, trained["record"], "" if data in TASKS else data)


def score_baselines(artifact: str | Path, task: Task, *, same: bool) -> dict[str, dict[str, float]]:
    """Return the metrics of the simple answers that a model file remembers, on a task's test part, by their names.

    Args:
        artifact: written by `zoo.save_artifact`.
        task: as `restore_task` gives it.
        same: whether this is the test part of the training. Answers that are too large to be remembered have no other
            figures.
    """
    training = zoo.load_artifact(artifact).manifest.get("training") or {}
    scores: dict[str, dict[str, float]] = {}
    for known in training.get("baselines", []):
        if known["numbers"] is not None:
            scores[known["name"]] = score_guess(restore_guess(known["numbers"]), task, task.test_batches())
        elif same:
            scores[known["name"]] = known["test"]
    return scores


def find_training(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return name, options and record of the task that a model was trained on, or None where nothing says it.

    A model of the package that was not trained here takes them from the experiment of its name.
    """
    training = manifest.get("training")
    if training:
        task: dict[str, Any] = training["task"]
        return task
    name = manifest["model"]["name"]
    if name not in list_experiments():
        return None
    part = read_experiment(name).task
    return {"name": part.name, "options": part.options, "record": {}}


def _refuse_unread(options: Mapping[str, Any], trained: Mapping[str, Any], tested: str) -> None:
    """Refuse other training data where none is read, as the test part is data of its own.

    Raises:
        ArgumentError: with the option.
    """
    for name in TRAINING_DATA:
        if name in options and str(options[name]) != str(trained.get(name)):
            raise ArgumentError(
                f"option {name} names the data of the training, and the model is tested with {tested}; leave {name} "
                "out, or give the other data as what to test with"
            )


@contextmanager
def as_artifact(model: str | Path) -> Iterator[Path]:
    """Give a model file: the one at a path, or a temporary one of a checkpoint or of the folder of a run.

    Raises:
        FileNotFoundError: the folder is not a checkpoint.
    """
    if not Path(model).is_dir():
        yield Path(model)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        zoo.save_artifact(zoo.load_checkpoint(model), path)
        yield path


def run_in_cpp(artifact: str | Path, batches: list[Batch], *, stream: int = 0) -> list[Tensor]:
    """Return what cpp_runner gives for each batch.

    Raises:
        FileNotFoundError: cpp_runner is not installed.
        TrainingError: cpp_runner failed; the message has its own words.
    """
    runner = zoo.find_runner()
    outputs = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for batch in batches:
            arguments: list[Any] = [artifact, _write(folder / "input.npy", batch.input)]
            if batch.lengths is not None:
                arguments += ["--lengths", _write(folder / "lengths.npy", batch.lengths)]
            if stream:
                arguments += ["--stream", stream]
            output = folder / "output.npy"
            done = subprocess.run(
                [runner, *map(str, arguments), "-o", str(output)], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise TrainingError(f"cpp_runner failed with exit status {done.returncode}: {done.stderr.strip()}")
            outputs.append(torch.from_numpy(np.load(output)))
    return outputs


def _write(path: Path, tensor: Tensor) -> Path:
    np.save(path, np.ascontiguousarray(tensor.numpy()), allow_pickle=False)
    return path
