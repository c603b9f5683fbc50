"""Recordings that no person made: digits by voices of espeak-ng, and sounds that are no English digit.

Held-out voices, languages and words are never among those of training.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator

from zoo.data.espeak import Voice, speak
from zoo.data.fsdd import DIGITS, SAMPLE_RATE, Recording
from zoo.training.sound import effects

# The class of what is no digit.
OTHER = len(DIGITS)
ACCENTS = "en-us en en-gb-x-rp en-gb-scotland en-029 en-gb-x-gbclan en-gb-x-gbcwmd en-us-nyc"
SPEEDS, PITCHES = (110, 230), (25, 75)
# What is neither speech nor asked of a microphone that hears nothing.
SHORTEST, LONGEST = 0.2, 0.9  # seconds
SPEECH_SHARE = 0.75  # of what is no digit; the rest is noise and silence
NUMBERS = (11, 99)  # said in other languages; 0 to 9 may sound as in English
MOST_WORDS = 5  # of a phrase


@dataclass(frozen=True)
class Cast:
    """Who speaks in a split, and what besides digits; the texts are lists with spaces between.

    Args:
        variants: of the English voices of espeak-ng.
        languages: in which numbers are said.
        words: English, none that sounds like a digit.
        seed: of what is drawn.
    """

    variants: str
    languages: str
    words: str
    seed: int


CASTS = {
    "train": Cast(
        "f1 f2 f4 m1 m2 m3 m4 m6 m8 klatt klatt3 Alex Andy Annie Denis Gene Jacky Lee Mario Michael adam aunty "
        "belinda benjamin boris caleb david edward grandma grandpa ian john linda max pablo paul sandro zac",
        "de es it nl sv da pl cs hu tr fi el ru bg ro id vi cmn ja ko ar hi ta sw ka",
        "yes no stop go left right up down open close door window music play pause light lamp kitchen table chair "
        "water coffee bread apple orange green yellow blue black white Monday Tuesday Friday morning evening night "
        "mother father sister brother house garden street city river mountain summer winter hello please thanks "
        "sorry today tomorrow never always after before under behind happy angry quick slow little large hundred "
        "thousand million dozen dog cat horse bird fish flower tree forest sun moon star rain snow wind fire "
        "telephone computer question answer number letter paper book",
        seed=11,
    ),
    "validation": Cast(
        "f5 m5 klatt2 steph rob",
        "fr sk lt he bn",
        "market village doctor teacher silver golden hungry sleeping engine bottle pencil carpet",
        seed=12,
    ),
    "test": Cast(
        "f3 m7 klatt4 steph2 quincy travis victor",
        "pt nb hr uk ca lv fa ur te cy",
        "volume channel weather minute picture button purple finger shoulder island butter sugar ticket station "
        "airport holiday history science favour perfect simple broken turning walking drinking",
        seed=13,
    ),
}


def make_digits(split: str, count: int) -> list[Recording]:
    """Return digits by English voices of espeak-ng, as many of each, always the same."""
    cast, generator = CASTS[split], torch.Generator().manual_seed(CASTS[split].seed)
    digits = [k % len(DIGITS) for k in range(count)]
    voices = [_draw_english(cast, generator) for _ in digits]
    return _record([DIGITS[digit] for digit in digits], voices, digits)


def make_others(split: str, count: int, recordings: list[Recording]) -> list[Recording]:
    """Return sounds of class `OTHER`, always the same: other words, numbers in other languages, noise, near silence.

    Args:
        split: whose voices, languages and words are taken.
        count: of sounds.
        recordings: of the split, for babble.
    """
    cast, generator = CASTS[split], torch.Generator().manual_seed(CASTS[split].seed + 100)
    texts, voices = [], []
    spoken = round(count * SPEECH_SHARE)
    for k in range(spoken):
        if k % 2:
            texts.append(_pick_word(cast.words, generator))
            voices.append(_draw_english(cast, generator))
        else:
            texts.append(str(_pick_number(generator)))
            voices.append(_draw_voice(cast.languages, cast.variants, generator))
    others = _record(texts, voices, [OTHER] * spoken)
    return others + [_make_noise(k, recordings, generator) for k in range(count - spoken)]


def make_phrases(split: str, count: int, rate: int) -> list[Recording]:
    """Return what people say in one breath, of class `OTHER`, always the same: English words and foreign numbers.

    Args:
        split: whose voices, languages and words are taken.
        count: of phrases.
        rate: samples per second.
    """
    cast, generator = CASTS[split], torch.Generator().manual_seed(CASTS[split].seed + 200)
    texts, voices = [], []
    for k in range(count):
        size = 1 + effects.pick(MOST_WORDS, generator)
        if k % 2:
            texts.append(" ".join(_pick_word(cast.words, generator) for _ in range(size)))
            voices.append(_draw_english(cast, generator))
        else:
            texts.append(" ".join(str(_pick_number(generator)) for _ in range(size)))
            voices.append(_draw_voice(cast.languages, cast.variants, generator))
    return _record(texts, voices, [OTHER] * count, rate)


def _make_noise(number: int, recordings: list[Recording], generator: Generator) -> Recording:
    kinds = (*effects.NOISES, "silence")
    kind = kinds[number % len(kinds)]
    size = round(effects.uniform(SHORTEST, LONGEST, generator) * SAMPLE_RATE)
    if kind == "silence":
        samples = effects.ROOM * torch.randn(size, generator=generator)
    else:
        decibel = effects.uniform(-50.0, -10.0, generator)
        samples = effects.change_level(effects.make_noise(kind, size, recordings, generator), decibel)
    return Recording(samples, OTHER, kind)


def _draw_english(cast: Cast, generator: Generator) -> Voice:
    return _draw_voice(ACCENTS, cast.variants, generator)


def _draw_voice(languages: str, variants: str, generator: Generator) -> Voice:
    name = f"{_pick_word(languages, generator)}+{_pick_word(variants, generator)}"
    speed, pitch = (round(effects.uniform(*limits, generator)) for limits in (SPEEDS, PITCHES))
    return Voice(name, speed, pitch)


def _pick_word(words: str, generator: Generator) -> str:
    known = words.split()
    return known[effects.pick(len(known), generator)]


def _pick_number(generator: Generator) -> int:
    low, high = NUMBERS
    return low + effects.pick(high - low + 1, generator)


def _record(texts: list[str], voices: list[Voice], classes: list[int], rate: int = SAMPLE_RATE) -> list[Recording]:
    spoken = speak(texts, voices, rate)
    return [
        Recording(samples, label, voice.name) for samples, label, voice in zip(spoken, classes, voices, strict=True)
    ]
