"""Does anybody speak? Streams of several seconds, log-odds of speech every 32 ms; new speakers and noises in the test.

Voices are those of FSDD and of espeak-ng. No speaker, voice, language or word of a split is in another one.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import torch
from torch import Generator, Tensor, nn
from torch.utils.data import DataLoader

from zoo.data import fsdd
from zoo.data.sounds import resample
from zoo.errors import ArgumentError
from zoo.training.batching import Batch, make_loader, pad_sequences, split_batches
from zoo.training.learners.detection import HERE, UNSAID, DetectionLearner, score_steps
from zoo.training.sound import activity, effects, noises
from zoo.training.sound.made_speech import make_phrases
from zoo.training.sound.noises import NoiseBank
from zoo.training.tasks.base import UNCHANGED, Task, read_options
from zoo.training.tasks.fsdd import BAND_HIGH, BAND_LOW, ECHO_SECONDS, happens
from zoo.training.tasks.new_data import NewData
from zoo.training.tasks.new_recordings import READING, find_recordings, read_steps
from zoo.training.tasks.statistics import set_log_mel_statistics_

# Samples per second -> samples per step: 32 ms, the chunk of other detectors.
HOPS = {8000: 256, 16000: 512}
SPEAKERS = {
    "train": ("george", "jackson", "lucas"),
    "validation": ("nicolas",),
    "test": ("theo", "yweweler"),
}
PHRASES = {"train": 1200, "validation": 200, "test": 400}
STREAMS, STREAMS_IN_CONDITION = {"validation": 150, "test": 480}, 60
SEEDS = {"train": 20, "validation": 21, "test": 22, "room": 23}
TRAIN_STEPS, HELD_STEPS = 160, 256  # of a stream: 5.1 and 8.2 s
CLIPS, CLIP_STEPS = {"train": 60, "validation": 20, "test": 30}, 320  # of each kind of noise
FAST_STREAMS, FAST_PHRASES, FAST_CLIPS, FAST_STEP = 16, 20, 2, 20
BATCH_SIZE = 60
# Level of the voices at 0 dB, and of what a quiet room leaves under them, as amplitudes.
VOICE, QUIET = 0.05, 3e-4
# Of the streams: so many have no voice, and so many no noise but that of the room.
SILENT_SHARE, CLEAN_SHARE = 0.15, 0.15
STATISTICS = 200  # streams

OPTIONS: dict[str, Any] = {
    "streams_per_epoch": 1000,
    "speed": 0.0,  # largest relative change of a recording's speed
    "ratio": [-5.0, 25.0],  # signal to noise in dB: of the voices' level, drawn per stream
    "loudest": 10.0,  # dB
    "softest": 30.0,  # dB below
    "room_share": 0.0,  # of the recordings that have an echo
    "band_share": 0.0,  # of the streams that lose what is below or above a band
    "delay": 0,  # steps after which the answer to a step is given
    "sample_rate": 8000,  # or 16000
    "condition": "",  # of `CONDITIONS`, in which the test is heard
}
# What validation and test streams are, whatever the options of the training but the rate.
HELD = OPTIONS | {"ratio": [0.0, 20.0], "loudest": 5.0, "softest": 15.0}
REAL, MADE, CLEAN, ROOM, SEEN, HELD_OUT = (
    "voices of FSDD",
    "voices of espeak-ng",
    "no noise",
    "room",
    "noises of training",
    "unseen noises",
)
RATIOS = {f"{ratio} dB": float(ratio) for ratio in (20, 10, 5, 0)}
CONDITIONS = (CLEAN, *RATIOS, SEEN, HELD_OUT, *noises.TRAINED, *noises.UNSEEN, REAL, MADE, ROOM)


@dataclass(frozen=True)
class Scene:
    """What may be heard in a stream.

    Args:
        voices: groups of recordings (N_i,), of which a stream has one group.
        noises: of which a stream has a piece.
        steps: of the stream.
        options: of the task.
        clean_share: of the streams, those without noise.
    """

    voices: list[list[Tensor]]
    noises: NoiseBank
    steps: int
    options: dict[str, Any]
    clean_share: float = CLEAN_SHARE


@dataclass(frozen=True)
class Stream:
    """Samples (T, samples per step), and the target int8 (T, 1), which is 1 where somebody speaks."""

    steps: Tensor
    target: Tensor


class SpeechActivity(Task):
    """In which steps does somebody speak?"""

    about = fsdd.SOURCE
    metric = "area_under_roc"
    mode: ClassVar[Literal["min", "max"]] = "max"
    learner = DetectionLearner
    reading = tuple(READING)

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "speech_activity")
        if self.options["condition"] not in ("", *CONDITIONS):
            raise ArgumentError(
                f"no condition is called {self.options['condition']!r}; expected one of: {'; '.join(CONDITIONS)}"
            )
        self.sample_rate = self.options["sample_rate"]
        if self.sample_rate not in HOPS:
            raise ArgumentError(f"sample_rate must be one of {', '.join(map(str, HOPS))} Hz; got {self.sample_rate}")
        self.fast = fast
        self.streams_per_epoch = FAST_STREAMS if fast else self.options["streams_per_epoch"]
        read_recordings(self.sample_rate)  # says what is missing before anything else is made

    @cached_property
    def train(self) -> Scene:
        """What is trained on; speech is made for the training only, since an evaluation does without."""
        return make_scene("train", self.options, TRAIN_STEPS, self.fast)

    def record(self) -> dict[str, Any]:
        return {"classes": ["speech"]}

    @classmethod
    def open_new(
        cls, options: dict[str, Any], record: dict[str, Any], data: str, reading: Mapping[str, Any] = UNCHANGED
    ) -> NewData:
        """Return a recording, or all of a folder; each has the times in which speech is more likely than not."""
        options = read_options(options, OPTIONS, "speech_activity")
        rate, delay = options["sample_rate"], options["delay"]
        paths = find_recordings(data)

        def describe(outputs: Sequence[Tensor]) -> list[list[str]]:
            seconds = HOPS[rate] / rate
            found = [activity.find_stretches(output[0, delay:, 0] > 0) for output in outputs]  # each (1, T, 1)
            return [
                [str(path), f"{begin * seconds:.3f}", f"{end * seconds:.3f}"]
                for path, stretches in zip(paths, found, strict=True)
                for begin, end in stretches
            ]

        inputs = read_steps(paths, reading, rate, HOPS[rate], silence=delay)
        return NewData(inputs, ["file", "begin", "end"], describe)

    def model_overrides(self) -> dict[str, Any]:
        return {"input_size": HOPS[self.sample_rate], "sample_rate": self.sample_rate, "num_classes": 1}

    def prepare_(self, model: nn.Module) -> None:
        generator = torch.Generator().manual_seed(0)
        streams = [make_stream(self.train, generator) for _ in range(min(STATISTICS, self.streams_per_epoch))]
        set_log_mel_statistics_(model, collate_streams(streams))

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        def collate(places: list[int]) -> Batch:
            batch = collate_streams([make_stream(self.train, torch.default_generator) for _ in places])
            return delay_targets(batch, self.options["delay"])

        places = range(self.streams_per_epoch)
        return make_loader(places, [0] * len(places), collate, batch_size, seed, bucket=False)

    def validation_batches(self) -> list[Batch]:
        return self._held_batches("validation", "")

    def test_batches(self) -> list[Batch]:
        return self._held_batches("test", self.options["condition"])

    def _held_batches(self, split: str, condition: str) -> list[Batch]:
        batches = make_held_batches(split, condition, self.sample_rate, self.fast)
        return [delay_targets(batch, self.options["delay"]) for batch in batches]

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_steps(outputs, batches)


@functools.cache
def read_recordings(rate: int) -> list[fsdd.Recording]:
    """Return all of FSDD at a rate; its own splits are of recordings, and speakers count here."""
    splits = fsdd.load_fsdd()
    return [
        replace(recording, samples=resample(recording.samples, fsdd.SAMPLE_RATE, rate))
        for recording in [*splits.train, *splits.validation, *splits.test]
    ]


def make_scene(split: str, options: dict[str, Any], steps: int, fast: bool) -> Scene:
    """Return a split's voices and noises, always the same."""
    generator, rate = torch.Generator().manual_seed(SEEDS[split]), options["sample_rate"]
    recordings = read_recordings(rate)[:: FAST_STEP if fast else 1]
    real = [recording.samples for recording in recordings if recording.speaker in SPEAKERS[split]]
    phrases = make_phrases(split, FAST_PHRASES if fast else PHRASES[split], rate)
    voices = [real, [phrase.samples for phrase in phrases]]
    voices = [[put_into_room(samples, options["room_share"], rate, generator) for samples in group] for group in voices]
    kinds = (*noises.TRAINED, *(noises.UNSEEN if split == "test" else ()))
    count = FAST_CLIPS if fast else CLIPS[split]
    bank = noises.make_bank(kinds, count, CLIP_STEPS * HOPS[rate], rate, generator)
    return Scene(voices, bank, steps, options)


@functools.cache
def make_held_scene(split: str, rate: int, fast: bool) -> Scene:
    """Return the scene of a split that is not trained on, whatever the options of the training but the rate."""
    return make_scene(split, HELD | {"sample_rate": rate}, HELD_STEPS, fast)


@functools.lru_cache(maxsize=4)
def make_held_batches(split: str, condition: str, rate: int, fast: bool) -> list[Batch]:
    """Return a split's streams in a condition, always the same."""
    scene = change_scene(make_held_scene(split, rate, fast), condition)
    generator = torch.Generator().manual_seed(SEEDS[split] + 100)
    count = FAST_STREAMS if fast else STREAMS_IN_CONDITION if condition else STREAMS[split]
    return split_batches([make_stream(scene, generator) for _ in range(count)], collate_streams, BATCH_SIZE)


def change_scene(scene: Scene, condition: str) -> Scene:
    """Return a scene as it is in a condition; an empty one changes nothing."""
    if not condition:
        return scene
    if condition in RATIOS:
        ratio = RATIOS[condition]
        return replace(scene, options=scene.options | {"ratio": [ratio, ratio]}, clean_share=0.0)
    if condition in (REAL, MADE):
        return replace(scene, voices=[scene.voices[(REAL, MADE).index(condition)]])
    if condition == ROOM:
        generator = torch.Generator().manual_seed(SEEDS["room"])
        rate = scene.options["sample_rate"]
        voices = [[put_into_room(samples, 1.0, rate, generator) for samples in group] for group in scene.voices]
        return replace(scene, voices=voices)
    if condition == CLEAN:
        return replace(scene, clean_share=1.0)
    kinds = {SEEN: tuple(noises.TRAINED), HELD_OUT: tuple(noises.UNSEEN)}.get(condition, (condition,))
    clips = {kind: scene.noises.clips[kind] for kind in kinds}
    return replace(scene, noises=NoiseBank(clips), clean_share=0.0)


def put_into_room(samples: Tensor, share: float, rate: int, generator: Generator) -> Tensor:
    """Return a recording with the echo of a room, prolonged by it, in a share of the cases."""
    if not happens(share, generator):
        return samples
    seconds = effects.uniform(*ECHO_SECONDS, generator)
    longer = torch.nn.functional.pad(samples, (0, round(seconds * rate)))
    return effects.reverberate(longer, seconds, rate, generator)


def make_stream(scene: Scene, generator: Generator) -> Stream:
    """Draw voices, put noise of one kind under them, and play all of it at some level, through a line perhaps."""
    options, rate = scene.options, scene.options["sample_rate"]
    hop = HOPS[rate]
    size = scene.steps * hop
    samples, target = torch.zeros(size), torch.zeros(scene.steps, 1, dtype=torch.int8)
    if not happens(SILENT_SHARE, generator):
        group = scene.voices[effects.pick(len(scene.voices), generator)]
        voices = activity.place_recordings(group, size, hop, rate, generator, options["speed"])
        samples, target[voices.speech] = voices.samples, HERE
    if not happens(scene.clean_share, generator):
        noise = scene.noises.draw(size, generator)
        low, high = options["ratio"]
        samples = effects.add_noise(samples, noise, effects.uniform(low, high, generator), torch.tensor(1.0))
    samples = VOICE * samples + QUIET * torch.randn(size, generator=generator)
    if happens(options["band_share"], generator):
        low, high = effects.uniform(*BAND_LOW, generator), effects.uniform(*BAND_HIGH, generator)
        samples = effects.limit_band(samples, low, high, rate)
    samples = effects.change_level(samples, effects.uniform(-options["softest"], options["loudest"], generator))
    return Stream(samples.clamp(-1.0, 1.0).reshape(-1, hop), target)


def collate_streams(streams: Sequence[Stream]) -> Batch:
    """Return a batch: samples (B, T, samples per step), lengths in steps, int8 targets (B, T, 1)."""
    input, lengths = pad_sequences([stream.steps for stream in streams])
    target, _ = pad_sequences([stream.target for stream in streams], UNSAID)
    return Batch(input, lengths, target)


def delay_targets(batch: Batch, delay: int) -> Batch:
    """Return a batch whose target at each step is that of `delay` steps before; the first steps do not count."""
    kept = batch.target[:, : batch.target.size(1) - delay]
    return batch._replace(target=torch.nn.functional.pad(kept, (0, 0, delay, 0), value=UNSAID))
