"""Sounds varied and mixed: speed, microphone, loudness, noise, strings of words. Samples are float32 (N,) in -1..1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from zoo.data.fsdd import Recording

# Deviation of the noise under every joined string: a real room is never fully silent.
ROOM = 3e-4
BABBLE_VOICES = 4
# Energy of a room's echo against the direct sound, as an amplitude: a speaker two steps away.
ECHO = 0.7
NOISES = ("white", "pink", "babble")
# Waves of a microphone's response over the frequencies, on a logarithmic scale from the lowest one.
WAVES, LOWEST_HZ = 4, 60.0


@dataclass(frozen=True)
class WordString:
    """Words one after the other.

    Args:
        samples: of the whole string.
        words: what is said.
        ends: the sample after each word's last one.
    """

    samples: Tensor
    words: list[int]
    ends: list[int]


def uniform(low: float, high: float, generator: Generator) -> float:
    """Draw a number between two."""
    return low + (high - low) * float(torch.rand((), generator=generator))


def pick(count: int, generator: Generator) -> int:
    """Draw a number of 0..count-1."""
    return int(torch.randint(count, (), generator=generator))


def _fast_size(size: int) -> int:
    """Return the next multiple of 256: the transform of a large prime number of samples is slow."""
    return -(-size // 256) * 256


def change_speed(samples: Tensor, factor: float) -> Tensor:
    """Return the samples played `factor` times as fast, pitch and all, by linear interpolation."""
    size = max(1, round(len(samples) / factor))
    return functional.interpolate(samples.reshape(1, 1, -1), size=size, mode="linear", align_corners=True).flatten()


def colour(samples: Tensor, decibel: float, rate: int, generator: Generator) -> Tensor:
    """Return samples as another microphone hears them: a smooth response over the frequencies, at the same level.

    Args:
        samples: (N,).
        decibel: largest weight of the response's slowest wave; that of wave k is `decibel / k`.
        rate: samples per second.
        generator: of the response.
    """
    spectrum = torch.fft.rfft(samples, _fast_size(len(samples)))
    frequencies = torch.linspace(0, rate / 2, len(spectrum)).clamp(min=LOWEST_HZ)
    places = (frequencies / LOWEST_HZ).log() / math.log(rate / 2 / LOWEST_HZ)  # 0 to 1
    response = torch.zeros_like(places)  # dB
    for wave in range(1, WAVES + 1):
        weight = uniform(-decibel, decibel, generator) / wave
        response += weight * torch.cos(math.pi * wave * places)
    heard = torch.fft.irfft(spectrum * 10.0 ** (response / 20.0))[: len(samples)]
    return heard * level(samples) / level(heard)


def trim_edges(samples: Tensor, decibel: float, hop: int) -> Tensor:
    """Return samples without their soft edges, as a recorder that waits for a voice cuts them.

    Args:
        samples: (N,); those after the last whole frame are never loud.
        decibel: how much softer than the loudest frame those are that are lost before and after all louder ones.
        hop: samples per frame.
    """
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop)
    if not len(frames):
        return samples
    power = frames.square().mean(1)  # (N / hop,)
    loud = (power >= power.max() * 10.0 ** (-decibel / 10.0)).nonzero()
    return samples[int(loud[0]) * hop : (int(loud[-1]) + 1) * hop]


def change_level(samples: Tensor, decibel: float) -> Tensor:
    """Return the samples louder by `decibel` dB, or softer if it is negative."""
    return samples * 10.0 ** (decibel / 20.0)


def limit_band(samples: Tensor, low: float, high: float, rate: int) -> Tensor:
    """Return samples without what lies outside a band, as after a telephone line.

    Args:
        samples: (N,).
        low: in Hz.
        high: in Hz.
        rate: samples per second.
    """
    spectrum = torch.fft.rfft(samples)
    frequencies = torch.linspace(0, rate / 2, len(spectrum))  # (N / 2 + 1,)
    return torch.fft.irfft(spectrum * ((frequencies >= low) & (frequencies <= high)), n=len(samples))


def reverberate(samples: Tensor, seconds: float, rate: int, generator: Generator) -> Tensor:
    """Return samples as heard in a room: an echo of decaying noise after the direct sound, at the same level.

    Args:
        samples: (N,).
        seconds: until the echo has fallen by 60 dB.
        rate: samples per second.
        generator: of the echo.
    """
    size = max(1, round(seconds * rate))
    fall = torch.logspace(0, -3, size)  # 60 dB
    echo = torch.randn(size, generator=generator) * fall
    echo = ECHO * echo / echo.square().sum().sqrt()
    echo[0] = 1.0
    total = _fast_size(len(samples) + size - 1)
    product = torch.fft.rfft(samples, total) * torch.fft.rfft(echo, total)
    heard = torch.fft.irfft(product)[: len(samples)]
    return heard * level(samples) / level(heard)


def level(samples: Tensor) -> Tensor:
    """Return the root mean square of samples; never 0."""
    return samples.square().mean().sqrt().clamp(min=1e-6)


def make_noise(kind: str, size: int, voices: Sequence[Recording], generator: Generator) -> Tensor:
    """Return noise (size,) of level 1.

    Args:
        kind: "white", "pink" (power falls as 1/f), or "babble": voices played backwards, which say no word.
        size: samples.
        voices: recordings that babble is made of.
        generator: what it is drawn from.
    """
    if kind == "babble":
        noise = sum((_loop(voices[pick(len(voices), generator)].samples.flip(0), size, generator)
                     for _ in range(BABBLE_VOICES)), torch.zeros(size))  # fmt: skip
        return noise / level(noise)
    noise = torch.randn(size, generator=generator)
    if kind == "pink":
        spectrum = torch.fft.rfft(noise)
        noise = torch.fft.irfft(spectrum / torch.arange(1, len(spectrum) + 1).sqrt(), n=size)
    return noise / level(noise)


def _loop(samples: Tensor, size: int, generator: Generator) -> Tensor:
    samples = samples / level(samples)
    start = pick(len(samples), generator)
    return samples.repeat(2 + size // len(samples))[start : start + size]


def add_noise(samples: Tensor, noise: Tensor, ratio: float, reference: Tensor) -> Tensor:
    """Return samples with noise under them.

    Args:
        samples: the clean sound.
        noise: of level 1, as long.
        ratio: of signal to noise, in dB.
        reference: the level that counts as the signal's.
    """
    return samples + noise * reference * 10.0 ** (-ratio / 20.0)


def join_words(recordings: Sequence[Recording], gaps: Sequence[float], rate: int, generator: Generator) -> WordString:
    """Join recordings with a silent gap before each one, and one after the last, on the floor of a quiet room.

    Args:
        recordings: at least one.
        gaps: seconds, one more than recordings.
        rate: samples per second.
        generator: of the room's noise.
    """
    parts, ends, total = [], [], 0
    for recording, gap in zip(recordings, gaps, strict=False):
        silence = round(gap * rate)
        parts += [torch.zeros(silence), recording.samples]
        total += silence + len(recording.samples)
        ends.append(total)
    parts.append(torch.zeros(round(gaps[-1] * rate)))
    samples = torch.cat(parts)
    samples = samples + ROOM * torch.randn(len(samples), generator=generator)
    return WordString(samples, [recording.digit for recording in recordings], ends)


def by_speaker(recordings: Sequence[Recording]) -> list[list[Recording]]:
    """Return the recordings of each speaker, speakers in the order of their names."""
    names = sorted({recording.speaker for recording in recordings})
    return [[recording for recording in recordings if recording.speaker == name] for name in names]
