"""FSDD, strings of digits: recordings of one speaker joined, read by CTC while they come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader

from zoo.data.fsdd import DIGITS, SAMPLE_RATE, Recording
from zoo.data.sounds import to_steps
from zoo.decoding import decode_ctc
from zoo.training.batching import Batch, make_loader, pad_sequences, split_batches
from zoo.training.learners.transcription import NO_LABEL, TranscriptionLearner, score_strings
from zoo.training.sound import effects
from zoo.training.tasks.base import UNCHANGED, read_options
from zoo.training.tasks.fsdd import EFFECTS, HOP, NUM_DIGITS, OF_WORDS, FsddTask, vary
from zoo.training.tasks.new_data import NewData
from zoo.training.tasks.new_recordings import find_recordings, read_steps

OPTIONS: dict[str, Any] = EFFECTS | {
    "digits_per_epoch": 2560,
    "aligned_epochs": 0,  # to begin with, see `TranscriptionLearner`
}
FEWEST, MOST = 1, 7
# Seconds; the stream goes on for a while after the last digit.
LONGEST_GAP, SHORTEST_END = 0.2, 0.1
# Steps from a digit's end to where it is taught: a causal model hears the end only when it is over.
DELAY = 8
# How often each held-out recording is said, each time in another string.
REPETITIONS = {"validation": 2, "test": 5}
SEEDS = {"validation": 1, "test": 2}
BATCH_SIZE = 75
FAST_DIGITS = 32


class DigitStrings(FsddTask):
    """Which digits, in which order?"""

    metric = "error_rate"
    mode: ClassVar[Literal["min", "max"]] = "min"
    learner = TranscriptionLearner

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "fsdd_strings")
        self.load(fast)
        self.aligned_epochs = self.options["aligned_epochs"]
        self.speakers = effects.by_speaker(self.train)
        self.digits_per_epoch = FAST_DIGITS if fast else self.options["digits_per_epoch"]

    def record(self) -> dict[str, Any]:
        return {"labels": list(DIGITS)}

    @classmethod
    def open_new(
        cls, options: dict[str, Any], record: dict[str, Any], data: str, reading: Mapping[str, Any] = UNCHANGED
    ) -> NewData:
        """Return a recording, or all of a folder; each has the digits that are heard, in their order.

        A digit is told `DELAY` steps after its end, so silence follows the recording.
        """
        paths = find_recordings(data)

        def describe(outputs: Sequence[Tensor]) -> list[list[str]]:
            found = [decode_ctc(output)[0].tolist() for output in outputs]  # each (1, T, labels)
            heard = [" ".join(record["labels"][k] for k in labels) for labels in found]
            return [[str(path), words] for path, words in zip(paths, heard, strict=True)]

        silence = round(LONGEST_GAP * SAMPLE_RATE) // HOP
        return NewData(read_steps(paths, reading, SAMPLE_RATE, HOP, silence), ["file", "labels"], describe)

    def model_overrides(self) -> dict[str, Any]:
        return {"input_size": HOP, "sample_rate": SAMPLE_RATE, "num_labels": NUM_DIGITS + 1}

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        """Return batches of about `batch_size` digits, in strings of one length so that little is padded."""

        def collate(places: list[int]) -> Batch:
            generator = torch.default_generator
            count = FEWEST + effects.pick(MOST - FEWEST + 1, generator)
            return collate_strings([self._draw(count, generator) for _ in range(-(-len(places) // count))])

        places = range(self.digits_per_epoch)
        return make_loader(places, [0] * len(places), collate, batch_size, seed, bucket=False)

    def validation_batches(self) -> list[Batch]:
        return split_batches(fixed_strings(self.validation, "validation"), collate_strings, BATCH_SIZE)

    def test_batches(self) -> list[Batch]:
        return split_batches(fixed_strings(self.test, "test"), collate_strings, BATCH_SIZE)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_strings(outputs, batches)

    def _draw(self, count: int, generator: Generator) -> effects.WordString:
        voices = self.speakers[effects.pick(len(self.speakers), generator)]
        chosen = [voices[effects.pick(len(voices), generator)] for _ in range(count)]
        quiet = EFFECTS | {effect: self.options[effect] for effect in OF_WORDS}
        joined = _join([vary(recording, self.train, quiet, generator) for recording in chosen], generator)
        others = self.options | dict.fromkeys(OF_WORDS, 0.0)
        whole = vary(Recording(joined.samples, 0, ""), self.train, others, generator)
        return effects.WordString(whole.samples, joined.words, joined.ends)


def fixed_strings(recordings: Sequence[Recording], split: str) -> list[effects.WordString]:
    """Return strings of 1 to 7 digits that say each recording as often as the split wants; always the same."""
    generator = torch.Generator().manual_seed(SEEDS[split])
    strings = []
    for voices in effects.by_speaker(recordings):
        for _ in range(REPETITIONS[split]):
            order = torch.randperm(len(voices), generator=generator).tolist()
            while order:
                count = FEWEST + effects.pick(MOST - FEWEST + 1, generator)
                chosen, order = order[:count], order[count:]
                strings.append(_join([voices[k] for k in chosen], generator))
    return sorted(strings, key=lambda string: len(string.samples))


def _join(recordings: Sequence[Recording], generator: Generator) -> effects.WordString:
    gaps = [effects.uniform(0, LONGEST_GAP, generator) for _ in recordings]
    gaps.append(effects.uniform(SHORTEST_END, LONGEST_GAP, generator))
    return effects.join_words(recordings, gaps, SAMPLE_RATE, generator)


def collate_strings(strings: Sequence[effects.WordString]) -> Batch:
    """Return a padded batch: (B, T, HOP) samples, lengths in steps, each digit `DELAY` after its end, else -1."""
    input, lengths = pad_sequences([to_steps(string.samples, HOP) for string in strings])
    target = torch.full(input.shape[:2], NO_LABEL)
    for row, string in zip(target, strings, strict=True):
        row[(torch.tensor(string.ends) - 1) // HOP + DELAY] = torch.tensor(string.words)
    return Batch(input, lengths, target)
