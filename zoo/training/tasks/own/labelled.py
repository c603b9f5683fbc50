"""What tasks on a user's own labelled sequences share: parts, checks, and what evaluation needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from zoo.data.source import DataError, DataSource
from zoo.training.batching import Batch, make_loader, pad_sequences, split_batches
from zoo.training.learners.classification import ClassificationLearner, score_classes
from zoo.training.splits import SplitError, split_by_class, split_by_group
from zoo.training.tasks.base import Task, read_options

OWN = DataSource(name="your own", folder="", address="your own", license="your own")
BATCH_SIZE = 64
FAST_EXAMPLES = 40

Example = tuple[Tensor, int]  # (T, features), class


@dataclass(frozen=True)
class Labelled:
    """What a file or folder holds.

    Args:
        sequences: (T, features) each.
        classes: what the class of each is called.
        places: where each stands, for errors: a file, or a file and a line.
        groups: what each belongs to, such as a speaker; empty where nothing says so.
        class_names: every class, in the order that the file fixes; empty where it fixes none.
    """

    sequences: list[Tensor]
    classes: list[str]
    places: list[str]
    groups: list[str] = field(default_factory=list)
    class_names: list[str] = field(default_factory=list)

    def take(self, which: Sequence[int]) -> Labelled:
        """Return some of the sequences."""
        return Labelled(
            [self.sequences[k] for k in which],
            [self.classes[k] for k in which],
            [self.places[k] for k in which],
            [self.groups[k] for k in which] if self.groups else [],
            self.class_names,
        )


class SequenceFiles(Task):
    """Sequences with one class each. Parts that have no file of their own are drawn from the training file.

    A derived class reads a file or folder.
    """

    about = OWN
    metric = "accuracy"
    mode: ClassVar[Literal["min", "max"]] = "max"
    learner = ClassificationLearner
    name: ClassVar[str]
    defaults: ClassVar[dict[str, Any]] = {
        "train": "",
        "validation": "",  # empty: a share of the training file
        "test": "",  # empty: a share of the training file
        "validation_share": 0.15,
        "test_share": 0.2,
        "split_seed": 0,
        "label_smoothing": 0.0,
    }

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, self.defaults, self.name)
        self.label_smoothing = self.options["label_smoothing"]
        if not self.options["train"]:
            raise DataError(f"task {self.name} needs task.options.train=PATH")
        self.about = replace(OWN, name=self.options["train"])  # type: ignore[misc]
        whole = self.read(self.options["train"])
        parts = self._split(whole)
        # A class that the file names and no sequence has could never be learnt.
        seen = set(parts["train"].classes)
        self.class_names = [name for name in whole.class_names if name in seen] or sorted(seen)
        if len(seen) < 2:
            raise DataError(f"{self.options['train']} has one class only, {min(seen)!r}; a classifier needs two")
        self.train = self._label(parts["train"])
        self.validation, self.test = self._label(parts["validation"]), self._label(parts["test"])
        if fast:
            self.train = self.train[:: max(1, len(self.train) // FAST_EXAMPLES)]

    def read(self, path: str) -> Labelled:
        """Return the sequences of a file or folder."""
        raise NotImplementedError

    @classmethod
    def restore(cls, options: dict[str, Any], record: dict[str, Any], data: str = "") -> Task:
        task = cls.__new__(cls)
        task.options = read_options(options, cls.defaults, cls.name)
        task.set_record(record)
        path = data or task.options["test"]
        if not path:  # the test part is a share of the training file
            return cls(options)
        task.test = task._label(task.read(path))
        return task

    def record(self) -> dict[str, Any]:
        return {"classes": self.class_names, "features": self.train[0][0].size(1)}

    def set_record(self, record: dict[str, Any]) -> None:
        """Take what `record` returned."""
        self.class_names, self.width = record["classes"], record["features"]

    def facts(self) -> dict[str, str]:
        lengths = [len(steps) for part in (self.train, self.validation, self.test) for steps, _ in part]
        counts = Counter(self.class_names[label] for _, label in self.train)
        shown = ", ".join(f"{name} {counts[name]}" for name in self.class_names[:12])
        return {
            "sequences": f"{len(lengths):,}, each of {min(lengths):,} to {max(lengths):,} steps",
            "features": str(self.train[0][0].size(1)),
            "classes": f"{len(self.class_names)}: {shown}{', ...' if len(counts) > 12 else ''} to train on",
            "split": f"{len(self.train):,} train, {len(self.validation):,} validation, {len(self.test):,} test; "
            + self.split_words,
        }

    def model_overrides(self) -> dict[str, Any]:
        return {"input_size": self.train[0][0].size(1), "num_classes": len(self.class_names)}

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        return make_loader(self.train, [len(steps) for steps, _ in self.train], collate, batch_size, seed)

    def validation_batches(self) -> list[Batch]:
        return split_batches(self.validation, collate, BATCH_SIZE)

    def test_batches(self) -> list[Batch]:
        return split_batches(self.test, collate, BATCH_SIZE)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_classes(outputs, batches)

    def _split(self, whole: Labelled) -> dict[str, Labelled]:
        """Return the three parts: files where there are any, and seeded shares of `whole` for the others."""
        own = {name: self.read(self.options[name]) for name in ("validation", "test") if self.options[name]}
        drawn = [name for name in ("validation", "test") if name not in own]
        shares = [self.options[f"{name}_share"] for name in drawn]
        seed = self.options["split_seed"]
        try:
            if whole.groups:
                places = split_by_group(whole.classes, whole.groups, shares, seed)
            else:
                places = split_by_class(whole.classes, shares, seed)
        except SplitError as error:
            raise DataError(f"{self.options['train']}: {error}") from error
        how = "whole groups" if whole.groups else "a share of each class"
        self.split_words = f"{' and '.join(drawn)}: {how}, seed {seed}" if drawn else "a file for each"
        parts = {name: whole.take(which) for name, which in zip(["train", *drawn], places, strict=True)}
        return {**parts, **own}

    def _label(self, part: Labelled) -> list[Example]:
        """Return the examples with their classes as numbers, or refuse a class or a width that training lacks."""
        numbers = {name: k for k, name in enumerate(self.class_names)}
        for name, place in zip(part.classes, part.places, strict=True):
            if name not in numbers:
                known = ", ".join(self.class_names[:12]) + (", ..." if len(self.class_names) > 12 else "")
                raise DataError(f"{place}: the class {name!r} is not in the training data, which has {known}")
        self.width = getattr(self, "width", part.sequences[0].size(1))
        for steps, place in zip(part.sequences, part.places, strict=True):
            if steps.size(1) != self.width:
                raise DataError(f"{place} has {steps.size(1)} features a step, the training data has {self.width}")
        return [(steps, numbers[name]) for steps, name in zip(part.sequences, part.classes, strict=True)]


def collate(examples: Sequence[Example]) -> Batch:
    """Return a padded batch: (B, T, features), lengths, classes (B,)."""
    input, lengths = pad_sequences([steps for steps, _ in examples])
    return Batch(input, lengths, torch.tensor([label for _, label in examples]))
