"""Surnames in 18 languages (Robertson's PyTorch tutorial): 20,050 names, a file per language."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
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
    """The splits, each a list of (name, language) without repetitions; a name is in one split only.

    A name may have several languages.
    """

    train: list[tuple[str, int]]
    validation: list[tuple[str, int]]
    test: list[tuple[str, int]]
    languages: list[str]


def load_names() -> Surnames:
    """Read all names and split them: 70 %, 10 % and 20 % of each language, with seed 0.

    Raises:
        DataError: the set is missing, or is not the one published.
    """
    names = {
        path.rpartition("/")[2].removesuffix(".txt"): [line.strip() for line in content.decode("utf-8").splitlines()]
        for path, content in read_files(SOURCE, "data/names/*.txt")
    }
    return split_names(names)


def split_names(names: Mapping[str, Sequence[str]]) -> Surnames:
    """Split names so that none of them is in two splits, not even in other letters or of another language.

    Args:
        names: of each language. Repetitions and empty names are left out.
    """
    surnames = Surnames([], [], [], list(names))
    splits = {"test": surnames.test, "validation": surnames.validation, "train": surnames.train}
    place: dict[str, str] = {}
    generator = random.Random(SEED)
    for label, known in enumerate(names.values()):
        own = list(dict.fromkeys(name for name in known if name))
        generator.shuffle(own)
        test, validation = round(TEST_SHARE * len(own)), round(VALIDATION_SHARE * len(own))
        for k, name in enumerate(own):
            split = "test" if k < test else "validation" if k < test + validation else "train"
            splits[place.setdefault(name.casefold(), split)].append((name, label))
    return surnames
