"""UD English EWT: a part of speech for every word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor

from zoo.data.source import DataSource
from zoo.data.ud_english_ewt import SOURCE, load_ud_english_ewt
from zoo.training.batching import Batch
from zoo.training.learners.tagging import score_words
from zoo.training.tasks.base import read_options
from zoo.training.tasks.tagging import OPTIONS, WordTagging


class UDEnglishEWT(WordTagging):
    """Universal parts of speech, 17 of them."""

    about: ClassVar[DataSource] = SOURCE
    metric = "accuracy"

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "ud_english_ewt")
        self.set_corpus(load_ud_english_ewt(), fast)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_words(outputs, batches)
