"""New recordings, as a model of sounds reads them: one file, or all of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.nn.functional import pad

from zoo.data.folders import list_files
from zoo.data.settings import Setting
from zoo.data.sounds import is_recording, read_sound, resample, to_steps
from zoo.data.source import DataError
from zoo.training.tasks.base import read_options

# Options that say how a recording is read: the rate in Hz that all are brought to, which is that of the training or 0
# for none; and whether several channels become one, as their mean.
READING: dict[str, Any] = {"sample_rate": 0, "mix_down": False}


def find_recordings(data: str) -> list[Path]:
    """Return a recording, or all of a folder and of those inside it.

    Raises:
        DataError: there is no such file, or no recording in the folder.
    """
    paths = [Path(data)] if not Path(data).is_dir() else list(filter(is_recording, list_files(Path(data))))
    if not paths or not paths[0].exists():
        raise DataError(f"{data} {'has no recordings' if paths == [] else 'does not exist'}")
    return paths


def read_steps(paths: list[Path], options: Mapping[str, Any], rate: int, hop: int, silence: int = 0) -> list[Tensor]:
    """Return recordings as steps, each (1, T, hop).

    Args:
        paths: of the files.
        options: of the task; those of `READING` count.
        rate: of the training, in Hz.
        hop: samples of a step.
        silence: steps of silence to put behind each.

    Raises:
        ArgumentError: an option of `READING` has another type, or brings to another rate than that of the training.
        DataError: a file cannot be read, is of another rate, or has several channels.
    """
    how = read_options({name: options[name] for name in READING if name in options}, READING, "new recordings")
    of_training = Setting("sample_rate", (str(rate),), "to bring all to one")
    if how["sample_rate"] not in (0, rate):
        raise DataError(f"the training data is at {rate} Hz, and sample_rate is {how['sample_rate']}", of_training)
    found = []
    for path in paths:
        samples, its_rate = read_sound(path.read_bytes(), str(path), mix_down=how["mix_down"])
        if its_rate != rate and not how["sample_rate"]:
            raise DataError(f"{path} is at {its_rate} Hz, the training data at {rate}", of_training)
        steps = to_steps(resample(samples, its_rate, rate), hop)  # (T, hop)
        found.append(pad(steps, (0, 0, 0, silence)).unsqueeze(0))
    return found
