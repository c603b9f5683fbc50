"""FSDD, one digit per recording: raw 8 kHz samples in, ten scores out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Generator, Tensor, nn
from torch.utils.data import DataLoader

from zoo.data.fsdd import DIGITS, SAMPLE_RATE, SOURCE, Recording, load_fsdd
from zoo.data.sounds import to_steps
from zoo.training import sound
from zoo.training.batching import Batch, make_loader, pad_sequences, split_batches
from zoo.training.learners.classification import ClassificationLearner, count_confusions, score_classes
from zoo.training.pictures import draw_confusions
from zoo.training.tasks.base import Task, read_options
from zoo.training.tasks.statistics import set_log_mel_statistics_

# Samples per step: 10 ms.
HOP = SAMPLE_RATE // 100
NUM_DIGITS = 10
FAST_RECORDINGS = 60
# Recordings that the features' mean and deviation are taken from.
STATISTICS = 600

OPTIONS: dict[str, Any] = {
    "speed": 0.0,  # largest relative change
    "level": 0.0,  # largest change in dB
    "noise_share": 0.0,  # of the recordings that get noise
    "noise_ratio": [5.0, 40.0],  # signal to noise, dB
    "silence": 0.0,  # longest silence before and after, seconds
    "label_smoothing": 0.0,
}


class FsddTask(Task):
    """What the three tasks on FSDD share: the splits, and the statistics of log-mel features."""

    about = SOURCE

    def load(self, fast: bool) -> None:
        """Read the splits; few recordings of each where `fast`."""
        splits = load_fsdd()
        step = len(splits.train) // FAST_RECORDINGS if fast else 1
        self.train, self.validation, self.test = splits.train[::step], splits.validation, splits.test
        if fast:
            self.validation = self.validation[:: len(self.validation) // FAST_RECORDINGS]

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

    def model_overrides(self) -> dict[str, Any]:
        return {"input_size": HOP, "sample_rate": SAMPLE_RATE, "num_classes": NUM_DIGITS}

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        def collate(recordings: list[Recording]) -> Batch:
            generator = torch.default_generator
            return collate_digits([vary(recording, self.train, self.options, generator) for recording in recordings])

        return make_loader(self.train, [len(r.samples) for r in self.train], collate, batch_size, seed)

    def validation_batches(self) -> list[Batch]:
        return split_batches(self.validation, collate_digits, len(self.validation))

    def test_batches(self) -> list[Batch]:
        return split_batches(self.test, collate_digits, len(self.test))

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_classes(outputs, batches)

    def draw(self, outputs: Sequence[Tensor], batches: Sequence[Batch], path: Path) -> None:
        draw_confusions(count_confusions(outputs, batches), DIGITS, path)


def collate_digits(recordings: Sequence[Recording]) -> Batch:
    """Return a padded batch: (B, T, HOP) samples, lengths in steps, digits (B,)."""
    input, lengths = pad_sequences([to_steps(recording.samples, HOP) for recording in recordings])
    return Batch(input, lengths, torch.tensor([recording.digit for recording in recordings]))


def vary(recording: Recording, voices: Sequence[Recording], options: dict[str, Any], generator: Generator) -> Recording:
    """Return a recording at another speed and level, with silence around and noise under it, as options say."""
    samples = recording.samples
    if options["speed"]:
        samples = sound.change_speed(samples, 1 + sound.uniform(-options["speed"], options["speed"], generator))
    if options["silence"]:
        before, after = (round(sound.uniform(0, options["silence"], generator) * SAMPLE_RATE) for _ in range(2))
        reference = sound.level(samples)
        samples = torch.nn.functional.pad(samples, (before, after))
    else:
        reference = sound.level(samples)
    if sound.uniform(0, 1, generator) < options["noise_share"]:
        low, high = options["noise_ratio"]
        kind = sound.NOISES[sound.pick(len(sound.NOISES), generator)]
        noise = sound.make_noise(kind, len(samples), voices, generator)
        samples = sound.add_noise(samples, noise, sound.uniform(low, high, generator), reference)
    if options["level"]:
        samples = sound.change_level(samples, sound.uniform(-options["level"], options["level"], generator))
    return Recording(samples, recording.digit, recording.speaker)
