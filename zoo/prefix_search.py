"""Prefix beam search: the likeliest labels of a CTC model, summed over all places in time where they may be said.

Greedy decoding takes the likeliest path of steps. Labels that many paths spell may be likelier (Graves 2012, section
7.5.2; Hannun et al. 2014, algorithm 1). TorchScript compiles every function here, so that models call them in C++.
"""

from __future__ import annotations

import math
from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor

NEVER = -1.0e30  # the logarithm of 0; finite, so that differences of two of them are no NaN


def add_logs(a: float, b: float) -> float:
    """Return log(exp(a) + exp(b))."""
    return max(a, b) + math.log1p(math.exp(min(a, b) - max(a, b)))


def find_largest(values: List[float], count: int) -> List[int]:
    """Return the places of the largest values; of equal ones the first."""
    falling = values.copy()
    falling.sort(reverse=True)
    least = falling[min(count, len(falling)) - 1]
    places: List[int] = []
    for place, value in enumerate(values):
        if value > least:
            places.append(place)
    for place, value in enumerate(values):
        if value == least and len(places) < count:
            places.append(place)
    return places


def search_ctc(
    output: Tensor,
    beam_size: int,
    lengths: Optional[Tensor] = None,
    ngram: Optional[Tensor] = None,
    ngram_weight: float = 1.0,
    label_bonus: float = 0.0,
) -> Tuple[Tensor, Tensor]:
    """Decode the outputs of a CTC model by prefix beam search, with the n-gram of a language if there is one.

    The score of labels is log P(labels | output) + ngram_weight * log P(labels) + label_bonus * number of labels.

    Args:
        output: scores or log-probabilities (batch, seq_len, labels), where label 0 is the blank.
        beam_size: prefixes that are followed at once.
        lengths: int64 (batch,), or None if nothing is padded.
        ngram: log P(label | the n - 1 labels before it), n dimensions of size `labels`, as `zoo.make_ngram` gives it.
            Label 0 is the beginning among the labels before, and the end as the label itself.
        ngram_weight, label_bonus: see above.

    Returns:
        int64 (batch, labels of the longest row), k for label k + 1 of the output and -1 for no label; and the scores
        (batch,), float64.

    Raises:
        ValueError: beam_size is below 1, a weight or bonus is not finite, or the n-gram has another number of labels.
    """
    if beam_size < 1:
        raise ValueError(f"beam_size must be at least 1; got {beam_size}")
    if not (math.isfinite(ngram_weight) and math.isfinite(label_bonus)):
        raise ValueError(f"ngram_weight and label_bonus must be finite; got {ngram_weight} and {label_bonus}")
    num_labels = output.size(2)
    table: List[float] = []
    if ngram is not None:
        if ngram.dim() < 1 or ngram.numel() != num_labels ** ngram.dim():
            raise ValueError(f"each dimension of the n-gram must have size {num_labels}; got {ngram.shape}")
        weighted: List[float] = (ngram.double() * ngram_weight).flatten().tolist()
        table = weighted
    log_probs = output.double().log_softmax(2).cpu()
    labels_of_rows: List[Tensor] = []
    scores: List[Tensor] = []
    for row in range(output.size(0)):
        steps = output.size(1) if lengths is None else int(lengths[row].item())
        labels, score = _search_row(log_probs[row, :steps], beam_size, table, label_bonus)
        labels_of_rows.append(torch.tensor(labels, dtype=torch.int64) - 1)
        # TorchScript's torch.tensor would round a float to float32.
        scores.append(torch.full([1], score, dtype=torch.float64))
    padded = torch.nn.utils.rnn.pad_sequence(labels_of_rows, batch_first=True, padding_value=-1.0)
    return padded.to(output.device), torch.cat(scores).to(output.device)


def _search_row(
    log_probs: Tensor, beam_size: int, table: List[float], label_bonus: float, never: float = NEVER
) -> Tuple[List[int], float]:
    """Return the labels, from 1, and their score, for the log-probabilities (T, labels) of one row.

    Prefixes are the nodes of a tree. Node 0 is the empty one. `priors` are what n-gram and bonus give to a node.

    Args:
        log_probs: float64.
        beam_size, label_bonus: as in `search_ctc`.
        table: the weighted n-gram, flat; empty for none.
        never: stands for the logarithm of 0.
    """
    num_labels = log_probs.size(1)
    contexts = max(len(table) // num_labels, 1)
    steps: List[List[float]] = log_probs.tolist()
    parents, last_labels, context_of = [-1], [0], [0]
    priors = [0.0]
    children: Dict[int, int] = {}  # parent * num_labels + label -> node
    beam = [0]
    blank: Dict[int, float] = {0: 0.0}  # node -> log-probability of its paths that end in a blank
    spoken: Dict[int, float] = {0: never}  # and of those that end in its last label
    for step in steps:
        next_blank: Dict[int, float] = {}
        next_spoken: Dict[int, float] = {}
        new_priors: Dict[int, float] = {}  # of prefixes that are no node yet: -1 - (parent * num_labels + label)
        for node in beam:
            total = add_logs(blank[node], spoken[node])
            next_blank[node] = total + step[0]
            if node > 0:
                said_on = spoken[node] + step[last_labels[node]]
                next_spoken[node] = add_logs(next_spoken.get(node, never), said_on)
            for label in range(1, num_labels):
                key = node * num_labels + label
                child = children.get(key, -1 - key)
                # The same label is said anew only after a blank.
                before = blank[node] if label == last_labels[node] else total
                next_spoken[child] = add_logs(next_spoken.get(child, never), before + step[label])
                if child < 0:
                    place = context_of[node] * num_labels + label
                    new_priors[child] = priors[node] + label_bonus + (table[place] if len(table) > 0 else 0.0)
        for node in beam:
            next_spoken[node] = next_spoken.get(node, never)
        candidates: List[int] = list(next_spoken.keys())
        ranks: List[float] = []
        for node in candidates:
            prior = new_priors[node] if node < 0 else priors[node]
            ranks.append(add_logs(next_blank.get(node, never), next_spoken[node]) + prior)
        beam.clear()
        blank.clear()
        spoken.clear()
        for place in find_largest(ranks, beam_size):
            node = candidates[place]
            chance = next_spoken[node]
            if node < 0:
                key = -1 - node
                parent = key // num_labels
                parents.append(parent)
                last_labels.append(key % num_labels)
                context_of.append((context_of[parent] * num_labels + key % num_labels) % contexts)
                priors.append(new_priors[node])
                node = len(parents) - 1
                children[key] = node
            beam.append(node)
            blank[node] = next_blank.get(node, never)
            spoken[node] = chance
    best = beam[0]
    best_score = never
    for node in beam:
        end = table[context_of[node] * num_labels] if len(table) > 0 else 0.0
        score = add_logs(blank[node], spoken[node]) + priors[node] + end
        if score > best_score:
            best, best_score = node, score
    labels: List[int] = []
    while best > 0:
        labels.append(last_labels[best])
        best = parents[best]
    labels.reverse()
    return labels, best_score
