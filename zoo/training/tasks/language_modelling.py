"""Characters as streams: a batch is the next chunk of each of `batch_size` streams.

The state at the end of a batch is therefore the state at the beginning of the next one. The learner detaches it, so it
carries what was read and no gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from zoo.data.plain_text import CharacterText
from zoo.data.settings import Setting
from zoo.data.source import DataError
from zoo.errors import ArgumentError
from zoo.training.batching import Batch, process_rank
from zoo.training.learners.language_modelling import LanguageModellingLearner, score_characters
from zoo.training.tasks.base import Task

OPTIONS: dict[str, Any] = {
    "steps": 128,  # characters between two truncations
    "hold_out": True,  # keep the validation part out of training; False once nothing is left to decide
    "streams": 8,  # rows that validation and test text is cut into, each read from a fresh state
    "block": 0,  # characters of a block of the test text, each read from a fresh state, for a second figure; 0 for none
}
FAST_CHARACTERS = 16_000


class Streams(Dataset[Batch]):
    """A text cut into rows of equal length; entry `start` is every row's chunk from that place on."""

    def __init__(self, tokens: Tensor, rows: int, steps: int) -> None:
        self.tokens, self.rows, self.steps = tokens, rows, steps

    @property
    def row_length(self) -> int:
        """Characters of a row that can begin a chunk, with every process's rows counted."""
        # One chunk less than there is, so that an epoch can begin anywhere in the first one.
        return (len(self.tokens) - 1 - self.steps) // (self.rows * process_rank()[1])

    def __getitem__(self, start: int) -> Batch:
        rank, _ = process_rank()
        begins = torch.arange(rank * self.rows, (rank + 1) * self.rows) * self.row_length + start
        places = begins.unsqueeze(1) + torch.arange(self.steps)  # (B, T)
        return Batch(self.tokens[places], None, self.tokens[places + 1])


class ChunksInOrder(Sampler[int]):
    """Where the chunks of an epoch start; every epoch shifts them, so that they end at other places."""

    def __init__(self, streams: Streams, seed: int) -> None:
        self.streams, self.seed, self.epoch = streams, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.streams.row_length // self.streams.steps

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        shift = int(torch.randint(self.streams.steps, [], generator=generator))
        return iter(range(shift, shift + len(self) * self.streams.steps, self.streams.steps))


class CharacterPrediction(Task):
    """Characters in, scores of the next one out; nats per character. A derived class gives the text.

    The test text is read twice: as long streams, and where `task.options.block` says so, in blocks, as others report.
    """

    metric = "nats_per_character"
    mode: ClassVar[Literal["min", "max"]] = "min"
    learner = LanguageModellingLearner

    def set_text(self, text: CharacterText, fast: bool) -> None:
        """Take a text in three parts; few of its characters to train and validate on where `fast`.

        Raises:
            DataError: a part is too short for the options.
        """
        self.text = text
        self.train = text.train if self.options["hold_out"] else torch.cat([text.train, text.validation])
        steps = self.options["steps"]
        if len(self.train) < 2 * steps + 1:  # one stream, which can begin anywhere in its first chunk
            raise DataError(
                f"the part to train on has {len(self.train):,} characters, and {steps} steps need {2 * steps + 1:,}; "
                "give a longer text",
                Setting("steps", ("STEPS",), "for fewer characters between two truncations"),
            )
        self.refuse_short(text.validation, "validate")
        self.refuse_short(text.test, "test")
        self.most = FAST_CHARACTERS if fast else len(self.train)

    def refuse_short(self, tokens: Tensor, purpose: str) -> None:
        """Refuse a part that leaves a row without a character.

        Raises:
            DataError: it is shorter than its streams, or than a block of the test.
        """
        streams, block = self.options["streams"], self.options["block"]
        if len(tokens) <= streams:
            raise DataError(
                f"the part to {purpose} has {len(tokens):,} characters, too few for {streams:,} streams; give a longer "
                "text",
                Setting("streams", ("ROWS",), "for fewer streams"),
            )
        if purpose == "test" and len(tokens) <= block:
            raise DataError(
                f"the part to test has {len(tokens):,} characters, too few for a block of {block:,} and the one after "
                "it; give a longer text",
                Setting("block", ("CHARACTERS",), "for shorter blocks, or 0 for none"),
            )

    def model_overrides(self) -> dict[str, Any]:
        return {"characters": self.text.characters, "vocab_size": len(self.text.characters)}

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        streams = Streams(self.train[: self.most], batch_size, self.options["steps"])
        if streams.row_length < self.options["steps"]:
            raise ArgumentError(
                f"{len(streams.tokens):,} characters are too few for {batch_size} streams of {self.options['steps']} "
                "steps; lower training.batch_size or the option steps"
            )
        return DataLoader(streams, batch_size=None, sampler=ChunksInOrder(streams, seed))

    def validation_batches(self) -> list[Batch]:
        return [cut_rows(self.text.validation[: self.most], self.options["streams"])]

    def test_batches(self) -> list[Batch]:
        tokens, block = self.text.test, self.options["block"]
        streams = cut_rows(tokens, self.options["streams"])
        return [streams, cut_rows(tokens, (len(tokens) - 1) // block)] if block else [streams]

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        """Return the nats per character of the first batch, and those in blocks, where there is a second one."""
        found = {self.metric: score_characters(outputs[:1], batches[:1])}
        return {**found, "nats_in_blocks": score_characters(outputs[1:], batches[1:])} if len(batches) > 1 else found


def cut_rows(tokens: Tensor, rows: int) -> Batch:
    """Return a text as rows of equal length, one after the other: (rows, T) tokens, and the ones that follow each.

    What is left at the end of the text, less than a character a row, is left out.
    """
    length = (len(tokens) - 1) // rows
    input = tokens[: rows * length].view(rows, length)
    return Batch(input, None, tokens[1 : rows * length + 1].view(rows, length))
