"""Whether the run in a folder is the one that is to be resumed: the same experiment on the same data."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from zoo.training.errors import OtherRunError
from zoo.training.experiment import Experiment
from zoo.training.tasks.base import Task
from zoo.training.tasks.own.sameness import find_difference

RUN = "run"  # the entry of a resume file that describes its run
# What may change from one start to the next: how long a run is, and what it runs on or how much memory it takes. The
# table `fast` is among the other settings already.
FREE = {
    "fast",
    "training.max_epochs",
    "training.patience",
    "training.batch_size",
    "training.accumulate",
    "training.precision",
    "training.gradient_checkpointing",
    "training.accelerator",
    "training.devices",
    "training.nodes",
}


class RunDescription(Callback):
    """Writes into each resume file what `refuse_other_settings` and `refuse_other_data` compare.

    Args:
        experiment: of the run.
        record: of its task.
        files: what `hash_data` says of its data.
    """

    def __init__(self, experiment: Experiment, record: Mapping[str, Any], files: Mapping[str, str]) -> None:
        self.text = json.dumps({"experiment": experiment.to_dict(), "record": record, "files": files})

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        checkpoint[RUN] = self.text


def read_run(path: Path) -> dict[str, Any]:
    """Return what a resume file says of its run.

    Args:
        path: of the file.

    Returns:
        "experiment", "record" and "files"; the last one is missing in files of older versions.

    Raises:
        OtherRunError: the file is damaged, or does not say it.
    """
    try:
        state = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise OtherRunError(f"{path} is damaged, or no file of a training; name another folder") from error
    text = state.get(RUN) if isinstance(state, dict) else None
    if text is None:
        raise OtherRunError(f"{path} does not say what it was trained by; name another folder")
    found: dict[str, Any] = json.loads(text)
    return found


def refuse_other_settings(run: Mapping[str, Any], experiment: Experiment, folder: Path) -> None:
    """Refuse an experiment by which a run was not trained.

    Args:
        run: as `read_run` gives it.
        experiment: that is to be trained now; other epochs, devices and the like are no difference.
        folder: of the run, for the error.

    Raises:
        OtherRunError: with the first difference.
    """
    before, now = _flatten(run["experiment"]), _flatten(json.loads(json.dumps(experiment.to_dict())))
    for key in [*before, *now]:
        if key.split(".")[0] not in FREE and key not in FREE and before.get(key) != now.get(key):
            raise OtherRunError(
                f"{folder} holds another run: {key} was {_show(before, key)}, and is {_show(now, key)} now; take the "
                "same settings to resume it, or name another folder"
            )


def refuse_other_data(run: Mapping[str, Any], task: Task, files: Mapping[str, str], folder: Path) -> None:
    """Refuse data on which a run was not trained.

    Args:
        run: as `read_run` gives it.
        task: with the data.
        files: what `hash_data` says of the data now.
        folder: of the run, for the error.

    Raises:
        OtherRunError: with the first difference.
    """
    words = find_difference(json.loads(json.dumps(task.record())), run["record"])
    changed = [name for name, old in run.get("files", {}).items() if files.get(name) != old]
    if changed and not words:
        words = f"{task.options.get(changed[0])}, the data of option {changed[0]}, has changed"
    if words:
        raise OtherRunError(
            f"{folder} holds a run on other data: {words}; take the same data to resume it, or name another folder"
        )


def _flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of nested tables by their keys, such as "training.max_epochs"."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= _flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _show(table: Mapping[str, Any], key: str) -> str:
    return repr(table[key]) if key in table else "not given"
