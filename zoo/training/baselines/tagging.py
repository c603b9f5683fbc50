"""Tags of words without a net: each word's most frequent tag, and an averaged perceptron (Collins 2002)."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import torch
from nltk.tag.perceptron import PerceptronTagger

from zoo.training.baselines.classes import Scorer

SEED = 0
PASSES = 5  # over the training sentences


def learn_frequent_tags(task: Any) -> Scorer:
    """A word's tag is its most frequent one in training; an unknown word has the most frequent tag of all."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    overall: Counter[str] = Counter()
    for sentence in task.corpus.train:
        overall.update(sentence.tags)
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            counts[word.lower()][tag] += 1
    (rest, _), *_ = overall.most_common(1)

    best = {word: found.most_common(1)[0][0] for word, found in counts.items()}
    return lambda task: _score(task, lambda words: [best.get(word.lower(), rest) for word in words])


def learn_perceptron(task: Any) -> Scorer:
    """nltk's tagger: it looks at the word, its ends, its neighbours, and the two tags before."""
    tagger = PerceptronTagger(load=False)
    random.seed(SEED)  # it shuffles with this generator
    tagger.train([list(zip(s.words, s.tags, strict=True)) for s in task.corpus.train], nr_iter=PASSES)
    return lambda task: _score(task, lambda words: [tag for _, tag in tagger.tag(words)])


def _score(task: Any, find_tags: Callable[[list[str]], list[str]]) -> dict[str, float]:
    places = {name: k for k, name in enumerate(task.tags)}
    batches = task.test_batches()
    sentences = iter(task.test_sentences())
    outputs = []
    for batch in batches:
        output = torch.zeros(*batch.target.shape, len(places))  # (B, T, tags)
        for row in range(len(output)):
            for step, name in enumerate(find_tags(next(sentences).words)):
                output[row, step, places[name]] = 1
        outputs.append(output)
    scores: dict[str, float] = task.score(outputs, batches)
    del scores["calibration_error"]  # there are no probabilities
    return scores
