"""A user's own CoNLL-U files: a tag for every word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor

from zoo.data.conllu import TaggedCorpus, load_conllu
from zoo.data.source import DataError, DataSource
from zoo.training.batching import Batch
from zoo.training.learners.tagging import score_accuracy
from zoo.training.tasks.base import read_options
from zoo.training.tasks.tagging import OPTIONS, WordTagging


class ConlluFiles(WordTagging):
    """Tags of the CoNLL-U files `task.options.train`, `.validation` and `.test`, from the column `.column`."""

    about: ClassVar[DataSource] = DataSource("your CoNLL-U files", "", "", "yours")
    metric = "accuracy"

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        own = {"train": "", "validation": "", "test": "", "column": "upos"}
        self.options = read_options(options, {**OPTIONS, **own}, "conllu")
        missing = [name for name in ("train", "validation", "test") if not self.options[name]]
        if missing:
            raise DataError(f"task conllu needs {', '.join(f'task.options.{name}=FILE' for name in missing)}")
        parts = (load_conllu(self.options[name], self.options["column"]) for name in ("train", "validation", "test"))
        self.set_corpus(TaggedCorpus(*parts), fast)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_accuracy(outputs, batches)
