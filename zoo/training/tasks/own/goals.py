"""What is learnt of a user's own sequences: one class each, or numbers of each or of every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from zoo.data.source import DataError
from zoo.training.batching import Batch, pad_sequences
from zoo.training.learners.base import Learner
from zoo.training.learners.classification import ClassificationLearner, count_confusions, score_classes
from zoo.training.learners.regression import RegressionLearner, score_numbers
from zoo.training.pictures import draw_confusions, draw_numbers
from zoo.training.tasks.new_data import Answer, answer_classes

SHOWN = 12

Example = tuple[Tensor, Any]  # (T, features); a class, (K,) or (T, K)


@dataclass(frozen=True)
class ClassGoal:
    """One class for each sequence.

    Args:
        names: of the classes that training has.
    """

    names: list[str]

    metric: ClassVar[str] = "accuracy"
    mode: ClassVar[Literal["min", "max"]] = "max"
    learner: ClassVar[type[Learner]] = ClassificationLearner

    @classmethod
    def collect(cls, classes: Sequence[str], order: Sequence[str], path: str) -> ClassGoal:
        """Return the classes of the training part in the order that the file fixes, without those of no example.

        Raises:
            DataError: there is one class only.
        """
        seen = set(classes)
        if len(seen) < 2:
            raise DataError(f"{path} has one class only, {min(seen)!r}; a classifier needs two")
        return cls([name for name in order if name in seen] or sorted(seen))

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> ClassGoal:
        return cls(record["classes"])

    def record(self) -> dict[str, Any]:
        return {"classes": self.names}

    def facts(self, train: Sequence[Example]) -> dict[str, str]:
        counts = Counter(self.names[label] for _, label in train)
        shown = ", ".join(f"{name} {counts[name]}" for name in self.names[:SHOWN])
        return {"classes": f"{len(self.names)}: {shown}{', ...' if len(counts) > SHOWN else ''} to train on"}

    def meaning(self) -> dict[str, str]:
        return {
            "purpose": f"Tells of which of {len(self.names)} classes a sequence is.",
            "output": f"scores of the {len(self.names)} classes; softmax makes probabilities of them",
        }

    def model_overrides(self) -> dict[str, Any]:
        return {"num_classes": len(self.names)}

    def label(self, classes: Sequence[str], numbers: Sequence[Tensor], places: Sequence[str]) -> list[Any]:
        """Return the classes as numbers.

        Raises:
            DataError: a class is not in the training data, or there are numbers instead.
        """
        if numbers:
            raise DataError(f"{places[0]} has a number, and the training data has classes")
        of_name = {name: k for k, name in enumerate(self.names)}
        for name, place in zip(classes, places, strict=True):
            if name not in of_name:
                known = ", ".join(self.names[:SHOWN]) + (", ..." if len(self.names) > SHOWN else "")
                raise DataError(f"{place}: the class {name!r} is not in the training data, which has {known}")
        return [of_name[name] for name in classes]

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Return a padded batch: (B, T, features), lengths, classes (B,)."""
        input, lengths = pad_sequences([steps for steps, _ in examples])
        return Batch(input, lengths, torch.tensor([label for _, label in examples]))

    def answer(self, places: Sequence[str]) -> tuple[list[str], Answer]:
        """Return the names of the columns of an answer, and what makes its rows of the outputs for single examples."""
        return answer_classes(self.names, places)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_classes(outputs, batches)

    def draw(self, outputs: Sequence[Tensor], batches: Sequence[Batch], path: Path) -> None:
        draw_confusions(count_confusions(outputs, batches), self.names, path)


@dataclass(frozen=True)
class NumberGoal:
    """K numbers for each sequence, or for every step of it.

    Args:
        names: of the numbers.
        mean, std: (K,) of training, by which the model and the loss standardise.
        every_step: whether every step has them.
    """

    names: list[str]
    mean: Tensor
    std: Tensor
    every_step: bool

    metric: ClassVar[str] = "standardized_mse"
    mode: ClassVar[Literal["min", "max"]] = "min"
    learner: ClassVar[type[Learner]] = RegressionLearner

    @classmethod
    def measure(cls, numbers: Sequence[Tensor], names: Sequence[str], path: str) -> NumberGoal:
        """Return the goal by the numbers of the training part.

        Raises:
            DataError: a number is the same in all of it, or missing.
        """
        every_step = numbers[0].dim() == 2
        rows = torch.cat([part.reshape(-1, part.size(-1)) for part in numbers]).double()  # (rows, K)
        names = list(names) or [f"number {k}" for k in range(1, rows.size(1) + 1)]
        known = [column[~column.isnan()] for column in rows.unbind(1)]  # one may be missing where another is not
        for name, column in zip(names, known, strict=True):
            if not len(column):
                raise DataError(f"{path}: {name} is missing in all of the training data; there is nothing to learn")
        mean = torch.stack([column.mean() for column in known])
        std = torch.stack([column.std(correction=0) for column in known])
        for name, value, deviation in zip(names, mean.tolist(), std.tolist(), strict=True):
            if not deviation > 0:
                raise DataError(f"{path}: {name} is {value:g} in all of the training data; there is nothing to learn")
        return cls(names, mean.float(), std.float(), every_step)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> NumberGoal:
        mean, std = torch.tensor(record["target_mean"]), torch.tensor(record["target_std"])
        return cls(record["targets"], mean, std, record["every_step"])

    def record(self) -> dict[str, Any]:
        statistics = {"target_mean": self.mean.tolist(), "target_std": self.std.tolist()}
        return {"targets": self.names, **statistics, "every_step": self.every_step}

    def facts(self, train: Sequence[Example]) -> dict[str, str]:
        each = zip(self.names, self.mean.tolist(), self.std.tolist(), strict=True)
        shown = [f"{name} {mean:.4g} (deviation {std:.4g})" for name, mean, std in each]
        where = "every step" if self.every_step else "every sequence"
        return {"targets": f"{len(self.names)} for {where}: {', '.join(shown)} in training"}

    def meaning(self) -> dict[str, str]:
        names = ", ".join(self.names)
        where = "every step" if self.every_step else "the sequence"
        return {
            "purpose": f"Gives {names} of {'every step of ' if self.every_step else ''}a sequence.",
            "output": f"{names} of {where}, in the units of the training data",
        }

    def model_overrides(self) -> dict[str, Any]:
        return {"num_targets": len(self.names), **({"pooling": "none"} if self.every_step else {})}

    def label(self, classes: Sequence[str], numbers: Sequence[Tensor], places: Sequence[str]) -> list[Any]:
        """Return the numbers.

        Raises:
            DataError: there are classes instead, or another count of numbers.
        """
        if classes:
            raise DataError(f"{places[0]} has a class, and the training data has numbers")
        for part, place in zip(numbers, places, strict=True):
            if part.size(-1) != len(self.names) or (part.dim() == 2) != self.every_step:
                where = "every step" if self.every_step else "the sequence"
                raise DataError(
                    f"{place} has targets of shape {list(part.shape)}, the training data {len(self.names)} for {where}"
                )
        return list(numbers)

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Return a padded batch: (B, T, features), lengths, targets (B, K), or (B, T, K) with NaN in the padding."""
        input, lengths = pad_sequences([steps for steps, _ in examples])
        targets = [target for _, target in examples]
        return Batch(input, lengths, pad_sequences(targets, torch.nan)[0] if self.every_step else torch.stack(targets))

    def answer(self, places: Sequence[str]) -> tuple[list[str], Answer]:
        """Return the names of the columns of an answer, and what makes its rows of the outputs for single examples."""

        def describe(outputs: Sequence[Tensor]) -> list[list[str]]:
            rows = []
            for place, output in zip(places, outputs, strict=True):
                for step, numbers in enumerate(output.reshape(-1, len(self.names)).numpy(), 1):
                    rows.append([place, *([str(step)] if self.every_step else []), *map(str, numbers)])
            return rows

        return [*(["step"] if self.every_step else []), *self.names], describe

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_numbers(outputs, batches, self.std)

    def draw(self, outputs: Sequence[Tensor], batches: Sequence[Batch], path: Path) -> None:
        size = len(self.names)
        called = torch.cat([output.reshape(-1, size) for output in outputs])
        draw_numbers(called, torch.cat([batch.target.reshape(-1, size) for batch in batches]), self.names, path)
