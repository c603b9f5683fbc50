"""Streams in which somebody speaks now and then, with the frames in which they do.

A frame counts as speech by the energy of the clean voice alone: it lies within `REACH` of the loudest frame of the same
recording, or in a pause of at most `BRIDGED` between two such frames of one recording (stops are silent inside a word),
or in the `HANGOVER` after the last one. What is added to the voice changes no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor

from zoo.training.sound import effects

REACH = 30.0  # dB below the loudest frame
BRIDGED, HANGOVER = 0.2, 0.032  # seconds
GAPS = (0.1, 1.5)  # seconds between recordings
WORD_LEVEL = 3.0  # dB by which recordings of one stream differ from their mean, at most


@dataclass(frozen=True)
class Voices:
    """The clean voices of a stream.

    Args:
        samples: (N,); recordings have a level of about 1, and nothing is between them.
        speech: bool (N // hop,): the frames that count as speech.
    """

    samples: Tensor
    speech: Tensor


def place_recordings(
    recordings: Sequence[Tensor], size: int, hop: int, rate: int, generator: Generator, speed: float = 0.0
) -> Voices:
    """Draw recordings and gaps until a stream is full; the last recording may be cut.

    Args:
        recordings: samples (N_i,) of each, to draw from.
        size: samples of the stream, whole frames.
        hop: samples per frame.
        rate: samples per second.
        generator: what is drawn from.
        speed: largest relative change of a recording's speed, and so of its pitch.
    """
    samples, speech = torch.zeros(size), torch.zeros(size // hop, dtype=torch.bool)
    start = round(effects.uniform(*GAPS, generator) * rate)
    while start < size:
        word = recordings[effects.pick(len(recordings), generator)]
        if speed:
            word = effects.change_speed(word, 1 + effects.uniform(-speed, speed, generator))
        gain = 10.0 ** (effects.uniform(-WORD_LEVEL, WORD_LEVEL, generator) / 20.0)
        word = (gain * word / effects.level(word))[: size - start]
        samples[start : start + len(word)] += word
        first = start // hop
        after = round(HANGOVER * rate / hop)
        alone = torch.nn.functional.pad(word, (start % hop, -(start + len(word)) % hop + after * hop))
        marks = mark_speech(alone, hop, rate)[: len(speech) - first]
        speech[first : first + len(marks)] |= marks
        start += len(word) + round(effects.uniform(*GAPS, generator) * rate)
    return Voices(samples, speech)


def mark_speech(alone: Tensor, hop: int, rate: int) -> Tensor:
    """Return which frames of one clean recording count as speech, bool (N // hop,).

    Args:
        alone: (N,) the recording, with silence from the beginning of its first frame, and after it for the hangover.
        hop: samples per frame.
        rate: samples per second.
    """
    energy = alone.reshape(-1, hop).square().sum(1)
    loud = (energy > 0) & (energy >= energy.max() * 10.0 ** (-REACH / 10.0))
    places = loud.nonzero().flatten().tolist()
    bridged, hangover = round(BRIDGED * rate / hop), round(HANGOVER * rate / hop)
    for before, after in pairwise(places):
        if after - before - 1 <= bridged:
            loud[before:after] = True
    if places:
        loud[places[-1] : places[-1] + 1 + hangover] = True
    return loud


def find_stretches(marks: Tensor) -> list[tuple[int, int]]:
    """Return the first step of each stretch of true marks (T,), and the step after its last one."""
    edges = torch.nn.functional.pad(marks.to(torch.int8), (1, 1)).diff()  # (T + 1,), 1 where a stretch begins
    return list(zip((edges == 1).nonzero()[:, 0].tolist(), (edges == -1).nonzero()[:, 0].tolist(), strict=True))
