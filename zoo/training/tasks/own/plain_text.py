"""A user's own text: its next character."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from zoo.data.plain_text import CharacterText, encode_characters, load_plain_text
from zoo.data.settings import Setting
from zoo.data.source import DataError, DataSource, named, read_text
from zoo.training.tasks.base import Task, read_options
from zoo.training.tasks.language_modelling import OPTIONS, CharacterPrediction
from zoo.training.tasks.own.labelled import check_shares
from zoo.training.tasks.own.repeats import find_repeats
from zoo.training.tasks.own.sameness import refuse_other_data

OWN: dict[str, Any] = {
    "path": "",
    "vocabulary": 1000,  # tokens at most; rarer characters become one that stands for all of them
    "validation_share": 0.05,
    "test_share": 0.1,
}

# Shorter lines, and so many of them, are in training too without a fault of the data.
LONG_LINE, USUAL = 20, 0.05


class PlainText(CharacterPrediction):
    """The next character of the UTF-8 file `task.options.path`, of any language."""

    about: ClassVar[DataSource] = DataSource("your text", "", "", "yours")

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, {**OPTIONS, **OWN}, "plain_text")
        if not self.options["path"]:
            raise DataError("task plain_text needs data", Setting("path", ("FILE",)))
        check_shares(self.options)
        shares = (self.options["validation_share"], self.options["test_share"])
        text = load_plain_text(Path(self.options["path"]), *shares, self.options["vocabulary"])
        with named(self.options["path"]):
            self.set_text(text, fast)
        parts = {"train": text.train, "validation": text.validation, "test": text.test}
        self.repeats = find_repeats("lines", {name: cut_lines(part, text.characters) for name, part in parts.items()})

    @classmethod
    def restore(cls, options: dict[str, Any], record: dict[str, Any], data: str = "") -> Task:
        if not data:
            whole = cls(options)
            refuse_other_data(whole.record(), record, whole.options["path"])
            return whole
        task = cls.__new__(cls)
        task.options = read_options(options, {**OPTIONS, **OWN}, "plain_text")
        with named(data):
            tokens = encode_characters(read_text(data), record["characters"])
            task.refuse_short(tokens, "test")
        task.text = CharacterText(record["characters"], tokens[:0], tokens[:0], tokens)
        return task

    def record(self) -> dict[str, Any]:
        counts = {"parts": self._measure_parts(), "repeats": self.repeats.counts}
        return {"characters": self.text.characters, **counts}

    def meaning(self) -> dict[str, str]:
        tokens = len(self.text.characters)
        return {
            "purpose": "Says which character comes next in a text.",
            "input": f"one character a step, as one of {tokens:,} tokens",
            "output": "scores of the tokens for the next character; softmax makes probabilities of them",
        }

    def facts(self) -> dict[str, str]:
        text = self.text
        parts = self._measure_parts()
        unknown = f", which leaves out {text.unknown_share:.2%} of the text" if text.unknown_share else ""
        return {
            "text": f"{sum(parts):,} characters",
            "alphabet": f"{len(text.characters):,} tokens{unknown}",
            "split": "{:,} characters to train on, {:,} validation, {:,} test; in the order of the text".format(*parts),
            **self.repeats.warn(USUAL),
        }

    def _measure_parts(self) -> list[int]:
        return [len(self.text.train), len(self.text.validation), len(self.text.test)]


def cut_lines(tokens: Tensor, characters: str) -> list[str]:
    """Return the whole lines of a part that are long enough to be no everyday words."""
    lines = "".join(map(characters.__getitem__, tokens.tolist())).split("\n")
    return [line for line in lines[1:-1] if len(line) >= LONG_LINE]
