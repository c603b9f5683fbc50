"""Plain text as characters: one file, its alphabet, and three parts in the order of the text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from zoo.data.source import DataError, read_text


@dataclass(frozen=True)
class CharacterText:
    """A text in three parts, as tokens of its own alphabet.

    Args:
        characters: the alphabet, sorted; a character's place is its token.
        train, validation, test: int64 (characters of the part,).
    """

    characters: str
    train: Tensor
    validation: Tensor
    test: Tensor


def split_characters(text: str, validation: float = 0.05, test: float = 0.1) -> CharacterText:
    """Turn a text into tokens and cut it: the last `test` share, the `validation` share before it, the rest to train.

    Raises:
        DataError: the shares leave nothing for a part of this text.
    """
    characters = "".join(sorted(set(text)))
    places = {character: k for k, character in enumerate(characters)}
    tokens = torch.tensor([places[character] for character in text], dtype=torch.int64)
    first_test = int(len(text) * (1.0 - test))
    first_validation = int(len(text) * (1.0 - test - validation))
    if not 0 < first_validation < first_test < len(text):
        raise DataError(
            f"a text of {len(text)} characters with shares validation={validation}, test={test} leaves an empty part; "
            "give a longer text or other shares"
        )
    train, middle, last = tokens.tensor_split([first_validation, first_test])
    return CharacterText(characters, train, middle, last)


def load_plain_text(path: str | Path, validation: float = 0.05, test: float = 0.1) -> CharacterText:
    """Read a UTF-8 file and split it as `split_characters` does.

    Raises:
        DataError: the file is missing, not UTF-8 or too short.
    """
    return split_characters(read_text(path), validation, test)
