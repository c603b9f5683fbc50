"""FSDD in noise: streams of a few seconds, a score for each of ten keywords every 10 ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Generator, Tensor, nn
from torch.utils.data import DataLoader

from zoo.data.fsdd import DIGITS, SAMPLE_RATE, Recording
from zoo.data.sounds import to_steps
from zoo.training.batching import Batch, make_loader, pad_sequences, split_batches
from zoo.training.event_metrics import Detections
from zoo.training.learners.detection import HERE, UNSAID, DetectionLearner, collect_detections, score_trials
from zoo.training.pictures import draw_det
from zoo.training.sound import effects
from zoo.training.sound.made_speech import make_others
from zoo.training.tasks.base import read_options
from zoo.training.tasks.fsdd import EFFECTS, HOP, NUM_DIGITS, FsddTask, vary

OPTIONS: dict[str, Any] = {
    "speed": 0.0,
    "level": 0.0,
    "ratio": [0.0, 20.0],  # signal to noise in dB: of the words' level, drawn per stream
    "streams_per_epoch": 640,
    "positive_weight": 3.0,
    "hours_without": 1.0,  # of test streams in which no keyword is said
}
MOST_WORDS = 4
GAPS = (0.1, 0.5)  # seconds
# A detection counts from shortly before the end of a word to some time after it.
EARLY, LATE = 5, 20  # steps
# Two detections of a keyword lie apart by more than this, and a hit may lie beside the marked steps by that.
APART, MARGIN = 30, 20  # steps
STEPS_PER_HOUR = 3600 * SAMPLE_RATE / HOP
# False alarms an hour, of all keywords together, at which misses are told: among other keywords, and without any.
AMONG_OTHERS, WITHOUT_ANY = 60.0, 1.0
# Streams without a keyword: this many sounds each, of so many different ones; every fourth is noise alone.
SOUNDS, DIFFERENT, NOISE_EVERY = 30, 400, 4
NOISE_SECONDS, NOISE_LEVEL = 25.0, (-50.0, -10.0)
STREAMS = {"validation": 240, "test": 600}
SEEDS = {"validation": 3, "test": 4, "without": 5}
BATCH_SIZE = 75
FAST_STREAMS = 16
TEST_RATIO = [0.0, 20.0]
# Log-odds to begin with: most steps have no keyword, and to start there spares the features.
RARE = -3.0


@dataclass(frozen=True)
class Stream:
    """Words in noise.

    Args:
        steps: (T, HOP) samples.
        target: int8 (T, keywords), as `DetectionLearner` wants it.
    """

    steps: Tensor
    target: Tensor


class DigitDetection(FsddTask):
    """Which of ten keywords has just been said, if any?"""

    metric = "equal_error_rate"
    mode: ClassVar[Literal["min", "max"]] = "min"
    learner = DetectionLearner

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "fsdd_detection")
        self.positive_weight = self.options["positive_weight"]
        self.load(fast)
        self.streams_per_epoch = FAST_STREAMS if fast else self.options["streams_per_epoch"]
        self.fast = fast

    def record(self) -> dict[str, Any]:
        return {"classes": list(DIGITS)}

    def model_overrides(self) -> dict[str, Any]:
        return {"input_size": HOP, "sample_rate": SAMPLE_RATE, "num_classes": NUM_DIGITS}

    def prepare_(self, model: nn.Module) -> None:
        super().prepare_(model)
        head: Any = model.get_submodule("head")
        head.bias.fill_(RARE)

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        def collate(places: list[int]) -> Batch:
            generator = torch.default_generator
            count = 1 + effects.pick(MOST_WORDS, generator)  # one for all, so that little is padded
            return collate_streams([make_stream(self.train, count, self.options, generator) for _ in places])

        places = range(self.streams_per_epoch)
        return make_loader(places, [0] * len(places), collate, batch_size, seed, bucket=False)

    def validation_batches(self) -> list[Batch]:
        return self._fixed(self.validation, "validation")

    def test_batches(self) -> list[Batch]:
        without = make_streams_without(self.test, self.options["hours_without"])
        return [*self._fixed(self.test, "test"), *split_batches(without, collate_streams, BATCH_SIZE)]

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return {**score_trials(outputs, batches), **score_events(*self._detections(outputs, batches))}

    def draw(self, outputs: Sequence[Tensor], batches: Sequence[Batch], path: Path) -> None:
        draw_det(*self._detections(outputs, batches), DIGITS, path)

    def _detections(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> tuple[Detections, Detections]:
        return collect_detections(outputs, batches, STEPS_PER_HOUR, APART, MARGIN)

    def _fixed(self, recordings: Sequence[Recording], split: str) -> list[Batch]:
        """Return a split's streams, always the same, whatever the options."""
        generator = torch.Generator().manual_seed(SEEDS[split])
        options = {**OPTIONS, "ratio": TEST_RATIO}
        count = FAST_STREAMS if self.fast else STREAMS[split]
        streams = [make_stream(recordings, 1 + k % MOST_WORDS, options, generator) for k in range(count)]
        streams.sort(key=lambda stream: len(stream.steps))
        return split_batches(streams, collate_streams, BATCH_SIZE)


def make_stream(recordings: Sequence[Recording], count: int, options: dict[str, Any], generator: Generator) -> Stream:
    """Draw words of any speakers, join them with gaps, and put noise of one kind under all of it."""
    chosen = [recordings[effects.pick(len(recordings), generator)] for _ in range(count)]
    quiet = EFFECTS | {"speed": options["speed"]}
    chosen = [vary(recording, recordings, quiet, generator) for recording in chosen]
    gaps = [effects.uniform(*GAPS, generator) for _ in range(count + 1)]
    words = effects.join_words(chosen, gaps, SAMPLE_RATE, generator)
    reference = effects.level(torch.cat([recording.samples for recording in chosen]))
    low, high = options["ratio"]
    kind = effects.NOISES[effects.pick(len(effects.NOISES), generator)]
    noise = effects.make_noise(kind, len(words.samples), recordings, generator)
    samples = effects.add_noise(words.samples, noise, effects.uniform(low, high, generator), reference)
    if options["level"]:
        samples = effects.change_level(samples, effects.uniform(-options["level"], options["level"], generator))
    steps = to_steps(samples, HOP)
    return Stream(steps, mark_ends(words, [len(recording.samples) for recording in chosen], len(steps)))


def make_streams_without(recordings: Sequence[Recording], hours: float) -> list[Stream]:
    """Return streams in which no keyword is said, always the same: other words, other languages, noise."""
    if not hours:
        return []
    generator = torch.Generator().manual_seed(SEEDS["without"])
    sounds = make_others("test", DIFFERENT, list(recordings))
    options = {**OPTIONS, "ratio": TEST_RATIO}
    streams: list[Stream] = []
    while sum(len(stream.steps) for stream in streams) < hours * STEPS_PER_HOUR:
        if len(streams) % NOISE_EVERY:
            streams.append(make_stream(sounds, SOUNDS, options, generator))
        else:
            streams.append(_make_noise(recordings, generator))
    return sorted(streams, key=lambda stream: len(stream.steps))


def _make_noise(recordings: Sequence[Recording], generator: Generator) -> Stream:
    kind = effects.NOISES[effects.pick(len(effects.NOISES), generator)]
    noise = effects.make_noise(kind, round(NOISE_SECONDS * SAMPLE_RATE), recordings, generator)
    steps = to_steps(effects.change_level(noise, effects.uniform(*NOISE_LEVEL, generator)), HOP)
    return Stream(steps, torch.zeros(len(steps), NUM_DIGITS, dtype=torch.int8))


def score_events(among: Detections, without: Detections) -> dict[str, float]:
    """Return the misses at one false alarm a minute among other keywords, and at one an hour in other sounds.

    Args:
        among: the detections of the streams in which keywords are said.
        without: those of streams in which none is said; there may be no such streams.

    Returns:
        Each share of misses with its threshold, in log-odds.
    """
    thresholds = {"a_minute": among.find_threshold(AMONG_OTHERS)}
    if without.hours:
        thresholds["an_hour"] = without.find_threshold(WITHOUT_ANY)
    found: dict[str, float] = {}
    for rate, threshold in thresholds.items():
        found |= {f"misses_at_1_{rate}": among.miss_rate(threshold), f"threshold_at_1_{rate}": threshold}
    return found


def mark_ends(words: effects.WordString, sizes: Sequence[int], num_steps: int) -> Tensor:
    """Return the target (num_steps, keywords): 1 about each keyword's end, -1 while it is being said, otherwise 0."""
    target = torch.zeros(num_steps, NUM_DIGITS, dtype=torch.int8)
    said = [
        (word, end, size) for word, end, size in zip(words.words, words.ends, sizes, strict=True) if word < NUM_DIGITS
    ]
    for word, end, size in said:
        first, last = (end - size) // HOP, -(-end // HOP)
        target[first : last + LATE + EARLY, word] = UNSAID
    for word, end, _ in said:
        last = -(-end // HOP)
        target[max(0, last - EARLY) : last + LATE, word] = HERE
    return target


def collate_streams(streams: Sequence[Stream]) -> Batch:
    """Return a padded batch: (B, T, HOP) samples, lengths in steps, int8 targets (B, T, keywords)."""
    input, lengths = pad_sequences([stream.steps for stream in streams])
    target, _ = pad_sequences([stream.target for stream in streams], UNSAID)
    return Batch(input, lengths, target)
