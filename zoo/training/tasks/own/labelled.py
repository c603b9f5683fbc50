"""A user's own labelled sequences: .ts files, and folders of .wav files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from zoo.data.source import DataError, DataSource
from zoo.data.time_series_file import load_time_series
from zoo.data.wav import load_wav_folder, to_steps
from zoo.training.batching import Batch, make_loader, pad_sequences, split_batches
from zoo.training.learners.classification import ClassificationLearner, score_classes
from zoo.training.tasks.base import Task, read_options
from zoo.training.tasks.statistics import set_feature_statistics_, set_log_mel_statistics_

OWN = DataSource(name="your own", folder="", address="your own", license="your own")
# Every n-th training example is held out for validation.
VALIDATION_EVERY = 5
BATCH_SIZE = 64
FAST_EXAMPLES = 40

Example = tuple[Tensor, int]  # (T, features), class


class SequenceFiles(Task):
    """Sequences with one class each, in a training file or folder and a test one."""

    about = OWN
    metric = "accuracy"
    mode: ClassVar[Literal["min", "max"]] = "max"
    learner = ClassificationLearner
    name: ClassVar[str]
    defaults: ClassVar[dict[str, Any]] = {"train": "", "test": "", "label_smoothing": 0.0}

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, self.defaults, self.name)
        self.label_smoothing = self.options["label_smoothing"]
        for name in ("train", "test"):
            if not self.options[name]:
                raise DataError(f"task {self.name} needs task.options.{name}=PATH")
        self.about = replace(OWN, name=self.options["train"])  # type: ignore[misc]
        examples, self.class_names = self.read(self.options["train"])
        self.test, test_names = self.read(self.options["test"])
        if test_names != self.class_names:
            raise DataError(f"training data has the classes {self.class_names}, test data {test_names}")
        self.validation = examples[::VALIDATION_EVERY]
        self.train = [example for k, example in enumerate(examples) if k % VALIDATION_EVERY]
        if fast:
            self.train = self.train[:FAST_EXAMPLES]

    def read(self, path: str) -> tuple[list[Example], list[str]]:
        """Return the examples of a file or folder, and what the classes are called."""
        raise NotImplementedError

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


class TimeSeriesFiles(SequenceFiles):
    """`.ts` files, for models of features."""

    name = "ts"

    def read(self, path: str) -> tuple[list[Example], list[str]]:
        loaded = load_time_series(path)
        return list(zip(loaded.series, loaded.labels.tolist(), strict=True)), loaded.class_names

    def prepare_(self, model: nn.Module) -> None:
        steps = torch.cat([steps for steps, _ in self.train])
        set_feature_statistics_(model, steps.mean(0), steps.std(0).clamp(min=1e-6))


class WavFolders(SequenceFiles):
    """Folders with one folder of .wav files per class, for speech models; `hop` is the number of samples of a step."""

    name = "wav"
    defaults: ClassVar[dict[str, Any]] = {**SequenceFiles.defaults, "hop": 80}
    sample_rate = 0

    def read(self, path: str) -> tuple[list[Example], list[str]]:
        loaded = load_wav_folder(path)
        if self.sample_rate not in (0, loaded.sample_rate):
            raise DataError(f"{path} is at {loaded.sample_rate} Hz, the training data at {self.sample_rate}")
        self.sample_rate = loaded.sample_rate
        steps = [to_steps(samples, self.options["hop"]) for samples in loaded.samples]
        return list(zip(steps, loaded.labels.tolist(), strict=True)), loaded.class_names

    def model_overrides(self) -> dict[str, Any]:
        return {**super().model_overrides(), "sample_rate": self.sample_rate}

    def prepare_(self, model: nn.Module) -> None:
        set_log_mel_statistics_(model, collate(self.train[:BATCH_SIZE]))


def collate(examples: Sequence[Example]) -> Batch:
    """Return a padded batch: (B, T, features), lengths, classes (B,)."""
    input, lengths = pad_sequences([steps for steps, _ in examples])
    return Batch(input, lengths, torch.tensor([label for _, label in examples]))
