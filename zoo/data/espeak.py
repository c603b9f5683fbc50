"""Speech made by espeak-ng (GPL 3, the library of the package espeakng-loader): any voice, accent and language.

What is spoken is not copied from anybody: no recording comes with the zoo or is downloaded.
"""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from zoo.data.sounds import resample
from zoo.data.source import DataError

# Below 2**-12 of the largest value: silence before and after what is said.
SILENT = 2.0**-12


@dataclass(frozen=True)
class Voice:
    """Who speaks.

    Args:
        name: of espeak-ng: a language, and after a plus the variant, such as "en-us+f3".
        speed: words a minute, 80 to 450.
        pitch: 0 to 99; 50 is the voice's own.
    """

    name: str
    speed: int = 160
    pitch: int = 50


def speak(texts: Sequence[str], voices: Sequence[Voice], rate: int) -> list[Tensor]:
    """Return texts as speech, without the silence around each.

    A new process speaks, so that the same call always gives the same samples.

    Args:
        texts: each in its voice's language; "7" is read as a number.
        voices: one for each text.
        rate: samples per second of the results.

    Returns:
        For each text float32 (number of samples,), of about -1..1.

    Raises:
        DataError: espeak-ng is missing, has no such voice, or says nothing for a text.
    """
    if importlib.util.find_spec("espeakng_loader") is None:
        raise DataError("made speech takes the package espeakng-loader: pip install 'recurrent-zoo[train]'")
    wanted = [(text, voice.name, voice.speed, voice.pitch) for text, voice in zip(texts, voices, strict=True)]
    command = [sys.executable, "-m", "zoo.data.espeak_library"]
    done = subprocess.run(command, input=json.dumps(wanted).encode(), capture_output=True, check=False)
    if done.returncode:
        raise DataError(done.stderr.decode().strip() or f"espeak-ng ended with exit status {done.returncode}")
    with np.load(io.BytesIO(done.stdout)) as spoken:
        own_rate = int(spoken["rate"])
        return [resample(_trim(spoken[str(k)]), own_rate, rate) for k in range(len(wanted))]


def _trim(samples: np.ndarray) -> Tensor:
    """Return int16 samples as float32, from the first one that is heard to the last."""
    values = torch.from_numpy(samples.astype(np.float32) / 32768)
    heard = (values.abs() > SILENT).nonzero()
    return values[int(heard[0]) : int(heard[-1]) + 1]
