"""Surnames in 18 languages (Robertson's PyTorch tutorial): 20,050 names, a file per language."""

from __future__ import annotations

import random
from dataclasses import dataclass

from zoo.data.source import DataSource, read_files

SOURCE = DataSource(
    name="names",
    folder="names",
    address="https://github.com/spro/practical-pytorch (commit c520c52e, folder data/names)",
    license="MIT",
    sha256="ffc2ab70bb0bec72b32bb78f80920c343813efadb28173b489b37b4ddf18a4ee",
    contents="data/names/*.txt",
)
# No split is official: stratified by language, these shares, this seed.
TEST_SHARE, VALIDATION_SHARE, SEED = 0.2, 0.1, 0


@dataclass(frozen=True)
class Surnames:
    """The splits, each a list of (name, language); names that stand in a file twice stay so."""

    train: list[tuple[str, int]]
    validation: list[tuple[str, int]]
    test: list[tuple[str, int]]
    languages: list[str]


def load_names() -> Surnames:
    """Read all names and split them: 80 % and 20 % by language with seed 0, and an eighth of the former held out.

    Raises:
        DataError: the set is missing, or is not the one published.
    """
    surnames = Surnames([], [], [], [])
    generator = random.Random(SEED)
    for label, (path, content) in enumerate(read_files(SOURCE, "data/names/*.txt")):
        surnames.languages.append(path.rpartition("/")[2].removesuffix(".txt"))
        names = [line.strip() for line in content.decode("utf-8").splitlines() if line.strip()]
        generator.shuffle(names)
        test, validation = round(TEST_SHARE * len(names)), round(VALIDATION_SHARE * len(names))
        surnames.test.extend((name, label) for name in names[:test])
        surnames.validation.extend((name, label) for name in names[test : test + validation])
        surnames.train.extend((name, label) for name in names[test + validation :])
    return surnames
