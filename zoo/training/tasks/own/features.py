"""What tasks on a user's own sequences of features share: missing values, and statistics of the features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from zoo.data.missing import check_choice, count_inputs, fill_missing
from zoo.data.source import DataError
from zoo.errors import ArgumentError
from zoo.models.units import set_units_
from zoo.training.tasks.base import UNCHANGED, read_options
from zoo.training.tasks.new_data import NewData
from zoo.training.tasks.own.goals import NumberGoal
from zoo.training.tasks.own.labelled import Labelled, SequenceFiles
from zoo.training.tasks.statistics import set_feature_statistics_


class FeatureFiles(SequenceFiles):
    """Sequences of features, with one class or with numbers each. A derived class reads a file, with NaN as it is."""

    defaults: ClassVar[dict[str, Any]] = {
        **SequenceFiles.defaults,
        "missing": "refuse",  # or drop (steps), interpolate, forward, mask
        "loss": "mse",  # or "mae"; of numbers
    }

    @classmethod
    def open_new(
        cls, options: dict[str, Any], record: dict[str, Any], data: str, reading: Mapping[str, Any] = UNCHANGED
    ) -> NewData:
        """Return the sequences of a file; each has its most likely class, or its numbers."""
        task = cls.__new__(cls)
        task.options = read_options({**options, **reading}, cls.defaults, cls.name)
        task.set_record(record)
        task.keep_goal("classes" if "classes" in record else "numbers")
        part = task.read_new(data)
        task.refuse_other_width(part)
        if task.options["missing"] == "drop":
            part = drop_steps(part)
        filled = [fill_missing(steps, task.options["missing"], task.mean) for steps in part.sequences]
        names, describe = task.goal.answer(part.places)
        return NewData([steps.unsqueeze(0) for steps in filled], ["sequence", *names], describe)

    def read_new(self, path: str) -> Labelled:
        """Return the sequences of a file of which nothing has to be known but the features."""
        return self.read(path)

    def allows_missing(self) -> bool:
        """Return whether a reader may give NaN, after a look at the options."""
        check_choice(self.options["missing"])
        if self.options["loss"] not in ("mae", "mse"):
            raise ArgumentError(f"loss must be mae or mse, got {self.options['loss']!r}")
        return bool(self.options["missing"] != "refuse")

    def learn_features(self, train: Labelled) -> None:
        super().learn_features(train)
        steps = torch.cat(train.sequences).double()
        known = ~steps.isnan()
        self.mean = torch.where(known, steps, 0.0).sum(0) / known.sum(0).clamp(min=1)
        moves = torch.where(known, steps - self.mean, 0.0).square().sum(0) / known.sum(0).clamp(min=1)
        if not known.any(0).all():
            absent = int((~known.any(0)).nonzero()[0])
            raise DataError(f"{self.options['train']}: feature {absent} has no value in training; leave it out")
        if not (moves > 0).any() and len({len(part) for part in train.sequences}) == 1:
            raise DataError(f"{self.options['train']}: no feature changes in training; there is nothing to learn from")
        # A feature that is constant in training says nothing; it stays as it is, without its mean.
        self.deviation = torch.where(moves > 0, moves.sqrt(), 1.0).float()
        self.mean = self.mean.float()

    def record(self) -> dict[str, Any]:
        return {**super().record(), "mean": self.mean.tolist(), "std": self.deviation.tolist()}

    def set_record(self, record: dict[str, Any]) -> None:
        super().set_record(record)
        self.mean = torch.tensor(record["mean"])

    def step_words(self) -> str:
        marks = "; then a mark for each, 1 where it is missing" if self.options["missing"] == "mask" else ""
        return f"{self.feature_words()}, in the units of the training data{marks}"

    def feature_words(self) -> str:
        """Return what the features of a step are."""
        return f"{self.width:,} features a step"

    def make_examples(self, part: Labelled) -> list[tuple[Tensor, Any]]:
        how = self.options["missing"]
        if how == "drop":
            part = drop_steps(part)
        examples = super().make_examples(part)
        return [(fill_missing(steps, how, self.mean), target) for steps, target in examples]

    def facts(self) -> dict[str, str]:
        how = self.options["missing"]
        return {**super().facts(), **({"filled": f"missing values: {how}"} if how != "refuse" else {})}

    def model_overrides(self) -> dict[str, Any]:
        return {**super().model_overrides(), "standardize": True}

    def prepare_(self, model: nn.Module) -> None:
        marks = count_inputs(self.width, self.options["missing"]) - self.width
        mean = torch.cat([self.mean, torch.zeros(marks)])
        set_feature_statistics_(model, mean, torch.cat([self.deviation, torch.ones(marks)]))
        if isinstance(self.goal, NumberGoal):
            set_units_(model, self.goal.mean, self.goal.std)


def drop_steps(part: Labelled) -> Labelled:
    """Return the sequences without the steps in which a feature is missing.

    Raises:
        DataError: no step of a sequence is left.
    """
    kept = [~steps.isnan().any(1) for steps in part.sequences]
    for mask, place in zip(kept, part.places, strict=True):
        if not mask.any():
            raise DataError(f"{place}: every step has a missing value, and nothing is left of the sequence")
    numbers = [target[mask] if target.dim() == 2 else target for target, mask in zip(part.numbers, kept, strict=False)]
    return replace(part, sequences=[s[m] for s, m in zip(part.sequences, kept, strict=True)], numbers=numbers)
