"""Sentences of Debian's translated manual pages in 23 languages, a file per language.

`scripts/fetch_manual_pages.py` writes the files from packages of Debian 12. A sentence holds words only; see
`zoo.data.plain_sentences`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from zoo.data.source import DataError, DataSource, read_files

# ISO 639-1 and the language's name, in the order of the labels.
LANGUAGES = {
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "nb": "Norwegian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sr": "Serbian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
SOURCE = DataSource(
    name="Debian's translated manual pages",
    folder="manual_pages",
    address="Debian 12 (the packages that scripts/fetch_manual_pages.py names)",
    license="GPL-3+, Chinese GFDL-1.2+, English and Japanese by page",
    sha256="04066bcae89fcd5ab9633c4e8d6f214a7856e5d563d0c81625acec96e67b2da4",
    contents="what scripts/fetch_manual_pages.py writes",
)
# Percent of the pages, drawn by a hash of the name, so that a page lies in the same part in every language. With this
# number before the name, languages of few pages (21 in Indonesian) have some of them in each part.
TEST_PERCENT, VALIDATION_PERCENT, SALT = 20, 10, 128


@dataclass(frozen=True)
class ManualPages:
    """The splits, each from language to its sentences."""

    train: dict[str, list[str]] = field(default_factory=dict)
    validation: dict[str, list[str]] = field(default_factory=dict)
    test: dict[str, list[str]] = field(default_factory=dict)


def load_manual_pages() -> ManualPages:
    """Read all sentences and split their pages: 70 % to train, 10 % to validate, 20 % to test.

    Raises:
        DataError: the set is missing, or is not the one that the models were trained on.
    """
    pages = ManualPages()
    for path, content in read_files(SOURCE, "*.txt"):
        language = path.removesuffix(".txt")
        if language not in LANGUAGES:
            raise DataError(f"{SOURCE.folder}/{path}: expected a file for each of {', '.join(LANGUAGES)}")
        split_lines(content.decode().splitlines(), language, pages)
    return pages


def split_lines(lines: Iterable[str], language: str, pages: ManualPages) -> None:
    """Put the sentences of a language into the parts of their pages.

    Args:
        lines: a page's name, a tab and a sentence each.
        language: of the sentences.
        pages: the splits, which get them.

    Raises:
        DataError: a line has no tab.
    """
    for number, line in enumerate(lines, 1):
        page, tab, sentence = line.partition("\t")
        if not (page and tab and sentence):
            raise DataError(f"{language}.txt, line {number}: expected a page, a tab and a sentence, got {line[:40]!r}")
        part: dict[str, list[str]] = getattr(pages, part_of(page))
        part.setdefault(language, []).append(sentence)


def part_of(page: str) -> str:
    """Return "train", "validation" or "test" for the name of a page, whatever other pages there are."""
    share = int(hashlib.sha256(f"{SALT} {page}".encode()).hexdigest(), 16) % 100
    if share < TEST_PERCENT:
        return "test"
    return "validation" if share < TEST_PERCENT + VALIDATION_PERCENT else "train"
