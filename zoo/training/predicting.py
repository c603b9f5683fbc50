"""What a trained model says of a user's new file: the next rows of a table, or the class of each recording."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

import torch
from torch import Tensor

import zoo
from zoo._atomic_file import atomic_file
from zoo.errors import ArgumentError
from zoo.training.errors import refuse_nan
from zoo.training.tasks import find_task


@dataclass(frozen=True)
class Predictions:
    """A table of what a model says.

    Args:
        names: of the columns.
        rows: cells as text, as many as there are names.
    """

    names: list[str]
    rows: list[list[str]]

    def write(self, file: TextIO) -> None:
        """Write the table as CSV: commas between cells, decimal points."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self.names)
        writer.writerows(self.rows)

    def save(self, path: Path) -> None:
        """Write the table to a file, completely or not at all, or into a device or a pipe.

        Raises:
            OSError: it cannot be written.
        """
        text = io.StringIO(newline="")
        self.write(text)
        if path.exists() and not path.is_file():
            path.write_text(text.getvalue(), encoding="utf-8", newline="")
            return
        with atomic_file(path) as temporary:
            temporary.write_text(text.getvalue(), encoding="utf-8", newline="")


def predict(model: str | Path, data: str | Path, options: Mapping[str, Any] = MappingProxyType({})) -> Predictions:
    """Run a trained model on a new file of the kind that it was trained on.

    A forecaster reads the last rows of a table, as many as it saw in training, and gives the rows that follow. A
    classifier gives the most likely class of each recording, sequence or line of text, with its probability. A tagger
    gives the most likely tag of each word. A model of strings gives the labels that it hears in each recording, and a
    detector of speech when somebody speaks.

    Args:
        model: a file of `zoo.save_artifact`, or the folder of a run or a checkpoint.
        data: a file; for recordings a file or a folder.
        options: of the task that say how the file is read, such as {"decimal": ","}; otherwise those of the training.

    Raises:
        FileNotFoundError: there is no such model.
        ArtifactError, CheckpointError: the model is damaged.
        DataError: the file is missing, lacks a column of the training, or has too few rows or a missing value.
        ArgumentError: the model does not say what it was trained on, its task gives no predictions, or an option is
            fixed by the training.
        TrainingError: an output is NaN.
    """
    run, training = _load(model)
    if training is None:
        raise ArgumentError(f"{model} does not say what it was trained on; train it with zoo train, or run it yourself")
    part = training["task"]
    task = find_task(part["name"])
    fixed = [name for name in options if name not in task.reading]
    if fixed:
        others = f"; a new file may have others of {', '.join(task.reading)}" if task.reading else ""
        raise ArgumentError(f"option {fixed[0]} is that of the training{others}")
    new = task.open_new(part["options"], part["record"], str(data), options)
    with torch.no_grad():
        outputs = [run(input)[0] for input in new.inputs]
    refuse_nan(outputs)
    return Predictions(new.names, new.describe(outputs))


def _load(model: str | Path) -> tuple[Callable[[Tensor], tuple[Tensor, list[Tensor]]], dict[str, Any] | None]:
    """Return a model of a file or a folder, and what it says of its training."""
    if Path(model).is_dir():
        built = zoo.load_checkpoint(model)
        return built, built.training_record
    artifact = zoo.load_artifact(model)
    return artifact, artifact.manifest.get("training")
