"""Training on arrays in memory, by the same code that trains on files."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zoo.data.arrays import label_arrays, save_arrays
from zoo.data.missing import check_choice
from zoo.data.source import DataError
from zoo.errors import ArgumentError
from zoo.training.experiment import Experiment, make_experiment, write_experiment
from zoo.training.own_data.sizes import plan_sequences
from zoo.training.resume_file import LAST
from zoo.training.tasks import make_task
from zoo.training.tasks.base import Task
from zoo.training.trainer import Trained, train

DATA, EXPERIMENT, OPTIONS = "data.npz", "experiment.toml", "task.options."


def fit(
    X: Any,
    y: Any,
    *,
    lengths: Any = None,
    groups: Any = None,
    goal: str = "",
    missing: str = "refuse",
    family: str = "gru",
    folder: str | Path | None = None,
    overrides: Mapping[str, Any] = MappingProxyType({}),
    progress: bool = True,
) -> Trained:
    """Train a model on sequences in arrays; a part of them is kept to choose by, and another one to test with.

    Args:
        X: numbers (N, T, F), or (N, T) for one feature, or a list of N arrays (T_i, F).
        y: (N,) classes or numbers; (N, K) numbers; (N, T) or (N, T, K) numbers of every step.
        lengths: whole numbers (N,): the steps of each sequence that count; all where None.
        groups: (N,) what each sequence belongs to, such as a speaker; groups stay in one part.
        goal: "classes" or "numbers": what `y` is; found where empty.
        missing: what stands for missing values in X: "drop", "interpolate", "forward" or "mask"; "refuse" for nothing.
        family: of the model, such as "lstm".
        folder: of the run, with a copy of the arrays and the experiment that reproduces it; by default a new temporary
            one.
        overrides: of the experiment, such as {"training.max_epochs": 5, "seed": 1, "task.options.test_share": 0.3}.
        progress: show a bar.

    Returns:
        The model in eval mode, with its task, its metrics and the folder of the run.

    Raises:
        DataError: the arrays do not fit each other, or a value is missing; the message has the place.
        ArgumentError: a model or an option does not exist, or the folder holds a run.
        TrainingError: as in training by an experiment.
    """
    check_choice(missing)
    if not isinstance(overrides, Mapping) or not all(isinstance(key, str) for key in overrides):
        raise ArgumentError(f'overrides must be a dictionary such as {{"training.max_epochs": 5}}, got {overrides!r}')
    with told_as_arguments():  # before a file is written: errors name the arrays
        label_arrays(X, y, lengths, groups, goal=goal, missing=missing != "refuse")
    place = Path(folder) if folder is not None else Path(tempfile.mkdtemp(prefix="zoo-fit-"))
    if (place / DATA).exists():
        raise ArgumentError(f"{place} holds a run already; name another folder")
    place.mkdir(parents=True, exist_ok=True)
    save_arrays(place / DATA, X, y, lengths, groups)
    try:
        experiment, task = _plan(place / DATA, missing, goal, family, overrides)
        write_experiment(experiment, place / EXPERIMENT)
        if warning := task.facts().get("warning"):
            warnings.warn(warning, stacklevel=2)
        return train(experiment, place, progress=progress, task=task)
    except Exception:
        if not (place / LAST).exists():  # nothing was trained: the same folder takes the next call
            (place / DATA).unlink()
        raise


def _plan(data: Path, missing: str, goal: str, family: str, overrides: Mapping[str, Any]) -> tuple[Experiment, Task]:
    """Return the experiment on a file of arrays, and its task."""
    options = {"train": str(data), "missing": missing, "goal": goal}
    own = {key.removeprefix(OPTIONS): value for key, value in overrides.items() if key.startswith(OPTIONS)}
    with told_as_arguments(f"{data}: "):
        task: Any = make_task("npz", {**options, **own})
    table = {"name": "arrays", "task": {"name": "npz", "options": options}, **plan_sequences(task)}
    kind = "regressor" if "num_targets" in task.model_overrides() else "classifier"
    table["model"]["name"] = f"{family}_{kind}"
    return make_experiment(table, overrides), task


@contextmanager
def told_as_arguments(file: str = "") -> Iterator[None]:
    """Let a DataError inside name its options as `fit` takes them, and no file that the caller has not named."""
    try:
        yield
    except DataError as error:
        raise DataError(error.tell(write_argument).removeprefix(file)) from error


def write_argument(option: str, value: str) -> str:
    """Return an option with a value as an argument of `fit`."""
    if option in ("goal", "missing"):
        return f'{option}="{value}"'
    return f'overrides={{"{OPTIONS}{option}": {value}}}'
