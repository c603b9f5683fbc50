"""What tasks on a user's own labelled sequences share: parts, checks, and what evaluation needs."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from torch import Tensor
from torch.utils.data import DataLoader

from zoo.data.settings import Setting
from zoo.data.source import DataError, DataSource
from zoo.errors import ArgumentError
from zoo.training.batching import Batch, make_loader, split_batches
from zoo.training.learners.classification import ClassificationLearner
from zoo.training.splits import SplitError, split_by_class, split_by_group
from zoo.training.tasks.base import Task, read_options
from zoo.training.tasks.own.goals import ClassGoal, Example, NumberGoal
from zoo.training.tasks.own.repeats import find_repeats, hash_tensor
from zoo.training.tasks.own.sameness import refuse_other_data

OWN = DataSource(name="your own", folder="", address="your own", license="your own")
BATCH_SIZE = 64
FAST_EXAMPLES = 40
# Sequences with numbers are split by bins of them, so that each part has small ones and large ones.
BINS, LEAST_IN_BIN = 5, 6


@dataclass(frozen=True)
class Labelled:
    """What a file or folder holds: sequences with a class each, or with numbers.

    Args:
        sequences: (T, features) each.
        places: where each stands, for errors: a file, or a file and a line.
        classes: what the class of each is called; empty where they have numbers.
        numbers: of each, (K,), or (T, K) where every step has them; empty where they have classes.
        groups: what each belongs to, such as a speaker; empty where nothing says so.
        class_names: every class, in the order that the file fixes; empty where it fixes none.
        number_names: of the K numbers; empty where nothing says them.
        facts: what was understood of the file besides: a word and a line for each.
        parts: of each, "validation" or "test" where the data says it, otherwise ""; empty where it says none.
    """

    sequences: list[Tensor]
    places: list[str]
    classes: list[str] = field(default_factory=list)
    numbers: list[Tensor] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    class_names: list[str] = field(default_factory=list)
    number_names: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)

    def take(self, which: Sequence[int]) -> Labelled:
        """Return some of the sequences."""
        lists = ("sequences", "places", "classes", "numbers", "groups", "parts")
        taken: dict[str, Any] = {
            name: [getattr(self, name)[k] for k in which] if getattr(self, name) else [] for name in lists
        }
        return replace(self, **taken)


class SequenceFiles(Task):
    """Sequences with one class or with numbers each. Parts without a file are drawn from the training file.

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
        if not self.options["train"]:
            raise DataError(f"task {self.name} needs data", Setting("train", ("PATH",)))
        self.about = replace(OWN, name=self.options["train"])  # type: ignore[misc]
        whole = self.read(self.options["train"])
        self.keep_goal("numbers" if whole.numbers else "classes")
        parts = self._split(whole)
        train = parts["train"]
        left = dict.fromkeys(part.facts["left out"] for part in (whole, *parts.values()) if "left out" in part.facts)
        self.read_facts = {**whole.facts, **({"left out": "; ".join(left)} if left else {})}
        self.sizes = [len(parts[name].sequences) for name in ("train", "validation", "test")]
        if whole.numbers:
            self.set_goal(NumberGoal.measure(train.numbers, whole.number_names, self.options["train"]))
        else:
            self.set_goal(ClassGoal.collect(train.classes, whole.class_names, self.options["train"]))
        self.repeats = find_repeats(
            "sequences",
            {name: list(map(hash_tensor, part.sequences)) for name, part in parts.items()},
            {name: part.places for name, part in parts.items()},
        )
        self.learn_features(train)
        self.train = self.make_examples(train)
        self.validation, self.test = self.make_examples(parts["validation"]), self.make_examples(parts["test"])
        self.some = f", a few of {len(self.train):,}" if fast else ""
        if fast:
            self.train = self.train[:: max(1, len(self.train) // FAST_EXAMPLES)]

    def read(self, path: str) -> Labelled:
        """Return the sequences of a file or folder."""
        raise NotImplementedError

    def keep_goal(self, goal: str) -> None:
        """Read other files as the training file: whole numbers may be classes or numbers, and only that tells."""
        if self.options.get("goal") == "":
            self.options = {**self.options, "goal": goal}

    def set_goal(self, goal: ClassGoal | NumberGoal) -> None:
        """Take what is learnt: classes or numbers, with their loss and their figures."""
        self.goal = goal
        self.learner = goal.learner  # type: ignore[assignment, misc]
        self.metric, self.mode = goal.metric, goal.mode  # type: ignore[misc]
        self.label_smoothing = self.options["label_smoothing"]
        self.loss: str = self.options.get("loss", "mse")
        self.std = getattr(goal, "std", None)

    def learn_features(self, train: Labelled) -> None:
        """Take from the training part what the other parts are prepared with."""
        self.width = train.sequences[0].size(1)

    @classmethod
    def restore(cls, options: dict[str, Any], record: dict[str, Any], data: str = "") -> Task:
        task = cls.__new__(cls)
        task.options = read_options(options, cls.defaults, cls.name)
        task.set_record(record)
        task.keep_goal("classes" if "classes" in record else "numbers")
        path = data or task.options["test"]
        if not path:  # the test part is a share of the training file
            whole = cls(options)
            refuse_other_data(whole.record(), record, whole.options["train"])
            return whole
        task.test = task.make_examples(task.read(path))
        return task

    def record(self) -> dict[str, Any]:
        sizes = {"features": self.width, "parts": self.sizes, "draw": self.draw_sum}
        return {**self.goal.record(), **sizes, "repeats": self.repeats.counts}

    def set_record(self, record: dict[str, Any]) -> None:
        """Take what `record` returned."""
        self.width = record["features"]
        self.set_goal(ClassGoal.from_record(record) if "classes" in record else NumberGoal.from_record(record))

    def meaning(self) -> dict[str, str]:
        return {**self.goal.meaning(), "input": self.step_words()}

    def step_words(self) -> str:
        """Return what a step of the input is."""
        raise NotImplementedError

    def facts(self) -> dict[str, str]:
        parts = f"{len(self.train):,} train{self.some}, {len(self.validation):,} validation, {len(self.test):,} test"
        lengths = [len(steps) for part in (self.train, self.validation, self.test) for steps, _ in part]
        return {
            **self.read_facts,
            "sequences": f"{len(lengths):,}, each of {min(lengths):,} to {max(lengths):,} steps",
            "features": f"{self.width:,}{self.doubt(max(lengths))}",
            **self.goal.facts(self.train),
            "split": f"{parts}; {self.split_words}",
            **self.repeats.warn(),
        }

    def doubt(self, longest: int) -> str:
        """Return what may be wrong with the order of the axes, in words."""
        return ""

    def model_overrides(self) -> dict[str, Any]:
        return {"input_size": self.train[0][0].size(1), **self.goal.model_overrides()}

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        return make_loader(self.train, [len(steps) for steps, _ in self.train], self.goal.collate, batch_size, seed)

    def validation_batches(self) -> list[Batch]:
        return split_batches(self.validation, self.goal.collate, BATCH_SIZE)

    def test_batches(self) -> list[Batch]:
        return split_batches(self.test, self.goal.collate, BATCH_SIZE)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return self.goal.score(outputs, batches)

    def draw(self, outputs: Sequence[Tensor], batches: Sequence[Batch], path: Path) -> None:
        self.goal.draw(outputs, batches, path)

    def make_examples(self, part: Labelled) -> list[Example]:
        """Return the examples of a part, or refuse a class or a width that training lacks."""
        self.refuse_other_width(part)
        return list(zip(part.sequences, self.goal.label(part.classes, part.numbers, part.places), strict=True))

    def refuse_other_width(self, part: Labelled) -> None:
        """Refuse sequences with more or fewer features than those of training."""
        for steps, place in zip(part.sequences, part.places, strict=True):
            if steps.size(1) != self.width:
                raise DataError(f"{place} has {steps.size(1)} features a step, the training data has {self.width}")

    def _split(self, whole: Labelled) -> dict[str, Labelled]:
        """Return the three parts: files where there are any, what the data says, and seeded shares for the others."""
        check_parts(self.options)
        own = {name: self.read(self.options[name]) for name in ("validation", "test") if self.options[name]}
        said = {name: [k for k, part in enumerate(whole.parts) if part == name] for name in ("validation", "test")}
        listed = {name: which for name, which in said.items() if which and name not in own}
        free = [k for k in range(len(whole.sequences)) if not (whole.parts and whole.parts[k])]
        rest = whole.take(free)
        drawn = [name for name in ("validation", "test") if name not in (*own, *listed)]
        shares = [self.options[f"{name}_share"] for name in drawn]
        seed = self.options["split_seed"]
        kinds = rest.classes or ["all"] * len(rest.numbers)
        try:
            if rest.groups:
                found = split_by_group(kinds, rest.groups, shares, seed)
            else:
                found = split_by_class(rest.classes or bin_numbers(rest.numbers), shares, seed)
        except SplitError as error:
            files = [Setting(name, ("PATH",)) for name in drawn]
            raise DataError(f"{self.options['train']}: {error}", *files) from error
        share = "a share of each class" if whole.classes else "a share of small and of large numbers"
        how = "whole groups" if whole.groups else share
        words = [
            *([f"{' and '.join(listed)}: as the lists in {self.options['train']} say"] if listed else []),
            *([f"{' and '.join(drawn)}: {how}, seed {seed}"] if drawn else []),
        ]
        self.split_words = "; ".join(words) or "a file for each"
        names = ["train", *drawn, *listed]
        places = [[free[k] for k in part] for part in found] + list(listed.values())
        self.draw_sum = zlib.crc32(repr(places).encode())  # a share of the same size may be of other sequences
        parts = {name: whole.take(which) for name, which in zip(names, places, strict=True)}
        return {**parts, **own}


def check_parts(options: dict[str, Any]) -> None:
    """Refuse parts that are the training data again, and parts that would be empty.

    Raises:
        DataError: the data of a part is that of training.
        ArgumentError: a share of 0.
    """
    for part in ("validation", "test"):
        path = options[part]
        if path and Path(path).exists() and Path(path).samefile(options["train"]):
            raise DataError(f"{path} is the training data and the {part} part; leave {part} out to keep a share for it")
    check_shares(options, [part for part in ("validation", "test") if not options[part]])


def check_shares(options: Mapping[str, Any], parts: Sequence[str] = ("validation", "test")) -> None:
    """Refuse shares that leave a part empty, and shares that leave nothing to train on.

    Args:
        options: of a task.
        parts: those that are shares of the data.

    Raises:
        ArgumentError: with the option.
    """
    for part in parts:
        if not options[f"{part}_share"]:
            raise ArgumentError(
                f"option {part}_share must be more than 0 where the {part} part has no data of its own, got "
                f"{options[f'{part}_share']:g}"
            )
    total = sum(options[f"{part}_share"] for part in parts)
    if total >= 1:
        names = " and ".join(f"{part}_share" for part in parts)
        raise ArgumentError(f"options {names} must leave something to train on, less than 1 in all, got {total:g}")


def bin_numbers(numbers: Sequence[Tensor]) -> list[str]:
    """Return a bin for each sequence by the mean of its first number: as many in each, at most `BINS`."""
    means = [float(part.reshape(-1, part.size(-1))[:, 0].nanmean()) for part in numbers]
    bins = max(1, min(BINS, len(means) // LEAST_IN_BIN))
    order = sorted(range(len(means)), key=means.__getitem__)
    found = [""] * len(means)
    for rank, k in enumerate(order):
        found[k] = f"numbers {rank * bins // len(means) + 1} of {bins}"
    return found
