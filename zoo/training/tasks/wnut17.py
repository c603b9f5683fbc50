"""WNUT17: rare entities in noisy text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor

from zoo.data.source import DataSource
from zoo.data.wnut17 import SOURCE, load_wnut17
from zoo.training.batching import Batch
from zoo.training.learners.tagging import score_entities, score_words
from zoo.training.tasks.base import read_options
from zoo.training.tasks.tagging import OPTIONS, WordTagging


class WNUT17(WordTagging):
    """Rare entities in noisy text."""

    about: ClassVar[DataSource] = SOURCE
    metric = "f1"

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "wnut17")
        self.set_corpus(load_wnut17(), fast)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        of_words = score_words(outputs, batches)["calibration_error"]
        return {**score_entities(outputs, batches, self.all_tags), "calibration_error": of_words}
