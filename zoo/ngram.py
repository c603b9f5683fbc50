"""Character n-grams as tables, for the decoding of CTC models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from zoo.errors import ArgumentError

MOST_NUMBERS = 2**27  # of a table: 1 GiB while it is counted


def make_ngram(sequences: Iterable[Sequence[int]], num_labels: int, order: int) -> Tensor:
    """Count an n-gram, interpolated with the shorter ones (Witten and Bell 1991).

    P(w | h) = (count(h w) + kinds(h) P(w | h without its first)) / (count(h) + kinds(h)), where kinds(h) counts the
    different labels after h. The shortest is interpolated with equal probabilities.

    Args:
        sequences: of labels from 0, as a CTC model's decodings are.
        num_labels: of the CTC model, including the blank.
        order: n, at least 1.

    Returns:
        float32, `order` dimensions of size `num_labels`: log P(last | the ones before). Labels are those of the model,
        from 1; label 0 is the beginning among the labels before, and the end as the last one.

    Raises:
        ArgumentError: a label does not exist, or order or num_labels is too small or too large.
    """
    if not (_is_whole(order) and _is_whole(num_labels) and order >= 1 and num_labels >= 2):
        raise ArgumentError(
            f"an n-gram needs whole numbers order >= 1 and num_labels >= 2, got {order!r} and {num_labels!r}"
        )
    if num_labels**order > MOST_NUMBERS:
        raise ArgumentError(
            f"an n-gram of order {order} over {num_labels} labels is a table of {num_labels}^{order} numbers, expected "
            f"at most {MOST_NUMBERS:,}; give a smaller order"
        )
    counts = torch.zeros([num_labels] * order, dtype=torch.float64)
    for labels in sequences:
        sequence = labels.tolist() if isinstance(labels, Tensor | np.ndarray) else labels
        if not isinstance(sequence, Sequence) or isinstance(sequence, str):
            raise ArgumentError(f"each sequence must be a list of labels, got {sequence!r}")
        wrong = [label for label in sequence if not (_is_whole(label) and 0 <= label < num_labels - 1)]
        if wrong:
            raise ArgumentError(f"labels must be whole numbers in 0..{num_labels - 2}, got {wrong[0]!r}")
        padded = [0] * (order - 1) + [label + 1 for label in sequence] + [0]
        for start in range(len(sequence) + 1):
            counts[tuple(padded[start : start + order])] += 1
    chances = torch.full([num_labels], 1.0 / num_labels, dtype=torch.float64)
    for n in range(1, order + 1):
        seen = counts.reshape([-1] + [num_labels] * n).sum(0)  # how often n labels stand in a row
        kinds = (seen > 0).sum(-1, keepdim=True).double()
        total = seen.sum(-1, keepdim=True)
        mixed = (seen + kinds * chances) / (total + kinds).clamp(min=1.0)
        chances = torch.where(total > 0, mixed, chances.expand_as(seen))
    return chances.log().float()


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
