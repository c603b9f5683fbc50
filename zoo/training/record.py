"""What a trained model says of its training, in its checkpoint and in its file: enough to evaluate it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo.training.experiment import TaskPart
from zoo.training.guesses import Guess
from zoo.training.tasks.base import Task


def describe_training(
    name: str, part: TaskPart, task: Task, metrics: dict[str, Any], guesses: Sequence[Guess] = ()
) -> dict[str, Any]:
    """Return the `training_record` of a model.

    Args:
        name: of the experiment that it was trained by.
        part: what the experiment says of the task.
        task: its data.
        metrics: of the parts "validation" and "test", and of the simple answers, "baselines".
        guesses: the simple answers.

    Returns:
        The names of experiment and data set, the licence of the data, the task with its options and what it recorded
        (`Task.record`), the metrics of the two parts, and each simple answer with its test metrics and its numbers,
        where it has them. "about" is what `Task.meaning` says.
    """
    baselines = [
        {"name": guess.name, "numbers": guess.to_dict(), "test": metrics["baselines"][guess.name]} for guess in guesses
    ]
    meaning = task.meaning()
    return {
        "experiment": name,
        "dataset": task.about.name,
        "dataset_license": task.about.license,
        "task": {"name": part.name, "options": part.options, "record": task.record()},
        "metrics": {part: metrics[part] for part in ("validation", "test")},
        "baselines": baselines,
        **({"about": meaning} if meaning else {}),
    }
