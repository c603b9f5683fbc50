"""Tasks: each binds a data set to batches, a learner and a score.

A task is a class in a file of this folder, with a row in `TASKS` below. It derives from `zoo.training.tasks.base.Task`:

    class MyTask(Task):
        about = MY_SOURCE                # zoo.data.source.DataSource: name, licence, address
        metric, mode = "accuracy", "max" # the metric of `score` that decides which epoch is best
        learner = ClassificationLearner  # from zoo.training.learners; it has the loss

        def __init__(self, options, fast=False): ...   # options: [task.options] of the experiment; fast: few examples
        def model_overrides(self): ...                 # what the data decides of the model: input_size, num_classes
        def prepare_(self, model): ...                 # statistics and vocabularies into the model's buffers
        def train_batches(self, batch_size, seed): ... # DataLoader of Batch, see zoo.training.batching.make_loader
        def validation_batches(self): ...              # list of Batch
        def test_batches(self): ...                    # list of Batch; cpp_runner is judged on them too
        def augment(self, batch): ...                  # optional; training batches only, torch's global generator
        def score(self, outputs, batches): ...         # dict of metrics from the model's outputs, one per batch

`Batch` is (input, lengths or None, target). `outputs[k]` is the output of the model for `batches[k]`, on the CPU. It
may come from Python or from C++, so `score` uses nothing else of the model. Validation and test batches are always the
same: random strings of digits and noise come from generators with fixed seeds.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from zoo.errors import ArgumentError
from zoo.training.tasks.base import Task

# name -> module and class
TASKS: dict[str, tuple[str, str]] = {
    "fsdd": ("zoo.training.tasks.fsdd", "DigitClassification"),
    "fsdd_strings": ("zoo.training.tasks.fsdd_strings", "DigitStrings"),
    "fsdd_detection": ("zoo.training.tasks.fsdd_detection", "DigitDetection"),
    "speech_activity": ("zoo.training.tasks.speech_activity", "SpeechActivity"),
    "japanese_vowels": ("zoo.training.tasks.japanese_vowels", "JapaneseVowels"),
    "cmudict": ("zoo.training.tasks.cmudict", "CmuDict"),
    "names": ("zoo.training.tasks.names", "Names"),
    "languages": ("zoo.training.tasks.languages", "Languages"),
    "etth1": ("zoo.training.tasks.etth1", "ETTh1"),
    "etth2": ("zoo.training.tasks.etth2", "ETTh2"),
    "tiny_shakespeare": ("zoo.training.tasks.tiny_shakespeare", "TinyShakespeare"),
    "ud_english_ewt": ("zoo.training.tasks.ud_english_ewt", "UDEnglishEWT"),
    "wnut17": ("zoo.training.tasks.wnut17", "WNUT17"),
    "conllu": ("zoo.training.tasks.own.tagged_files", "TaggedFiles"),
    "csv": ("zoo.training.tasks.own.csv_file", "CsvFile"),
    "csv_sequences": ("zoo.training.tasks.own.csv_sequences", "CsvSequenceFiles"),
    "npz": ("zoo.training.tasks.own.array_file", "ArrayFiles"),
    "plain_text": ("zoo.training.tasks.own.plain_text", "PlainText"),
    "ts": ("zoo.training.tasks.own.time_series", "TimeSeriesFiles"),
    "wav": ("zoo.training.tasks.own.sounds", "SoundFolders"),
}


def find_task(name: str) -> type[Task]:
    """Return the class of a task of the table.

    Raises:
        ArgumentError: no such task.
    """
    if name not in TASKS:
        raise ArgumentError(f"no task is called {name!r}; there are {', '.join(sorted(TASKS))}")
    module, class_name = TASKS[name]
    task: type[Task] = getattr(importlib.import_module(module), class_name)
    return task


def make_task(name: str, options: Mapping[str, Any] | None = None, *, fast: bool = False) -> Task:
    """Make a task of the table.

    Args:
        name: a key of `TASKS`.
        options: the experiment's [task.options].
        fast: a few examples only.

    Raises:
        ArgumentError: no such task, or the task does not have such an option.
        DataError: the data set is missing.
    """
    if not isinstance(options or {}, Mapping) or not all(isinstance(key, str) for key in options or {}):
        raise ArgumentError(f"options of task {name} must be a table with texts as keys, got {options!r}")
    return find_task(name)(dict(options or {}), fast=fast)
