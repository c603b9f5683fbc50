"""The problems: adding (Hochreiter and Schmidhuber 1997), copy memory (Arjovsky et al. 2016), digits pixel by pixel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional

from zoo.training.batching import Batch

COPIED, LETTERS = 5, 4  # symbols to keep, and how many different ones there are
PIXELS, CLASSES, TEST_DIGITS = 64, 10, 360
TEST_ROWS = 512


class Problem(ABC):
    """What to learn, with which loss, and how the result is judged.

    Attributes:
        name: in tables.
        steps: between what has to be remembered and its use, about.
        updates: of the weights in a run.
        figure: name of the test figure; more of it is better where `more_is_better`.
        chance: the figure of a model that has learnt nothing.
        task, overrides: of the zoo's model.
    """

    name: str
    steps: int
    updates: int
    figure: str
    more_is_better: bool
    chance: float
    task: str
    overrides: dict[str, Any]

    @abstractmethod
    def draw(self, rows: int, generator: Generator) -> Batch:
        """Return a training batch."""

    @abstractmethod
    def test(self) -> Batch:
        """Return the test batch, always the same."""

    @abstractmethod
    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the mean loss of a batch."""

    @abstractmethod
    def score(self, output: Tensor, target: Tensor) -> float:
        """Return the figure of a batch."""


class Adding(Problem):
    """Two steps of a sequence are marked, one in each half; the answer is the sum of their values."""

    figure, more_is_better, chance, task = "MSE", False, 1 / 6, "classifier"
    overrides = {"input_size": 2, "num_classes": 1, "pooling": "last"}  # noqa: RUF012

    def __init__(self, steps: int, updates: int) -> None:
        self.name, self.steps, self.updates = f"adding {steps}", steps, updates

    def draw(self, rows: int, generator: Generator) -> Batch:
        values = torch.rand(rows, self.steps, generator=generator)
        half = self.steps // 2
        marks = torch.zeros(rows, self.steps)
        for start in (0, half):
            marks.scatter_(1, torch.randint(start, start + half, (rows, 1), generator=generator), 1.0)
        return Batch(torch.stack([values, marks], dim=2), None, (values * marks).sum(1))

    def test(self) -> Batch:
        return self.draw(TEST_ROWS, Generator().manual_seed(1_000_003))

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return functional.mse_loss(output[:, 0], target)

    def score(self, output: Tensor, target: Tensor) -> float:
        return float(self.loss(output, target))


class CopyMemory(Problem):
    """Symbols at the start are to be said at the end, after as many blanks as the problem has steps."""

    figure, more_is_better, chance, task = "symbols right", True, 1 / LETTERS, "tagger"
    overrides = {"vocab_size": LETTERS + 2, "input_size": LETTERS + 2, "num_classes": LETTERS}  # noqa: RUF012

    def __init__(self, steps: int, updates: int) -> None:
        self.name, self.steps, self.updates = f"copy {steps}", steps, updates

    def draw(self, rows: int, generator: Generator) -> Batch:
        symbols = torch.randint(LETTERS, (rows, COPIED), generator=generator)
        tokens = torch.full((rows, self.steps + 2 * COPIED), LETTERS)  # a blank
        tokens[:, :COPIED] = symbols
        tokens[:, -COPIED - 1] = LETTERS + 1  # from here on, say them
        return Batch(tokens, None, symbols)

    def test(self) -> Batch:
        return self.draw(TEST_ROWS, Generator().manual_seed(1_000_003))

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return functional.cross_entropy(output[:, -COPIED:].flatten(0, 1), target.flatten())

    def score(self, output: Tensor, target: Tensor) -> float:
        return float((output[:, -COPIED:].argmax(2) == target).float().mean())


class PixelDigits(Problem):
    """scikit-learn's 8x8 digits, one pixel a step, row by row; the last 360 are the test part."""

    name, steps, figure, more_is_better, chance = "digits 8x8", PIXELS, "accuracy", True, 1 / CLASSES
    task = "classifier"
    overrides = {"input_size": 1, "num_classes": CLASSES, "pooling": "last"}  # noqa: RUF012

    def __init__(self, updates: int) -> None:
        from sklearn.datasets import load_digits

        self.updates = updates
        loaded = load_digits()
        self.images = torch.from_numpy(loaded.images).float().flatten(1).unsqueeze(2) / 16  # (1797, 64, 1)
        self.classes = torch.from_numpy(loaded.target).long()

    def draw(self, rows: int, generator: Generator) -> Batch:
        which = torch.randint(len(self.images) - TEST_DIGITS, (rows,), generator=generator)
        return Batch(self.images[which], None, self.classes[which])

    def test(self) -> Batch:
        return Batch(self.images[-TEST_DIGITS:], None, self.classes[-TEST_DIGITS:])

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return functional.cross_entropy(output, target)

    def score(self, output: Tensor, target: Tensor) -> float:
        return float((output.argmax(1) == target).float().mean())


def make_problems() -> list[Problem]:
    """Return all problems. Longer ones have fewer updates, so that all runs take less than 20 minutes on two cores."""
    return [Adding(100, 900), CopyMemory(100, 600), PixelDigits(500), Adding(400, 150), CopyMemory(400, 150)]
