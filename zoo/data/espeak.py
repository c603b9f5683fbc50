"""Speech made by espeak-ng (GPL 3, the library of the package espeakng-loader): any voice, accent and language.

What is spoken is not copied from anybody: no recording comes with the zoo or is downloaded.
"""

from __future__ import annotations

import ctypes
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from zoo.data.sounds import resample
from zoo.data.source import DataError

# Of speak_lib.h.
_SYNCHRONOUS, _NO_EXIT, _UTF8, _AT_CHARACTER = 2, 0x8000, 1, 1
_RATE, _PITCH = 1, 3
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_SEED = 1
# Below 2**-12 of the largest value: silence before and after what is said.
_SILENT = 2.0**-12


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


class _Synthesizer:
    """The library, which says one thing at a time."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ModuleNotFoundError as missing:
            raise DataError(f"{missing}; made speech takes it: pip install 'recurrent-zoo[train]'") from missing
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        folder = espeakng_loader.get_data_path().encode()
        self.rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, folder, _NO_EXIT)
        if self.rate <= 0:
            raise DataError("espeak-ng did not find its own data; install espeakng-loader again")
        self._heard: list[Tensor] = []
        self._callback = _CALLBACK(self._hear)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str, voice: Voice) -> Tensor:
        """Return what is said, float32 (N,) at `rate`."""
        if self._library.espeak_SetVoiceByName(voice.name.encode()) != 0:
            raise DataError(f"espeak-ng has no voice {voice.name!r}; `espeak-ng --voices` lists them")
        self._library.espeak_SetParameter(_RATE, voice.speed, 0)
        self._library.espeak_SetParameter(_PITCH, voice.pitch, 0)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))  # of breath, so that the same words sound the same
        self._heard = []
        content = text.encode()
        self._library.espeak_Synth(content, len(content) + 1, 0, _AT_CHARACTER, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        return torch.cat(self._heard) if self._heard else torch.zeros(0)

    def _hear(self, samples: Any, count: int, events: Any) -> int:
        if count > 0 and samples:
            values = torch.frombuffer(bytearray(ctypes.string_at(samples, 2 * count)), dtype=torch.int16)
            self._heard.append(values.float() / 32768)
        return 0  # go on


def speak(texts: Sequence[str], voices: Sequence[Voice], rate: int) -> list[Tensor]:
    """Return texts as speech, without the silence around each.

    The library keeps breath and phase from one text to the next. A process of its own speaks, so that the same call
    always gives the same samples.

    Args:
        texts: each in its voice's language; "7" is read as a number.
        voices: one for each text.
        rate: samples per second of the results.

    Returns:
        For each text float32 (number of samples,) in -1..1.

    Raises:
        DataError: espeak-ng is missing, has no such voice, or says nothing for a text.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
        spoken, own_rate = other.submit(_speak_all, list(texts), list(voices)).result()
    return [resample(torch.from_numpy(samples), own_rate, rate) for samples in spoken]


def _speak_all(texts: list[str], voices: list[Voice]) -> tuple[list[Any], int]:
    synthesizer = _Synthesizer()
    spoken = []
    for text, voice in zip(texts, voices, strict=True):
        samples = synthesizer.say(text, voice)
        loud = (samples.abs() > _SILENT).nonzero()
        if not len(loud):
            raise DataError(f"espeak-ng says nothing for {text!r} with the voice {voice.name!r}; give words")
        spoken.append(samples[int(loud[0]) : int(loud[-1]) + 1].numpy())  # arrays: tensors would share file handles
    return spoken, synthesizer.rate
