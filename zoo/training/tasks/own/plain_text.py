"""A user's own text: its next character."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from zoo.data.plain_text import load_plain_text
from zoo.data.source import DataError, DataSource
from zoo.training.tasks.base import read_options
from zoo.training.tasks.language_modelling import OPTIONS, CharacterPrediction


class PlainText(CharacterPrediction):
    """The next character of the UTF-8 file `task.options.path`."""

    about: ClassVar[DataSource] = DataSource("your text", "", "", "yours")

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, {**OPTIONS, "path": ""}, "plain_text")
        if not self.options["path"]:
            raise DataError("task plain_text needs task.options.path=FILE, a UTF-8 text")
        self.set_text(load_plain_text(Path(self.options["path"])), fast)
