"""CMUdict: how is a word pronounced, by its spelling alone?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from zoo.data.cmudict import SOURCE, Phonemes, load_cmudict
from zoo.training.batching import Batch, make_loader, pad_sequences, split_batches
from zoo.training.learners.seq2seq import NO_LABEL, Seq2SeqLearner, score_pronunciations
from zoo.training.tasks.base import Task, read_options

OPTIONS: dict[str, Any] = {"label_smoothing": 0.0}
# Large, because decoding takes as many steps for a batch as for its longest word.
BATCH_SIZE = 512
FAST_WORDS = 300


class CmuDict(Task):
    """Phonemes, with the stress of vowels."""

    about = SOURCE
    metric = "word_error_rate"
    mode: ClassVar[Literal["min", "max"]] = "min"
    learner = Seq2SeqLearner

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "cmudict")
        self.label_smoothing = self.options["label_smoothing"]
        self.data = load_cmudict()
        self.phonemes = self.data.phonemes
        self.label_of = {phoneme: k for k, phoneme in enumerate(self.phonemes)}
        most = FAST_WORDS if fast else None
        self.train = [(word, [p]) for word, found in list(self.data.train.items())[:most] for p in found]
        self.validation = list(self.data.validation.items())[:most]
        self.test = list(self.data.test.items())[:most]

    def model_overrides(self) -> dict[str, Any]:
        return {"num_labels": len(self.phonemes) + 1, "phonemes": self.phonemes}

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        def collate(examples: list[tuple[str, list[Phonemes]]]) -> Batch:
            batch = self._collate(examples)
            return batch._replace(target=batch.target[:, 0])

        return make_loader(self.train, [len(word) for word, _ in self.train], collate, batch_size, seed)

    def validation_batches(self) -> list[Batch]:
        return split_batches(self.validation, self._collate, BATCH_SIZE)

    def test_batches(self) -> list[Batch]:
        return split_batches(self.test, self._collate, BATCH_SIZE)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_pronunciations(outputs, batches, self.phonemes)

    def _collate(self, examples: Sequence[tuple[str, list[Phonemes]]]) -> Batch:
        """Return a padded batch: bytes (B, T), lengths, phonemes (B, variants, U)."""
        return collate_words(examples, self.label_of)


def collate_words(examples: Sequence[tuple[str, list[Phonemes]]], label_of: Mapping[str, int]) -> Batch:
    """Return a padded batch: bytes (B, T), lengths, phonemes (B, variants, U); a row repeats its first variant."""
    input, lengths = pad_sequences([torch.tensor(list(word.encode())) for word, _ in examples])
    most = max(len(found) for _, found in examples)
    rows = [
        torch.tensor([label_of[phoneme] for phoneme in (found[k] if k < len(found) else found[0])])
        for _, found in examples
        for k in range(most)
    ]
    target, _ = pad_sequences(rows, NO_LABEL)
    return Batch(input, lengths, target.unflatten(0, (len(examples), most)))
