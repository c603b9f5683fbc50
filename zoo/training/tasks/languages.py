"""Short texts: in which of 23 languages is this? A text is its UTF-8 bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from zoo.data.manual_pages import LANGUAGES, SOURCE, load_manual_pages
from zoo.data.snippets import draw_different, draw_snippet, drop_accents, insert_number
from zoo.errors import ArgumentError
from zoo.training.batching import Batch, make_loader, split_batches
from zoo.training.learners.classification import (
    ClassificationLearner,
    count_confusions,
    score_classes,
    score_classes_alike,
)
from zoo.training.pictures import draw_confusions
from zoo.training.tasks.base import UNCHANGED, Task, read_options
from zoo.training.tasks.byte_texts import collate_texts, drop_bytes, open_lines
from zoo.training.tasks.new_data import NewData

# Ways to write a snippet, and the shares of training snippets that are written so.
WAYS: dict[str, Callable[[str, random.Random], str]] = {
    "capitals": lambda text, generator: text.upper(),
    "small": lambda text, generator: text.lower(),
    "accents": lambda text, generator: drop_accents(text),
    "numbers": insert_number,
}
OPTIONS: dict[str, Any] = {
    "snippets": 2500,  # of each language in an epoch
    "shortest": 10,  # fewest characters of a snippet in training
    "longest": 60,  # most of them
    "capitals": 0.0,  # share of the training snippets in capitals
    "small": 0.0,  # share in small letters
    "accents": 0.0,  # share that loses its accents
    "numbers": 0.0,  # share that gets a number between two words
    "drop_bytes": 0.0,  # probability that a byte is replaced by 0
    "label_smoothing": 0.0,
    "condition": "",  # of `CONDITIONS`, in which validation and test are read
}
# Characters of a snippet to judge by, and how many snippets there are of each size and language.
SIZES = (20, 40, 60)
VALIDATION_SNIPPETS, TEST_SNIPPETS, FAST_SNIPPETS = 60, 100, 4
# Condition -> sizes of the snippets, and the ways in which all of them are written.
CONDITIONS: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    **{f"{size} characters": ((size,), ()) for size in SIZES},
    "capitals": (SIZES, ("capitals",)),
    "no accents": (SIZES, ("accents",)),
    "a number in it": (SIZES, ("numbers",)),
}
SEED = 0
ROWS = 10 * len(LANGUAGES)

Snippet = tuple[str, int]


class Languages(Task):
    """Which language?"""

    about = SOURCE
    metric = "accuracy"
    mode: ClassVar[Literal["min", "max"]] = "max"
    learner = ClassificationLearner

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "languages")
        condition = self.options["condition"]
        if condition not in ("", *CONDITIONS):
            raise ArgumentError(f"no condition is called {condition!r}; there are {', '.join(CONDITIONS)}")
        self.sizes, self.ways = CONDITIONS.get(condition, (SIZES, ()))
        self.label_smoothing = self.options["label_smoothing"]
        self.fast = fast
        self.data = load_manual_pages()

    @classmethod
    def open_new(
        cls, options: dict[str, Any], record: dict[str, Any], data: str, reading: Mapping[str, Any] = UNCHANGED
    ) -> NewData:
        """Return the lines of a file; each has the language that is most likely."""
        return open_lines(data, record["classes"])

    def record(self) -> dict[str, Any]:
        return {"classes": list(LANGUAGES.values())}

    def model_overrides(self) -> dict[str, Any]:
        return {"vocab_size": 256, "num_classes": len(LANGUAGES)}

    def draw_train(self, number: int, seed: int) -> list[Snippet]:
        """Return snippets of the training part of all sizes, as many of each language.

        Args:
            number: of each language.
            seed: fixes the draw.
        """
        generator = random.Random(seed)
        sizes = [(label, size) for label in range(len(LANGUAGES)) for size in self._draw_sizes(number, generator)]
        return [self._draw(label, size, generator) for label, size in sizes]

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        generator = random.Random(seed)
        number = FAST_SNIPPETS if self.fast else self.options["snippets"]
        examples, lengths = [], []
        for label, language in enumerate(LANGUAGES):
            known = self.data.train[language]
            width = sum(len(sentence.encode()) for sentence in known) / sum(map(len, known))
            for size in self._draw_sizes(number, generator):
                examples.append((label, size))
                lengths.append(round(width * size))
        return make_loader(examples, lengths, self._collate, batch_size, seed)

    def validation_batches(self) -> list[Batch]:
        return self._read(self.data.validation, FAST_SNIPPETS if self.fast else VALIDATION_SNIPPETS)

    def test_batches(self) -> list[Batch]:
        return self._read(self.data.test, TEST_SNIPPETS)

    def augment(self, batch: Batch) -> Batch:
        return drop_bytes(batch, self.options["drop_bytes"])

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        scores = score_classes_alike(outputs, batches)
        parts = len(self.sizes)  # snippets of a size stand together
        targets = torch.cat([batch.target for batch in batches]).chunk(parts)
        for size, called, target in zip(self.sizes, torch.cat(list(outputs)).chunk(parts), targets, strict=True):
            scores[f"accuracy_{size}"] = score_classes([called], [Batch(target, None, target)])["accuracy"]
        return scores

    def draw(self, outputs: Sequence[Tensor], batches: Sequence[Batch], path: Path) -> None:
        draw_confusions(count_confusions(outputs, batches), list(LANGUAGES), path)

    def _draw_sizes(self, number: int, generator: random.Random) -> list[int]:
        return [generator.randint(self.options["shortest"], self.options["longest"]) for _ in range(number)]

    def _draw(self, label: int, size: int, generator: random.Random) -> Snippet:
        """Return a snippet of the training part, written in other ways in their shares."""
        language = list(LANGUAGES)[label]
        text = draw_snippet(self.data.train[language], language, size, generator)
        for way, write in WAYS.items():
            if generator.random() < self.options[way]:
                text = write(text, generator)
        return text, label

    def _collate(self, examples: Sequence[tuple[int, int]]) -> Batch:
        """Return a batch of new snippets of these labels and sizes, by torch's global generator."""
        generator = random.Random(int(torch.randint(2**31, ())))
        return collate_texts([self._draw(label, size, generator) for label, size in examples])

    def _read(self, sentences: Mapping[str, Sequence[str]], number: int) -> list[Batch]:
        """Return the fixed snippets of a part, size by size, with the languages in turn."""
        snippets = []
        for size in self.sizes:
            drawn = [draw_different(sentences[one], one, size, number, SEED) for one in LANGUAGES]
            snippets += [(text, label) for turn in zip(*drawn, strict=True) for label, text in enumerate(turn)]
        generator = random.Random(SEED)
        for way in self.ways:
            snippets = [(WAYS[way](text, generator), label) for text, label in snippets]
        return split_batches(snippets, collate_texts, ROWS)
