"""What a trained model says of its training, in its checkpoint and in its file: enough to evaluate it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from zoo.training.experiment import Experiment
from zoo.training.tasks.base import Task

MOST_STEPS = 1000  # of an input that goes beside the model: a text is one sequence


def describe_training(experiment: Experiment, task: Task, metrics: dict[str, Any]) -> dict[str, Any]:
    """Return the `training_record` of a model.

    Args:
        experiment: what it was trained by.
        task: its data.
        metrics: of the parts "validation" and "test".

    Returns:
        The names of experiment and data set, the task with its options and what it recorded (`Task.record`), and the
        metrics of the two parts.
    """
    return {
        "experiment": experiment.name,
        "dataset": task.about.name,
        "task": {"name": experiment.task.name, "options": experiment.task.options, "record": task.record()},
        "metrics": {part: metrics[part] for part in ("validation", "test")},
    }


def write_input(task: Task, path: Path) -> None:
    """Write one input of the test part, (1, T, ...), without padding."""
    batch = task.test_batches()[0]
    steps = batch.input.size(1) if batch.lengths is None else int(batch.lengths[0])
    np.save(path, batch.input[:1, : min(steps, MOST_STEPS)].numpy(), allow_pickle=False)
