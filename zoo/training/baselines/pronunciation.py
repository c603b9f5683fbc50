"""Spelling to phonemes, letter by letter: each letter's most frequent phonemes between these neighbours."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import torch

from zoo.training.batching import Batch, pad_sequences
from zoo.training.learners.seq2seq import NO_LABEL

Phonemes = tuple[str, ...]

MOST = 2  # phonemes of a letter: x is K S
PASSES = 4  # of the alignment
ALIGNED_WORDS = 20_000  # by which the alignment is learnt
PENALTY = 12.0  # of what a letter was never seen to say, as a negative logarithm
WIDEST = 4  # letters of context on either side
LEAST_COUNTS = (1, 2, 3)  # how often a context must be seen, of which validation chooses one


def score_letters(task: Any) -> dict[str, float]:
    """Letters are aligned with phonemes by Viterbi training; the widest context that training has decides."""
    words = [(word, found) for word, pronunciations in task.train for found in pronunciations]
    costs = learn_costs(words[:: max(1, len(words) // ALIGNED_WORDS)])
    aligned = [(word, align(word, phonemes, costs)) for word, phonemes in words]
    levels = learn_contexts([(word, parts) for word, parts in aligned if parts])
    validation = task.validation_batches()

    def score(batches: Sequence[Batch], least: int) -> dict[str, float]:
        scores: dict[str, float] = task.score(
            [_answer(batch, levels, least, task.label_of) for batch in batches], batches
        )
        return scores

    best = min(LEAST_COUNTS, key=lambda least: score(validation, least)[task.metric])
    return score(task.test_batches(), best)


def learn_costs(words: Sequence[tuple[str, Phonemes]]) -> dict[tuple[str, Phonemes], float]:
    """Return the negative logarithm of how often a letter says some phonemes, none to `MOST` of them.

    The first alignment spreads the phonemes evenly over the letters; each pass aligns by the counts of the one before.
    """
    costs: dict[tuple[str, Phonemes], float] = {}
    for k in range(PASSES):
        counts: Counter[tuple[str, Phonemes]] = Counter()
        for word, phonemes in words:
            parts = align(word, phonemes, costs) if k else _spread(word, phonemes)
            counts.update(zip(word, parts, strict=False))
        totals: Counter[str] = Counter()
        for (letter, _), count in counts.items():
            totals[letter] += count
        costs = {key: math.log(totals[key[0]] / count) for key, count in counts.items()}
    return costs


def align(word: str, phonemes: Phonemes, costs: dict[tuple[str, Phonemes], float]) -> list[Phonemes]:
    """Return the phonemes of each letter in the cheapest alignment; empty where there are too many phonemes."""
    ends = len(phonemes) + 1
    best: list[float] = [0.0] + [math.inf] * (ends - 1)
    steps: list[list[int]] = []
    for letter in word:
        row, taken = [math.inf] * ends, [0] * ends
        for end in range(ends):
            for count in range(min(MOST, end) + 1):
                before = best[end - count]
                if before < row[end]:
                    cost = before + costs.get((letter, phonemes[end - count : end]), PENALTY)
                    if cost < row[end]:
                        row[end], taken[end] = cost, count
        best = row
        steps.append(taken)
    if best[-1] == math.inf:
        return []
    parts: list[Phonemes] = []
    end = len(phonemes)
    for taken in reversed(steps):
        parts.append(phonemes[end - taken[end] : end])
        end -= taken[end]
    return parts[::-1]


Level = dict[str, tuple[Phonemes, int]]  # a context -> what its letter says most often, and how often


def learn_contexts(words: Iterable[tuple[str, Sequence[Phonemes]]]) -> list[Level]:
    """Return what a letter says by its context, from no letter on either side to `WIDEST` letters."""
    words = list(words)
    levels: list[Level] = []
    for width in range(WIDEST + 1):
        counts: Counter[tuple[str, Phonemes]] = Counter()
        for word, parts in words:
            counts.update(zip(_contexts(word, width), parts, strict=True))
        level: Level = {}
        for (context, phonemes), count in counts.items():
            if count > level.get(context, ((), 0))[1]:
                level[context] = phonemes, count
        levels.append(level)
    return levels


def pronounce(word: str, levels: Sequence[Level], least: int) -> list[str]:
    """Return the phonemes of a word: each letter's by its widest context that is seen at least `least` times."""
    said: list[str] = []
    for letters in zip(*(_contexts(word, width) for width in range(len(levels))), strict=True):
        for level, context in zip(reversed(levels), reversed(letters), strict=True):
            phonemes, count = level.get(context, ((), 0))
            if count >= least:
                said += phonemes
                break
    return said


def _contexts(word: str, width: int) -> list[str]:
    """Return each letter with `width` letters on either side; blanks stand around the word."""
    padded = " " * width + word + " " * width
    return [padded[k : k + 2 * width + 1] for k in range(len(word))]


def _spread(word: str, phonemes: Phonemes) -> list[Phonemes]:
    borders = [round(k * len(phonemes) / len(word)) for k in range(len(word) + 1)]
    return [phonemes[a:b] for a, b in pairwise(borders)]


def _answer(batch: Batch, levels: Sequence[Level], least: int, label_of: dict[str, int]) -> torch.Tensor:
    """Return labels (B, U), -1 after the end, as the model gives them."""
    rows = [
        torch.tensor([label_of[p] for p in pronounce(bytes(row[row > 0].tolist()).decode(), levels, least)]).long()
        for row in batch.input
    ]
    return pad_sequences(rows, NO_LABEL)[0]
