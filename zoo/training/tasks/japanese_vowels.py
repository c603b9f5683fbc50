"""JapaneseVowels: which of nine men says /ae/?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from zoo.data.japanese_vowels import SOURCE, load_japanese_vowels
from zoo.training.batching import Batch, make_loader, pad_sequences, split_batches
from zoo.training.learners.classification import ClassificationLearner, mix_examples, score_classes
from zoo.training.tasks.base import Task, read_options
from zoo.training.tasks.statistics import set_feature_statistics_

Example = tuple[Tensor, int]  # (T, 12), class

OPTIONS: dict[str, Any] = {
    "validation_share": 0.2,  # of each speaker's training series; 0 trains on all of them
    "fold": 0,  # which part of them
    "noise": 0.0,  # deviation of what is added to standardised features
    "warp": 0.0,  # largest relative change of the length
    "drop_channels": 0.0,  # probability that a channel is silent
    "shift": 0.0,  # deviation of a constant added to each channel of a series
    "mixup": 0.0,  # of `mix_examples`
    "label_smoothing": 0.0,
}
FAST_EXAMPLES = 45
# Of each speaker in the training split.
SERIES = 30


class JapaneseVowels(Task):
    """12 cepstrum coefficients a step in, one of nine speakers out."""

    about = SOURCE
    metric = "accuracy"
    mode: ClassVar[Literal["min", "max"]] = "max"
    learner = ClassificationLearner

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "japanese_vowels")
        self.label_smoothing = self.options["label_smoothing"]
        loaded = load_japanese_vowels("train")
        examples = [(torch.from_numpy(s), int(k)) for s, k in zip(loaded.sequences, loaded.labels, strict=True)]
        self.speakers = list(loaded.class_names)
        self.num_classes = len(self.speakers)
        # The 30 series of a speaker lie in the order of their recording. To hold out neighbours, not each n-th one, is
        # harder, as the test split is, which was recorded later.
        share, fold = self.options["validation_share"], self.options["fold"]
        first, last = round(SERIES * share * fold), round(SERIES * share * (fold + 1))
        held = {k for k in range(len(examples)) if first <= k % SERIES < last}
        self.train = [example for k, example in enumerate(examples) if k not in held]
        # With nothing held out, validation shows the training data, and decides nothing.
        self.validation = [examples[k] for k in sorted(held)] or examples
        if fast:
            self.train = self.train[:: len(self.train) // FAST_EXAMPLES]
        self.std = torch.cat([sequence for sequence, _ in self.train]).std(0)

    def record(self) -> dict[str, Any]:
        return {"classes": self.speakers}

    def model_overrides(self) -> dict[str, Any]:
        return {"input_size": len(self.std), "num_classes": self.num_classes}

    def prepare_(self, model: nn.Module) -> None:
        mean = torch.cat([sequence for sequence, _ in self.train]).mean(0)
        set_feature_statistics_(model, mean, self.std)

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        return make_loader(self.train, [len(s) for s, _ in self.train], collate, batch_size, seed, bucket=False)

    def validation_batches(self) -> list[Batch]:
        return split_batches(self.validation, collate, len(self.validation))

    def test_batches(self) -> list[Batch]:
        loaded = load_japanese_vowels("test")
        examples = [(torch.from_numpy(s), int(k)) for s, k in zip(loaded.sequences, loaded.labels, strict=True)]
        return split_batches(examples, collate, len(examples))

    def augment(self, batch: Batch) -> Batch:
        batch = warp_time(batch, self.options["warp"])
        input, scale = batch.input, self.std.to(batch.input)
        channels = (input.size(0), 1, input.size(2))
        input = input + self.options["noise"] * scale * torch.randn_like(input)
        input = input + self.options["shift"] * scale * torch.randn(channels, device=input.device)
        input = input * (torch.rand(channels, device=input.device) >= self.options["drop_channels"])
        return mix_examples(batch._replace(input=input), self.num_classes, self.options["mixup"])

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_classes(outputs, batches)


def collate(examples: list[Example]) -> Batch:
    """Return a padded batch: (B, T, 12), lengths, classes (B,)."""
    input, lengths = pad_sequences([sequence for sequence, _ in examples])
    return Batch(input, lengths, torch.tensor([label for _, label in examples]))


def warp_time(batch: Batch, most: float) -> Batch:
    """Stretch every series by its own factor in 1 - most .. 1 + most, by linear interpolation."""
    if not most or batch.lengths is None:
        return batch
    warped = []
    for row, length in zip(batch.input, batch.lengths.tolist(), strict=True):
        new_length = max(2, round(length * float(torch.empty(()).uniform_(1 - most, 1 + most))))
        series = row[:length].T.unsqueeze(0)  # (1, F, T)
        warped.append(functional.interpolate(series, size=new_length, mode="linear", align_corners=True)[0].T)
    input, lengths = pad_sequences(warped)
    return Batch(input, lengths.to(batch.lengths), batch.target)
