"""Errors that stop training, explained."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor

from zoo.errors import ZooError
from zoo.training.experiment import TrainingPart
from zoo.training.resume_file import LAST


class TrainingError(ZooError, RuntimeError):
    """A training that cannot go on; the message says why, what is kept and what to do."""


class UnfinishedRunError(TrainingError):
    """A training whose folder holds a run that `train(..., resume=True)` continues."""


class FolderInUseError(UnfinishedRunError):
    """A training into the folder of another run: that one is resumed, or the new one takes another folder."""


class OtherRunError(TrainingError):
    """A training that cannot resume the run in its folder, as that has other settings or other data."""


class InterruptedRunError(UnfinishedRunError):
    """A training that an interrupt ended, such as Ctrl-C."""


@contextmanager
def explain_failures(folder: Path) -> Iterator[None]:
    """Turn a known failure inside into a TrainingError that says what the folder of the run keeps."""
    try:
        yield
    except SystemExit as error:  # Lightning's way to end after Ctrl-C
        raise InterruptedRunError(f"interrupted; {_kept(folder)}; resume the run to go on") from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise UnfinishedRunError(f"the disk is full; {_kept(folder)}; make room and resume the run") from error
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if isinstance(error, TrainingError) or not _is_out_of_memory(error):
            raise
        raise TrainingError(
            f"out of memory; {_kept(folder)}. Give training.batch_size= a smaller value and training.accumulate= a "
            "larger one (the same step in parts), training.precision=bf16, or training.gradient_checkpointing=true"
        ) from error


@contextmanager
def explain_devices(part: TrainingPart) -> Iterator[None]:
    """Turn Lightning's refusal of devices inside into a TrainingError that names the keys.

    Args:
        part: of the experiment, with the devices.
    """
    try:
        yield
    except MisconfigurationException as error:
        raise TrainingError(
            f"this machine does not have training.devices={part.devices} of training.accelerator={part.accelerator}: "
            f"{' '.join(str(error).split())}"
        ) from error


def refuse_nan(outputs: Iterable[Tensor]) -> None:
    """Refuse outputs of a model that are not numbers: a metric of them would be one all the same.

    Raises:
        TrainingError: the message has the row.
    """
    row = 0
    for output in outputs:
        wrong = output.isnan().flatten(1).any(1)
        if wrong.any():
            raise TrainingError(
                f"the model gives NaN for row {row + int(wrong.nonzero()[0])} of the data: a weight or an input is no "
                "number; look for NaN and infinities in the data"
            )
        row += len(output)


def _kept(folder: Path) -> str:
    if (folder / LAST).exists():
        return f"{folder / LAST} holds the last whole epoch"
    return "no epoch was finished"


def _is_out_of_memory(error: BaseException) -> bool:
    words = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "out of memory" in words
        or "not enough memory" in words
        or "can't allocate memory" in words
    )
