"""A diagnosis of an experiment's model, or of a trained one, on its data and with its loss."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import zoo
from zoo.errors import ArgumentError
from zoo.training.batching import Batch
from zoo.training.evaluation import as_artifact, restore_task
from zoo.training.experiment import Experiment, ModelPart, TaskPart, read_experiment
from zoo.training.tasks import make_task
from zoo.training.tasks.base import Task
from zoo.training.trainer import make_model


def diagnose_experiment(
    name: str, weights: Path | None, options: Mapping[str, Any], rows: int, *, gradient_check: bool = True
) -> zoo.Diagnosis:
    """Diagnose the model of an experiment on its first training batch.

    Args:
        name: of the experiment, or its file.
        weights: such as `last.ckpt`; None for the initial ones.
        options: of the task, instead of those in the experiment.
        rows: examples in the batch.
        gradient_check: as in `zoo.diagnose`.
    """
    experiment = read_experiment(name, {f"task.options.{key}": value for key, value in options.items()})
    task = make_task(experiment.task.name, experiment.task.options)
    model = make_model(experiment, task)
    if weights is not None:
        zoo.load_weights_(model, weights)
    batch: Batch = next(iter(task.train_batches(rows, experiment.seed)))
    return _diagnose(model, task, experiment, batch, gradient_check)


def diagnose_model(
    path: Path, data: str, options: Mapping[str, Any], rows: int, *, gradient_check: bool = True
) -> zoo.Diagnosis:
    """Diagnose a model file, or the folder of a run or a checkpoint, on the first rows of the test part.

    Args:
        path: of the file or folder.
        data: another file, folder or data set; empty for what it was trained on.
        options: of the task, instead of those in training.
        rows: examples at most.
        gradient_check: as in `zoo.diagnose`.

    Raises:
        FileNotFoundError: neither a file nor a checkpoint is there.
        ArtifactError: the file is damaged.
        ArgumentError: the model is quantized, or not one that `zoo.build` makes, or does not fit the data.
    """
    with as_artifact(path) as artifact:
        task = restore_task(artifact, data, options)
        model: Any = load_float_model(artifact)
    experiment = Experiment(
        name="diagnosis", model=ModelPart(name=model.model_name), task=TaskPart(name=type(task).__name__)
    )
    whole = task.test_batches()[0]
    batch = Batch(*(None if part is None else part[:rows] for part in whole))  # type: ignore[arg-type]
    return _diagnose(model, task, experiment, batch, gradient_check)


def load_float_model(artifact: Path) -> nn.Module:
    """Return the eager model of a model file.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: the file is damaged.
        ArgumentError: the model is quantized, or not one that `zoo.build` makes.
    """
    loaded = zoo.load_artifact(artifact)
    about = loaded.manifest["model"]
    if loaded.manifest["quantization"] is not None:
        raise ArgumentError(f"{artifact} is quantized, and a quantized model has no gradients; give the float model")
    if about["name"] not in zoo.list_models():
        raise ArgumentError(
            f"{artifact} holds {about['name']!r}, which is not registered here; call zoo.diagnose in the program that "
            "defines it"
        )
    model = zoo.build(about["name"], **about["config"])
    own = model.state_dict()
    return zoo.load_weights_(model, {name: w for name, w in loaded.module.state_dict().items() if name in own})


def _diagnose(
    model: nn.Module, task: Task, experiment: Experiment, batch: Batch, gradient_check: bool
) -> zoo.Diagnosis:
    learner = task.learner(model, task, experiment).eval()

    def loss(output: Tensor) -> Tensor:
        return learner.loss(output, batch)

    try:
        with torch.random.fork_rng(devices=[]):
            return zoo.diagnose(model, loss, batch.input, batch.lengths, gradient_check=gradient_check)
    except (IndexError, RuntimeError) as error:
        raise ArgumentError(
            f"the model does not fit a batch of shape {list(batch.input.shape)} with targets of shape "
            f"{list(batch.target.shape)}: give the data that it trains on ({str(error).splitlines()[0]})"
        ) from error
