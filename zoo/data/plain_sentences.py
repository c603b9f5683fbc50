"""Sentences of words only, in the language that they are said to be in.

Translated manuals hold commands, numbers, names of files and paragraphs that nobody has translated. A text that is
taken for a language must not contain them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

from zoo.data.roff import BREAK

# The first characters and the last of the scripts of languages that are not written in Latin letters.
SCRIPTS: dict[str, tuple[str, ...]] = {
    "el": ("\u0370-\u03ff",),
    **dict.fromkeys(("mk", "ru", "sr", "uk"), ("\u0400-\u04ff",)),
    "ja": ("\u3040-\u30ff", "\u3400-\u9fff"),
    "zh": ("\u3400-\u9fff",),
}
# Languages without spaces between words, and the characters that they are written in, with their punctuation.
UNSPACED = ("ja", "zh")
IDEOGRAPHS = "\u3000-\u30ff\u3400-\u9fff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
# What no word of prose has in it; the whole word goes.
STRANGE = re.compile(r"[\d_/\\=<>|$#@*+{}\[\]^&%~`•©®…\uff10-\uff19]|\w[.:]\w|(?<![\w-])-+\w")
STRANGE_INSIDE = re.compile(rf"[^{IDEOGRAPHS}]*(?:{STRANGE.pattern})[^{IDEOGRAPHS}]*")
END_OF_SENTENCE = re.compile(r"(?<=[.!?;:])[\"»“”']*\s+|(?<=[\u3002\uff01\uff1f\uff1b])")
INSIDE = re.compile(rf"(?<=[{IDEOGRAPHS}]) +(?=[{IDEOGRAPHS}])")
# Punctuation that stands around words, of Latin letters and of ideographs.
EDGES = (
    " \t,;:.!?-()'\"\u2013\u2014\u00ab\u00bb\u2018\u2019\u201a\u201c\u201d\u201e"
    "\u3001\u3002\u300c\u300d\u30fb\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"
)
NOT_LATIN = re.compile(r"[\u0370-\u1dff\u2e80-\uffff]")
# A word is English if the English pages have it so often; a sentence is, if it has such a share of these words.
OFTEN, ENGLISH_SHARE = 3, 0.6
FOREIGN_SHARE = 0.34
FEWEST_CHARACTERS = 15


def split_sentences(prose: Iterable[str], language: str) -> list[str]:
    """Return the sentences, or stretches of them, that hold words only and seem to be in the language.

    Args:
        prose: stretches of text, each in one line.
        language: ISO 639-1.
    """
    found = []
    for stretch in prose:
        for words in _leave_strange(unicodedata.normalize("NFC", stretch)).split(BREAK):
            joined = INSIDE.sub("", words)
            for sentence in END_OF_SENTENCE.split(joined):
                plain = " ".join(sentence.split()).strip(EDGES)
                if len(plain) >= FEWEST_CHARACTERS and has_script(plain, language):
                    found.append(plain)
    return found


def _leave_strange(text: str) -> str:
    """Return a text with breaks for the words that have something strange in them."""
    words = text.split()
    return " ".join(STRANGE_INSIDE.sub(BREAK, word) if STRANGE.search(word) else word for word in words)


def has_script(text: str, language: str) -> bool:
    """Return whether the letters of a text are those of a language: all Latin, or most of its own script."""
    if language not in SCRIPTS:
        return NOT_LATIN.search(text) is None
    letters = sum(character.isalpha() for character in text)
    own = len(re.findall(f"[{''.join(SCRIPTS[language])}]", text))
    return own >= (1 - FOREIGN_SHARE) * letters > 0


def keep_own(sentences: Mapping[str, Mapping[str, list[str]]]) -> dict[str, dict[str, list[str]]]:
    """Return the sentences without repetitions and without those of several languages, which nobody has translated.

    Args:
        sentences: by language and page. A sentence of several pages stays in the first; English keeps its own.
    """
    shared = _find_shared(sentences)
    english = _find_english(sentences.get("en", {}))
    kept: dict[str, dict[str, list[str]]] = {}
    for language, pages in sentences.items():
        left_out = set() if language == "en" else set(shared)
        for page in sorted(pages):
            for sentence in pages[page]:
                key = sentence.casefold()
                words = key.split()
                foreign = language != "en" and sum(word.strip(EDGES) in english for word in words)
                if key not in left_out and foreign < ENGLISH_SHARE * len(words):
                    kept.setdefault(language, {}).setdefault(page, []).append(sentence)
                left_out.add(key)
    return kept


def _find_shared(sentences: Mapping[str, Mapping[str, list[str]]]) -> set[str]:
    """Return the sentences, in small letters, that several languages have."""
    counts = Counter(
        key for pages in sentences.values() for key in {s.casefold() for page in pages.values() for s in page}
    )
    return {sentence for sentence, count in counts.items() if count > 1}


def _find_english(pages: Mapping[str, list[str]]) -> set[str]:
    """Return the words, in small letters, that English pages have often."""
    counts = Counter(
        word.strip(EDGES) for page in pages.values() for sentence in page for word in sentence.casefold().split()
    )
    return {word for word, count in counts.items() if count >= OFTEN}
