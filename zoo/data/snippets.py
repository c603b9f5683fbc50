"""Snippets of sentences, a given number of characters long, and other ways to write them."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence

from zoo.data.plain_sentences import UNSPACED, has_script
from zoo.data.source import DataError

# A snippet of a size has at least this share of its characters.
SHORTEST_SHARE = 0.75
# Draws for a snippet before the text is said to have none.
DRAWS = 200
# Latin letters with a stroke and the like, which Unicode does not take apart.
BARE = str.maketrans({"đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "\u0131": "i"})
LARGEST_NUMBER = 9999


def draw_snippet(sentences: Sequence[str], language: str, size: int, generator: random.Random) -> str:
    """Return a snippet of a random sentence, mostly in the script of its language.

    It begins and ends at ends of words, but in languages without spaces.

    Args:
        sentences: of the language.
        language: ISO 639-1.
        size: most characters; the snippet has at least `SHORTEST_SHARE` of them.
        generator: what is drawn from.

    Raises:
        DataError: the sentences are too short.
    """
    for _ in range(DRAWS):
        snippet = cut(generator.choice(sentences), size, generator, spaced=language not in UNSPACED)
        if len(snippet) >= SHORTEST_SHARE * size and has_script(snippet, language):
            return snippet
    raise DataError(
        f"{DRAWS} draws from {len(sentences)} sentences of {language!r} gave no snippet of {size} characters; give "
        "longer sentences, or ask for shorter snippets"
    )


def draw_different(sentences: Sequence[str], language: str, size: int, number: int, seed: int) -> list[str]:
    """Return snippets of which no two are the same, drawn with a seed.

    Raises:
        DataError: as `draw_snippet`, or there are too few of them.
    """
    generator = random.Random(f"{seed} {language} {size}")
    snippets: dict[str, None] = {}
    for _ in range(DRAWS * number):
        snippets[draw_snippet(sentences, language, size, generator)] = None
        if len(snippets) == number:
            return list(snippets)
    raise DataError(
        f"the sentences of {language!r} hold {len(snippets)} different snippets of {size} characters, expected "
        f"{number}; give more text"
    )


def cut(sentence: str, size: int, generator: random.Random, spaced: bool = True) -> str:
    """Return a part of a sentence of at most `size` characters that begins at a random word.

    Args:
        sentence: words with single spaces.
        size: most characters.
        generator: what is drawn from.
        spaced: whether words have spaces between them; otherwise it begins and ends anywhere.
    """
    if len(sentence) <= size:
        return sentence
    last = len(sentence) - round(SHORTEST_SHARE * size)
    if not spaced:
        start = generator.randrange(len(sentence) - size + 1)
        return sentence[start : start + size].strip()
    start = generator.choice([0, *(k + 1 for k in range(last) if sentence[k] == " ")])
    end = start + size
    if end < len(sentence) and sentence[end] != " ":
        end = max(start, sentence.rfind(" ", start, end))
    return sentence[start:end]


def drop_accents(text: str) -> str:
    """Return a text whose Latin letters have neither accents nor strokes; other scripts stay."""
    found = []
    for character in unicodedata.normalize("NFC", text).translate(BARE):
        letter = unicodedata.normalize("NFD", character)[0]
        found.append(letter if letter.isascii() else character)
    return "".join(found)


def insert_number(text: str, generator: random.Random) -> str:
    """Return a text with a random number between two of its words, or anywhere where it has no spaces."""
    number = str(generator.randint(0, LARGEST_NUMBER))
    gaps = [k for k, character in enumerate(text) if character == " "]
    if gaps:
        place = generator.choice(gaps)
        return f"{text[:place]} {number}{text[place:]}"
    place = generator.randint(0, len(text))
    return text[:place] + number + text[place:]
