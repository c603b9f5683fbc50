"""What a model of spoken digits meets outside a quiet room: fixed sounds that it is scored on.

Training may draw from changes of the same kind. Voices, languages and words are others than those of training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from zoo.data.fsdd import SAMPLE_RATE, Recording
from zoo.errors import ArgumentError
from zoo.training.sound import effects
from zoo.training.sound.made_speech import make_digits, make_others

SEED = 5
TELEPHONE = (300.0, 3400.0)  # Hz
ROOM_SECONDS = 0.4
MADE = 300  # sounds by espeak-ng

Change = Callable[[Tensor, Sequence[Recording], Generator], Tensor]


def _noise(kind: str, ratio: float) -> Change:
    def change(samples: Tensor, voices: Sequence[Recording], generator: Generator) -> Tensor:
        noise = effects.make_noise(kind, len(samples), voices, generator)
        return effects.add_noise(samples, noise, ratio, effects.level(samples))

    return change


# Name, as a model card has it -> what happens to the samples of a recording.
CHANGES: dict[str, Change] = {
    "40 dB softer": lambda samples, voices, generator: effects.change_level(samples, -40.0),
    "telephone band": lambda samples, voices, generator: effects.limit_band(samples, *TELEPHONE, SAMPLE_RATE),
    "room": lambda samples, voices, generator: effects.reverberate(samples, ROOM_SECONDS, SAMPLE_RATE, generator),
    "white noise, 10 dB": _noise("white", 10.0),
    "white noise, 5 dB": _noise("white", 5.0),
    "white noise, 0 dB": _noise("white", 0.0),
    "pink noise, 5 dB": _noise("pink", 5.0),
    "babble, 5 dB": _noise("babble", 5.0),
}
MADE_VOICES, NO_DIGIT = "voices of espeak-ng", "no digit"
CONDITIONS = (*CHANGES, MADE_VOICES, NO_DIGIT)


def worsen(recordings: list[Recording], condition: str, split: str) -> list[Recording]:
    """Return what is heard in a condition instead of a split's recordings, always the same.

    Args:
        recordings: of the split; babble is made of them.
        condition: a name of `CONDITIONS`. `NO_DIGIT` gives sounds of the class after the digits.
        split: "validation" or "test".

    Raises:
        ArgumentError: no such condition.
        DataError: espeak-ng is needed and missing.
    """
    if condition == MADE_VOICES:
        return make_digits(split, MADE)
    if condition == NO_DIGIT:
        return make_others(split, MADE, recordings)
    if condition not in CHANGES:
        raise ArgumentError(f"no condition is called {condition!r}; expected one of: {'; '.join(CONDITIONS)}")
    generator = torch.Generator().manual_seed(SEED)
    change = CHANGES[condition]
    return [Recording(change(r.samples, recordings, generator), r.digit, r.speaker) for r in recordings]
