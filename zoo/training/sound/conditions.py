"""What recordings go through outside a quiet room: fixed changes under which a model is scored.

None of them is among the changes that training draws from in the same strength, but all are of their kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from zoo.data.fsdd import SAMPLE_RATE, Recording
from zoo.training import sound

SEED = 5
TELEPHONE = (300.0, 3400.0)  # Hz
ROOM_SECONDS = 0.4

Change = Callable[[Tensor, Sequence[Recording], Generator], Tensor]


def _noise(kind: str, ratio: float) -> Change:
    def change(samples: Tensor, voices: Sequence[Recording], generator: Generator) -> Tensor:
        noise = sound.make_noise(kind, len(samples), voices, generator)
        return sound.add_noise(samples, noise, ratio, sound.level(samples))

    return change


# Name, as a model card has it -> what happens to the samples.
CONDITIONS: dict[str, Change] = {
    "40 dB softer": lambda samples, voices, generator: sound.change_level(samples, -40.0),
    "telephone band": lambda samples, voices, generator: sound.limit_band(samples, *TELEPHONE, SAMPLE_RATE),
    "room": lambda samples, voices, generator: sound.reverberate(samples, ROOM_SECONDS, SAMPLE_RATE, generator),
    "white noise, 10 dB": _noise("white", 10.0),
    "white noise, 5 dB": _noise("white", 5.0),
    "white noise, 0 dB": _noise("white", 0.0),
    "pink noise, 5 dB": _noise("pink", 5.0),
    "babble, 5 dB": _noise("babble", 5.0),
}


def worsen(recordings: Sequence[Recording], condition: str) -> list[Recording]:
    """Return recordings as heard in a condition, always the same.

    Args:
        recordings: of a split; babble is made of them.
        condition: a name of `CONDITIONS`.

    Raises:
        ValueError: no such condition.
    """
    if condition not in CONDITIONS:
        raise ValueError(f"no condition is called {condition!r}; expected one of: {'; '.join(CONDITIONS)}")
    generator = torch.Generator().manual_seed(SEED)
    change = CONDITIONS[condition]
    return [Recording(change(r.samples, recordings, generator), r.digit, r.speaker) for r in recordings]
