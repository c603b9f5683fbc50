"""FSDD, one digit per recording: raw 8 kHz samples in, ten scores out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Generator, Tensor, nn
from torch.utils.data import DataLoader

from zoo.data.fsdd import DIGITS, SAMPLE_RATE, SOURCE, Recording, load_fsdd
from zoo.data.sounds import to_steps
from zoo.errors import ArgumentError
from zoo.training.batching import Batch, make_loader, pad_sequences, split_batches
from zoo.training.learners.classification import ClassificationLearner, count_confusions, score_classes
from zoo.training.pictures import draw_confusions
from zoo.training.sound import effects
from zoo.training.sound.conditions import worsen
from zoo.training.sound.made_speech import make_digits, make_others
from zoo.training.tasks.base import UNCHANGED, Task, read_options
from zoo.training.tasks.new_data import NewData, answer_classes
from zoo.training.tasks.new_recordings import READING, find_recordings, read_steps
from zoo.training.tasks.statistics import set_log_mel_statistics_

# Samples per step: 10 ms.
HOP = SAMPLE_RATE // 100
NUM_DIGITS = 10
FAST_RECORDINGS = 60
FAST_MADE = 20
# Recordings that the features' mean and deviation are taken from.
STATISTICS = 600

# How `vary` changes a recording.
EFFECTS: dict[str, Any] = {
    "speed": 0.0,  # largest relative change
    "colour_share": 0.0,  # of the recordings that another microphone hears
    "trim_share": 0.0,  # of the recordings that lose soft edges, such as the consonants that a microphone misses
    "level": 0.0,  # largest change in dB
    "softest": 0.0,  # largest fall of the level in dB, where it is more than `level`
    "noise_share": 0.0,  # of the recordings that get noise
    "noise_ratio": [5.0, 40.0],  # signal to noise, dB
    "silence": 0.0,  # longest silence before and after, seconds
    "band_share": 0.0,  # of the recordings that lose what is below or above a band
    "room_share": 0.0,  # of the recordings that get an echo
}
# Those that are done to each word, where words are joined; the others are done to the whole.
OF_WORDS = ("speed", "trim_share")
OPTIONS: dict[str, Any] = EFFECTS | {
    "label_smoothing": 0.0,
    "held_speaker": "",  # left out of training; validation is this speaker alone, and test all other recordings
    "made_digits": 0,  # digits by espeak-ng in training
    "made_others": 0,  # sounds that are no digit in training; the model has one class more for them
    "condition": "",  # of `CONDITIONS`, in which validation and test are heard
}
# Largest weight of a microphone's response, in dB.
COLOUR = 10.0
# Limits of how soft an edge is that is lost, in dB below the loudest 10 ms.
TRIM = (15.0, 40.0)
# Limits of what a band leaves in Hz, and of a room's echo in seconds.
BAND_LOW, BAND_HIGH, ECHO_SECONDS = (80.0, 400.0), (2600.0, 4000.0), (0.1, 0.6)


class FsddTask(Task):
    """What the three tasks on FSDD share: the splits, and the statistics of log-mel features."""

    about = SOURCE
    reading = tuple(READING)

    def load(self, fast: bool) -> None:
        """Read the splits; few recordings of each where `fast`."""
        splits = load_fsdd()
        step = len(splits.train) // FAST_RECORDINGS if fast else 1
        self.recorded, self.validation, self.test = splits.train[::step], splits.validation, splits.test
        if fast:
            self.validation = self.validation[:: len(self.validation) // FAST_RECORDINGS]

    @cached_property
    def train(self) -> list[Recording]:
        """What is trained on."""
        return self.recorded

    def prepare_(self, model: nn.Module) -> None:
        batch = collate_digits(self.train[:: max(1, len(self.train) // STATISTICS)])
        set_log_mel_statistics_(model, batch)


class DigitClassification(FsddTask):
    """Which digit is it?"""

    metric = "accuracy"
    mode: ClassVar[Literal["min", "max"]] = "max"
    learner = ClassificationLearner

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "fsdd")
        self.label_smoothing = self.options["label_smoothing"]
        self.load(fast)
        if self.options["held_speaker"]:
            self._hold_out(self.options["held_speaker"])
        most = FAST_MADE if fast else sys.maxsize
        self.made, self.others = (min(self.options[made], most) for made in ("made_digits", "made_others"))
        self.classes = [*DIGITS, "other"] if self.others else list(DIGITS)
        self.num_classes = len(self.classes)

    @cached_property
    def train(self) -> list[Recording]:
        """What is trained on; sounds are made for the training only, since an evaluation does without."""
        made = make_digits("train", self.made) if self.made else []
        return self.recorded + made + (make_others("train", self.others, self.recorded) if self.others else [])

    def _hold_out(self, speaker: str) -> None:
        known = sorted({recording.speaker for recording in self.test})
        if speaker not in known:
            raise ArgumentError(
                f"task.held_speaker: no speaker is called {speaker!r}; expected one of {', '.join(known)}"
            )
        held = [recording for recording in self.recorded if recording.speaker == speaker]
        self.recorded = [recording for recording in self.recorded if recording.speaker != speaker]
        self.validation = [recording for recording in self.validation if recording.speaker == speaker]
        # The test part alone has 50 recordings of a speaker: too few for a figure within 5 points.
        self.test = [recording for recording in self.test if recording.speaker == speaker] + held

    @classmethod
    def open_new(
        cls, options: dict[str, Any], record: dict[str, Any], data: str, reading: Mapping[str, Any] = UNCHANGED
    ) -> NewData:
        """Return a recording, or all of a folder; each has the digit that is most likely."""
        paths = find_recordings(data)
        names, describe = answer_classes(record["classes"], list(map(str, paths)))
        return NewData(read_steps(paths, reading, SAMPLE_RATE, HOP), ["file", *names], describe)

    def record(self) -> dict[str, Any]:
        return {"classes": self.classes}

    def model_overrides(self) -> dict[str, Any]:
        return {"input_size": HOP, "sample_rate": SAMPLE_RATE, "num_classes": self.num_classes}

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        def collate(recordings: list[Recording]) -> Batch:
            generator = torch.default_generator
            return collate_digits([vary(recording, self.train, self.options, generator) for recording in recordings])

        return make_loader(self.train, [len(r.samples) for r in self.train], collate, batch_size, seed)

    def validation_batches(self) -> list[Batch]:
        return self._heard(self.validation, "validation")

    def test_batches(self) -> list[Batch]:
        return self._heard(self.test, "test")

    def _heard(self, recordings: list[Recording], split: str) -> list[Batch]:
        if self.options["condition"]:
            recordings = worsen(recordings, self.options["condition"], split)
        return split_batches(recordings, collate_digits, len(recordings))

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_classes(outputs, batches)

    def draw(self, outputs: Sequence[Tensor], batches: Sequence[Batch], path: Path) -> None:
        draw_confusions(count_confusions(outputs, batches), self.classes, path)


def collate_digits(recordings: Sequence[Recording]) -> Batch:
    """Return a padded batch: (B, T, HOP) samples, lengths in steps, digits (B,)."""
    input, lengths = pad_sequences([to_steps(recording.samples, HOP) for recording in recordings])
    return Batch(input, lengths, torch.tensor([recording.digit for recording in recordings]))


def vary(recording: Recording, voices: Sequence[Recording], options: dict[str, Any], generator: Generator) -> Recording:
    """Return a recording as it is elsewhere: its speed, microphone, edges, room, silence, noise, line and level differ.

    Args:
        recording: to be changed.
        voices: of which babble is made.
        options: those of `EFFECTS`.
        generator: what is drawn from.
    """
    samples = recording.samples
    if options["speed"]:
        samples = effects.change_speed(samples, 1 + effects.uniform(-options["speed"], options["speed"], generator))
    if happens(options["colour_share"], generator):
        samples = effects.colour(samples, COLOUR, SAMPLE_RATE, generator)
    if happens(options["trim_share"], generator):
        samples = effects.trim_edges(samples, effects.uniform(*TRIM, generator), HOP)
    if happens(options["room_share"], generator):
        samples = effects.reverberate(samples, effects.uniform(*ECHO_SECONDS, generator), SAMPLE_RATE, generator)
    reference = effects.level(samples)
    if options["silence"]:
        before, after = (round(effects.uniform(0, options["silence"], generator) * SAMPLE_RATE) for _ in range(2))
        samples = torch.nn.functional.pad(samples, (before, after))
    # Drawn even for a share of 0: the fixed test streams of the detector depend on the number of draws.
    if effects.uniform(0, 1, generator) < options["noise_share"]:
        low, high = options["noise_ratio"]
        kind = effects.NOISES[effects.pick(len(effects.NOISES), generator)]
        noise = effects.make_noise(kind, len(samples), voices, generator)
        samples = effects.add_noise(samples, noise, effects.uniform(low, high, generator), reference)
    if happens(options["band_share"], generator):
        low, high = effects.uniform(*BAND_LOW, generator), effects.uniform(*BAND_HIGH, generator)
        samples = effects.limit_band(samples, low, high, SAMPLE_RATE)
    loudest, softest = options["level"], max(options["level"], options["softest"])
    if softest:
        samples = effects.change_level(samples, effects.uniform(-softest, loudest, generator))
    return Recording(samples, recording.digit, recording.speaker)


def happens(share: float, generator: Generator) -> bool:
    """Draw whether something happens that does so in a share of the cases; a share of 0 draws nothing."""
    return share > 0 and effects.uniform(0, 1, generator) < share
