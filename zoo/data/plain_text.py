"""Plain text as characters: one file of any language, its alphabet, and three parts in the order of the text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from zoo.config import UNKNOWN
from zoo.data.settings import Setting
from zoo.data.source import DataError, named, read_text


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

    @property
    def unknown_share(self) -> float:
        """The share of the text that the alphabet has no character for."""
        if UNKNOWN not in self.characters:
            return 0.0
        parts = torch.cat([self.train, self.validation, self.test])
        return float((parts == self.characters.index(UNKNOWN)).double().mean())


def choose_alphabet(text: str, most: int, others: str = "") -> str:
    """Return the characters that become tokens, sorted.

    Args:
        text: what the model is trained on.
        most: tokens at most; the most frequent characters are kept.
        others: what the model will read besides.

    Returns:
        The alphabet, with `UNKNOWN` among its characters where some have no token of their own.
    """
    counts = Counter(text)
    if UNKNOWN not in counts and len(counts) <= most and counts.keys() >= set(others):
        return "".join(sorted(counts))
    counts.pop(UNKNOWN, None)
    return "".join(sorted([UNKNOWN, *(character for character, _ in counts.most_common(most - 1))]))


def encode_characters(text: str, characters: str) -> Tensor:
    """Return a text as int64 tokens (characters,); what the alphabet lacks becomes `UNKNOWN`.

    Raises:
        DataError: the alphabet lacks a character, and `UNKNOWN` too; the message has the line.
    """
    places = {character: k for k, character in enumerate(characters)}
    unknown = places.get(UNKNOWN)
    found = [places.get(character, unknown) for character in text]
    if None in found:
        place = found.index(None)
        raise DataError(
            f"line {text.count(chr(10), 0, place) + 1}: the model has no token for {text[place]!r}, and none for "
            f"unknown characters; its text had {len(characters)} different ones"
        )
    return torch.tensor(found, dtype=torch.int64)


def split_characters(text: str, validation: float = 0.05, test: float = 0.1, most: int = 1000) -> CharacterText:
    """Turn a text into tokens and cut it: the last `test` share, the `validation` share before it, the rest to train.

    The alphabet is that of the training part.

    Args:
        text: the whole text.
        validation, test: shares of the text.
        most: tokens at most; rarer characters become one, `UNKNOWN`.

    Raises:
        DataError: the shares leave nothing for a part of this text, or nothing can be learnt from it.
    """
    if most < 2:
        raise DataError(f"an alphabet needs at least 2 characters, got {most}")
    first_test = int(len(text) * (1.0 - test))
    first_validation = int(len(text) * (1.0 - test - validation))
    if not 0 < first_validation < first_test < len(text):
        raise DataError(
            f"a text of {len(text)} characters leaves a part empty, with shares of {validation} to validate and "
            f"{test} to test; give a longer text",
            Setting("validation_share", ("SHARE",)),
            Setting("test_share", ("SHARE",)),
        )
    train_text, others = text[:first_validation], text[first_validation:]
    if len(set(train_text)) < 2:
        raise DataError(f"the text to train on has one character only, {text[0]!r}; there is nothing to learn")
    characters = choose_alphabet(train_text, most, others)
    train, middle, last = encode_characters(text, characters).tensor_split([first_validation, first_test])
    return CharacterText(characters, train, middle, last)


def load_plain_text(path: str | Path, validation: float = 0.05, test: float = 0.1, most: int = 1000) -> CharacterText:
    """Read a UTF-8 file and split it as `split_characters` does.

    Raises:
        DataError: the file is missing, not UTF-8 or too short.
    """
    text = read_text(path)
    with named(path):
        return split_characters(text, validation, test, most)
