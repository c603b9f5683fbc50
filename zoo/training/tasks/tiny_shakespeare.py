"""tinyshakespeare: the next character of Shakespeare's plays."""

from __future__ import annotations

from typing import Any, ClassVar

from zoo.data.source import DataSource
from zoo.data.tiny_shakespeare import SOURCE, load_tiny_shakespeare
from zoo.training.tasks.base import read_options
from zoo.training.tasks.language_modelling import OPTIONS, CharacterPrediction

# The length of context in which others report this text.
BLOCK = 256


class TinyShakespeare(CharacterPrediction):
    """The next of 65 characters."""

    about: ClassVar[DataSource] = SOURCE

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, {**OPTIONS, "block": BLOCK}, "tiny_shakespeare")
        self.set_text(load_tiny_shakespeare(), fast)
