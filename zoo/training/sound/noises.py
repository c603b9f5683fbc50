"""Noises that are neither white nor pink: music-like, impulsive and humming sounds, each drawn anew from a generator.

Some kinds are held out: a detector never trains on them. All have their form from a few drawn numbers, and none is a
recording: they do not replace real rooms, streets or music.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from zoo.training.sound import effects
from zoo.training.sound.effects import pick, uniform

# Notes as MIDI numbers: 45 is 110 Hz, 81 is 880 Hz.
LOWEST_NOTE, HIGHEST_NOTE = 45, 81
TRIADS = ((0, 4, 7), (0, 3, 7), (0, 5, 9), (0, 4, 7, 10), (0, 7), (0, 12))

Maker = Callable[[int, int, Generator], Tensor]


def make_chords(size: int, rate: int, generator: Generator) -> Tensor:
    """Chords of two to four notes, one after the other: each note has harmonics, an attack and a decay."""
    samples, start = torch.zeros(size), 0
    sharpness, partials = uniform(0.7, 2.5, generator), 1 + pick(8, generator)
    attack, decay = uniform(0.005, 0.12, generator), uniform(0.3, 3.0, generator)
    while start < size:
        duration = round(uniform(0.25, 1.6, generator) * rate)
        time = torch.arange(min(duration, size - start)) / rate
        root = LOWEST_NOTE + pick(HIGHEST_NOTE - LOWEST_NOTE - 12, generator)
        for step in TRIADS[pick(len(TRIADS), generator)]:
            samples[start : start + duration] += _note(_hertz(root + step), time, partials, sharpness, rate, generator)
        samples[start : start + duration] *= _envelope(time, attack, decay)
        start += duration
    return samples


def make_melody(size: int, rate: int, generator: Generator) -> Tensor:
    """Single notes with vibrato and glides between them, as of a flute or a violin, with some pauses."""
    pitch, loudness, place = torch.zeros(size), torch.zeros(size), 0
    note = float(LOWEST_NOTE + 12 + pick(18, generator))
    while place < size:
        duration = min(round(uniform(0.12, 0.9, generator) * rate), size - place)
        glide = torch.linspace(0, 1, duration).mul(uniform(3, 30, generator)).clamp(max=1)
        wanted = min(max(note + pick(11, generator) - 5, LOWEST_NOTE), HIGHEST_NOTE)
        pitch[place : place + duration] = note + (wanted - note) * glide
        if uniform(0, 1, generator) > 0.2:
            time = torch.arange(duration) / rate
            loudness[place : place + duration] = _envelope(time, uniform(0.02, 0.1, generator), 2.0)
        note, place = float(wanted), place + duration
    time = torch.arange(size) / rate
    vibrato = uniform(0.1, 0.5, generator) * torch.sin(2 * math.pi * uniform(4, 7, generator) * time)
    phase = 2 * math.pi * (440.0 * 2.0 ** ((pitch + vibrato - 69) / 12)).double().cumsum(0) / rate
    fall = uniform(1.0, 2.5, generator)
    tone = sum((torch.sin(k * phase) / k**fall for k in range(1, 5)), torch.zeros(size))
    return tone.float() * loudness


def make_knocks(size: int, rate: int, generator: Generator) -> Tensor:
    """Blows on wood or a table: a low resonance that dies within a tenth of a second."""
    low, high = 80.0, 1200.0
    centre, decay = low * (high / low) ** uniform(0, 1, generator), uniform(0.01, 0.08, generator)
    length = round(6 * decay * rate)
    time = torch.arange(length) / rate
    samples = _strike_places(size, rate, uniform(0.8, 6.0, generator), generator)
    body = torch.zeros(length)
    for _ in range(3):
        frequency = centre * uniform(0.7, 2.5, generator)
        body += uniform(0.2, 1, generator) * torch.sin(2 * math.pi * frequency * time)
    return _convolve(samples, (body + 0.3 * torch.randn(length, generator=generator)) * torch.exp(-time / decay))


def make_clicks(size: int, rate: int, generator: Generator) -> Tensor:
    """Keys, switches and dropouts: broad impulses of a few milliseconds, many of them in pairs."""
    length = max(4, round(uniform(0.0005, 0.005, generator) * rate))
    click = torch.randn(length, generator=generator) * torch.logspace(0, -1.5, length)
    places = _strike_places(size, rate, uniform(2.0, 12.0, generator), generator)
    late = round(uniform(0.04, 0.12, generator) * rate)
    release = torch.cat([torch.zeros(late), places[:-late]]) * uniform(0, 0.7, generator)
    return _convolve(places + release, click)


def make_hum(size: int, rate: int, generator: Generator) -> Tensor:
    """Mains hum and fans: harmonics of a steady low tone over soft noise."""
    time = torch.arange(size) / rate
    base = (50.0, 60.0, 100.0, 120.0)[pick(4, generator)] * uniform(0.97, 1.03, generator)
    fall = uniform(0.3, 1.5, generator)
    tone = _note(base, time, 24, fall, rate, generator)
    return tone + uniform(0.02, 0.4, generator) * torch.randn(size, generator=generator)


def make_wind(size: int, rate: int, generator: Generator) -> Tensor:
    """Low noise that swells and falls within a second or so."""
    spectrum = torch.fft.rfft(torch.randn(size, generator=generator))
    frequencies = torch.linspace(0, rate / 2, len(spectrum))
    edge, steep = uniform(150.0, 1500.0, generator), uniform(1.0, 3.0, generator)
    noise = torch.fft.irfft(spectrum / (1 + (frequencies / edge) ** steep), n=size)
    knots = torch.randn(2 + round(uniform(0.5, 4.0, generator) * size / rate), generator=generator)
    swell = torch.nn.functional.interpolate(knots.reshape(1, 1, -1), size=size, mode="linear", align_corners=True)
    return noise * torch.exp(0.8 * swell.flatten())


def make_engine(size: int, rate: int, generator: Generator) -> Tensor:
    """A motor: pulses whose rate drifts, through a resonance."""
    knots = torch.rand(3 + size // rate, generator=generator).reshape(1, 1, -1)
    drift = torch.nn.functional.interpolate(knots, size=size, mode="linear", align_corners=True).flatten()
    turns = (uniform(20.0, 70.0, generator) * (1 + 0.6 * drift)).double().cumsum(0) / rate
    pulses = turns.floor().diff(prepend=torch.zeros(1)).float()
    time = torch.arange(round(0.05 * rate)) / rate
    tone = torch.sin(2 * math.pi * uniform(100.0, 600.0, generator) * time)
    body = (tone + 0.5 * torch.randn(len(time), generator=generator)) * torch.exp(-time / 0.01)
    return _convolve(pulses, body) + 0.05 * torch.randn(size, generator=generator)


def make_chirps(size: int, rate: int, generator: Generator) -> Tensor:
    """Birds and beeps: short tones that rise or fall between 1.2 and 3.6 kHz, in bursts."""
    samples, place = torch.zeros(size), 0
    first, last = (uniform(1200.0, 3600.0, generator) for _ in range(2))
    duration = round(uniform(0.03, 0.25, generator) * rate)
    while place < size:
        count = min(duration, size - place)
        sweep = torch.linspace(first, last, duration)[:count] * uniform(0.9, 1.1, generator)
        bell = torch.sin(math.pi * torch.arange(count) / duration)
        samples[place : place + count] = bell * torch.sin(2 * math.pi * sweep.double().cumsum(0) / rate).float()
        place += count + round(uniform(0.03, 0.6, generator) * rate)
    return samples


def _make_plain(kind: str) -> Maker:
    return lambda size, rate, generator: effects.make_noise(kind, size, [], generator)


# Kinds to train on, and kinds that no detector trains on, of which validation has none either.
TRAINED: dict[str, Maker] = {
    "white": _make_plain("white"),
    "pink": _make_plain("pink"),
    "hum": make_hum,
    "wind": make_wind,
    "chords": make_chords,
    "knocks": make_knocks,
}
UNSEEN: dict[str, Maker] = {
    "melody": make_melody,
    "clicks": make_clicks,
    "engine": make_engine,
    "chirps": make_chirps,
}


def make_sound(kind: str, size: int, rate: int, generator: Generator) -> Tensor:
    """Return noise (size,) of level 1.

    Args:
        kind: a key of `TRAINED` or `UNSEEN`.
        size: samples.
        rate: samples per second.
        generator: what it is drawn from.
    """
    samples = {**TRAINED, **UNSEEN}[kind](size, rate, generator)
    return samples / effects.level(samples)


@dataclass(frozen=True)
class NoiseBank:
    """Noises that are made once, of which streams take a piece.

    Args:
        clips: of each kind, (N,) of level 1 each.
    """

    clips: dict[str, list[Tensor]]

    def draw(self, size: int, generator: Generator) -> Tensor:
        """Return a piece (size,) of any kind, of level 1."""
        kinds = list(self.clips)
        clips = self.clips[kinds[pick(len(kinds), generator)]]
        clip = clips[pick(len(clips), generator)]
        start = pick(len(clip) - size + 1, generator)
        piece = clip[start : start + size]
        return piece / effects.level(piece)


def make_bank(kinds: Iterable[str], count: int, size: int, rate: int, generator: Generator) -> NoiseBank:
    """Return a bank of `count` clips (size,) of each kind."""
    return NoiseBank({kind: [make_sound(kind, size, rate, generator) for _ in range(count)] for kind in kinds})


def _hertz(note: float) -> float:
    return 440.0 * 2.0 ** ((note - 69) / 12)


def _note(base: float, time: Tensor, partials: int, fall: float, rate: int, generator: Generator) -> Tensor:
    """Return harmonics of `base` Hz below half the rate, each softer by `fall` and at a phase of its own."""
    count = max(1, min(partials, int(0.49 * rate / base)))
    numbers = torch.arange(1, count + 1).unsqueeze(1)  # (count, 1)
    phases = 2 * math.pi * torch.rand(count, 1, generator=generator)
    return (torch.sin(2 * math.pi * base * numbers * time + phases) / numbers**fall).sum(0)


def _envelope(time: Tensor, attack: float, decay: float) -> Tensor:
    return (time / attack).clamp(max=1) * torch.exp(-time / decay)


def _strike_places(size: int, rate: int, per_second: float, generator: Generator) -> Tensor:
    """Return impulses (size,) of drawn heights at drawn places, at least one."""
    places = torch.zeros(size)
    for _ in range(max(1, round(per_second * size / rate))):
        places[pick(size, generator)] = uniform(0.3, 1.0, generator)
    return places


def _convolve(samples: Tensor, body: Tensor) -> Tensor:
    total = 1 << (len(samples) + len(body) - 1).bit_length()  # other sizes take several times as long
    return torch.fft.irfft(torch.fft.rfft(samples, total) * torch.fft.rfft(body, total), n=total)[: len(samples)]
