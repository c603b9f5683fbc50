"""The base of tasks: batches, a score, and the fields of the model that the data decides."""

from __future__ import annotations

import difflib
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from torch import Tensor, nn
from torch.utils.data import DataLoader

from zoo.data.source import DataSource
from zoo.errors import ArgumentError
from zoo.training.batching import Batch
from zoo.training.learners.base import Learner
from zoo.training.ranges import AT_LEAST_ONE, NOT_NEGATIVE, POSITIVE, PROBABILITY, SHARE, Range
from zoo.training.tasks.new_data import NewData

# What the numbers of options may be, by their names. Those that end in "_share" are shares.
RANGES = {
    **dict.fromkeys(("horizon", "look_back", "steps", "streams", "min_count", "word_bytes"), AT_LEAST_ONE),
    **dict.fromkeys(("digits_per_epoch", "streams_per_epoch", "snippets", "shortest", "longest"), AT_LEAST_ONE),
    **dict.fromkeys(("hop_ms", "window_ms"), Range(0.1)),
    **dict.fromkeys(("label_smoothing", "speed", "warp"), SHARE),
    **dict.fromkeys(("capitals", "small", "accents", "numbers", "drop_bytes", "drop_channels"), PROBABILITY),
    **dict.fromkeys(("block", "sample_rate", "embedding_scale", "delay", "aligned_epochs", "fold"), NOT_NEGATIVE),
    **dict.fromkeys(("level", "softest", "silence", "noise", "shift", "mixup", "class_weights"), NOT_NEGATIVE),
    **dict.fromkeys(("made_digits", "made_others", "hours_without"), NOT_NEGATIVE),
    "positive_weight": POSITIVE,
    "vocabulary": Range(2),
    "case": Range(0, 0.5),
}
# What a value of an option is called in errors.
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list"}
UNCHANGED: Mapping[str, Any] = MappingProxyType({})


class Task(ABC):
    """See `zoo.training.tasks` for how to write one."""

    about: ClassVar[DataSource]
    options: dict[str, Any]
    metric: ClassVar[str]
    mode: ClassVar[Literal["min", "max"]]
    learner: ClassVar[type[Learner]] = Learner
    # Options that say how a file is read, which `open_new` takes as another file has them.
    reading: ClassVar[tuple[str, ...]] = ()
    # Those of them, as name=value, with which the file of the training is read as a new one.
    training_form: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def __init__(self, options: dict[str, Any], fast: bool = False) -> None: ...

    @classmethod
    def restore(cls, options: dict[str, Any], record: dict[str, Any], data: str = "") -> Task:
        """Return the task with its test part, from what a model file says of its training.

        Args:
            options: of the task in training.
            record: what `record` returned in training.
            data: another file or folder to test with; empty for the one in the options.

        Raises:
            DataError: the data is missing or does not fit, or this task cannot take another file.
        """
        if data:
            raise ArgumentError(f"{cls.__name__} is tested on its own data set; leave the other data out")
        return cls(options)

    @classmethod
    def open_new(
        cls, options: dict[str, Any], record: dict[str, Any], data: str, reading: Mapping[str, Any] = UNCHANGED
    ) -> NewData:
        """Return a new file as a trained model reads it, without anything to compare the outputs with.

        Args:
            options: of the task in training.
            record: what `record` returned in training.
            data: a file or folder.
            reading: options of `reading` as the new file has them.

        Raises:
            DataError: the data is missing or does not fit.
            ArgumentError: this task does not read such data.
        """
        raise ArgumentError(f"{cls.__name__} gives no predictions of a new file; run the model with cpp_runner")

    def record(self) -> dict[str, Any]:
        """Return what `restore` needs besides the options, as JSON values: names of classes, columns, units."""
        return {}

    def meaning(self) -> dict[str, str]:
        """Return what the model does, what a step of its input is, and what comes out, in words.

        Returns:
            "purpose", "input" and "output", which the model's file and its repr say; nothing for a task of the zoo,
            whose shipped models have words of people.
        """
        return {}

    def facts(self) -> dict[str, str]:
        """Return what was understood of a user's own data, to be shown before training: a word and a line for each."""
        return {}

    def model_overrides(self) -> dict[str, Any]:
        """Return the fields of the model's configuration that the data decides; the experiment may override them."""
        return {}

    def prepare_(self, model: nn.Module) -> None:
        """Put statistics of the training data into the model, such as means and vocabularies."""
        return

    @abstractmethod
    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        """Return the loader of training batches."""

    @abstractmethod
    def validation_batches(self) -> list[Batch]:
        """Return the validation batches, by which epochs and experiments are chosen."""

    @abstractmethod
    def test_batches(self) -> list[Batch]:
        """Return the test batches; no choice may depend on them."""

    def augment(self, batch: Batch) -> Batch:
        """Return a training batch with random variations, drawn from torch's global generator."""
        return batch

    @abstractmethod
    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        """Return the metrics of a split.

        Args:
            outputs: of the model, one per batch, on the CPU.
            batches: the split.
        """

    def draw(self, outputs: Sequence[Tensor], batches: Sequence[Batch], path: Path) -> None:
        """Write a picture of the results.

        Raises:
            ArgumentError: the task does not have a picture.
        """
        raise ArgumentError(f"{type(self).__name__} does not have a picture of its results; leave the picture out")


def read_options(options: dict[str, Any], defaults: dict[str, Any], task: str) -> dict[str, Any]:
    """Return the defaults, overridden by the options.

    Args:
        options: a list may be a text with commas between its parts, and a number may stand for a text, a whole one for
            a real number too.
        defaults: of all options; a value has the type of its default.
        task: its name, for errors.

    Raises:
        ArgumentError: an option is not among the defaults, or its value has another type or is outside of its range.
    """
    for name in options:
        if name not in defaults:
            near = difflib.get_close_matches(name, defaults, n=1)
            hint = f"did you mean {near[0]}? Its" if near else "its"
            raise ArgumentError(f"task {task} has no option {name}; {hint} options are {', '.join(defaults)}")
    return {**defaults, **{name: _convert(value, defaults[name], name) for name, value in options.items()}}


def _convert(value: Any, default: Any, name: str) -> Any:
    """Return a value of an option in the type of its default."""
    if type(value) is int and isinstance(default, float):
        value = float(value)
    if type(value) in (int, float) and isinstance(default, str | list):
        value = str(value)
    of_numbers = isinstance(default, list) and any(isinstance(part, float) for part in default)
    if isinstance(default, list) and not of_numbers and isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if type(value) is not type(default):
        raise ArgumentError(f"option {name} must be {WORDS[type(default)]}, got {value!r}")
    if of_numbers:
        numbers = [float(part) for part in value if type(part) in (int, float) and math.isfinite(part)]
        if len(value) != len(default) or len(numbers) != len(default):
            raise ArgumentError(f"option {name} must be {len(default)} finite numbers in a list, got {value!r}")
        return numbers
    if isinstance(value, list):
        if not all(type(part) in (str, int, float) for part in value):
            raise ArgumentError(f"option {name} must be a list of texts, got {value!r}")
        return [str(part) for part in value]
    range_ = SHARE if name.endswith("_share") else RANGES.get(name, Range())
    fault = range_.find_fault(value) if type(value) in (int, float) else ""
    if fault:
        raise ArgumentError(f"option {name} {fault}")
    return value
