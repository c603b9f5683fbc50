"""Surnames: in which of 18 languages is this a name? A name is its UTF-8 bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from zoo.data.names import SOURCE, load_names
from zoo.training.batching import Batch, make_loader, split_batches
from zoo.training.learners.classification import (
    ClassificationLearner,
    balanced_weights,
    count_confusions,
    score_classes_alike,
)
from zoo.training.pictures import draw_confusions
from zoo.training.tasks.base import UNCHANGED, Task, read_options
from zoo.training.tasks.byte_texts import collate_texts, draw_case, drop_bytes, open_lines
from zoo.training.tasks.new_data import NewData

OPTIONS: dict[str, Any] = {
    "class_weights": 0.0,  # power of the inverse shares: 0 counts names alike, 1 languages alike
    "drop_bytes": 0.0,  # probability that a byte is replaced by 0
    "label_smoothing": 0.0,
    "case": 0.0,  # share of the training names in capitals, and as many in small letters
}
FAST_NAMES = 400


class Names(Task):
    """Which language?"""

    about = SOURCE
    metric = "accuracy"
    mode: ClassVar[Literal["min", "max"]] = "max"
    learner = ClassificationLearner

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "names")
        self.label_smoothing = self.options["label_smoothing"]
        self.data = load_names()
        self.train = self.data.train[:: len(self.data.train) // FAST_NAMES if fast else 1]
        labels = torch.tensor([label for _, label in self.train])
        self.num_classes = len(self.data.languages)
        self.class_weights = balanced_weights(labels, self.num_classes, self.options["class_weights"])

    @classmethod
    def open_new(
        cls, options: dict[str, Any], record: dict[str, Any], data: str, reading: Mapping[str, Any] = UNCHANGED
    ) -> NewData:
        """Return the lines of a file; each has the language that is most likely."""
        return open_lines(data, record["classes"])

    def record(self) -> dict[str, Any]:
        return {"classes": list(self.data.languages)}

    def model_overrides(self) -> dict[str, Any]:
        return {"vocab_size": 256, "num_classes": self.num_classes}

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        def vary(examples: Sequence[tuple[str, int]]) -> Batch:
            return collate_texts([(draw_case(self.options["case"])(name), label) for name, label in examples])

        return make_loader(self.train, [len(name.encode()) for name, _ in self.train], vary, batch_size, seed)

    def validation_batches(self) -> list[Batch]:
        return split_batches(self.data.validation, collate_texts, len(self.data.validation))

    def test_batches(self) -> list[Batch]:
        return split_batches(self.data.test, collate_texts, len(self.data.test))

    def augment(self, batch: Batch) -> Batch:
        return drop_bytes(batch, self.options["drop_bytes"])

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_classes_alike(outputs, batches)

    def draw(self, outputs: Sequence[Tensor], batches: Sequence[Batch], path: Path) -> None:
        draw_confusions(count_confusions(outputs, batches), self.data.languages, path)
