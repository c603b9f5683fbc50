"""What every task gives: batches, a score, and what the data decides of the model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from torch import Tensor, nn
from torch.utils.data import DataLoader

from zoo.data.source import DataSource
from zoo.training.batching import Batch
from zoo.training.learners.base import Learner


class Task(ABC):
    """See `zoo.training.tasks` for how to write one."""

    about: ClassVar[DataSource]
    options: dict[str, Any]
    metric: ClassVar[str]
    mode: ClassVar[Literal["min", "max"]]
    learner: ClassVar[type[Learner]] = Learner

    @abstractmethod
    def __init__(self, options: dict[str, Any], fast: bool = False) -> None: ...

    def model_overrides(self) -> dict[str, Any]:
        """Return the fields of the model's configuration that the data decides; an experiment's own come after them."""
        return {}

    def prepare_(self, model: nn.Module) -> None:
        """Put what is learnt from the training data without gradients into the model: means, vocabularies."""
        return

    @abstractmethod
    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        """Return the loader of training batches."""

    @abstractmethod
    def validation_batches(self) -> list[Batch]:
        """Return what decides among epochs and experiments."""

    @abstractmethod
    def test_batches(self) -> list[Batch]:
        """Return what nothing is decided by."""

    def augment(self, batch: Batch) -> Batch:
        """Return a training batch varied at random, drawn from torch's global generator."""
        return batch

    @abstractmethod
    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        """Return the metrics of a split.

        Args:
            outputs: what the model gave for each batch, on the CPU.
            batches: the split.
        """

    def draw(self, outputs: Sequence[Tensor], batches: Sequence[Batch], path: Path) -> None:
        """Write a picture of the results, where the task has one.

        Raises:
            ValueError: it has none.
        """
        raise ValueError(f"{type(self).__name__} has no picture; leave it out")


def read_options(options: dict[str, Any], defaults: dict[str, Any], task: str) -> dict[str, Any]:
    """Return the defaults with the options laid over them.

    Raises:
        ValueError: an option that is not among the defaults.
    """
    unknown = sorted(set(options) - set(defaults))
    if unknown:
        raise ValueError(f"task {task} has no option {', '.join(unknown)}; its options are {', '.join(defaults)}")
    return {**defaults, **options}
