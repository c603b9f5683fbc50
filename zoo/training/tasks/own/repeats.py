"""Records that are in training and in another part too: figures on these say little of new data."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Repeats:
    """How many records of the other parts training has too.

    Args:
        what: the records are, in words.
        counts: of each part, by its name.
        sizes: of each part, by its name.
        example: where such a record stands, and where it stands in training; empty where nothing says it.
    """

    what: str
    counts: dict[str, int]
    sizes: dict[str, int]
    example: tuple[str, str] | None = None

    def warn(self, least: float = 0.0) -> dict[str, str]:
        """Return a line of the task's facts; nothing where there are no repeats.

        Args:
            least: a share of a part; fewer are usual, such as short sentences.
        """
        shown = {part: count for part, count in self.counts.items() if count and count >= least * self.sizes[part]}
        if not shown:
            return {}
        told = " and ".join(f"{count:,} of {self.sizes[part]:,} {part} {self.what}" for part, count in shown.items())
        such = f", such as {self.example[0]}, which is {self.example[1]}" if self.example else ""
        return {"warning": f"{told} are in training too{such}; the figures on them are too good"}


def find_repeats(
    what: str,
    parts: Mapping[str, Sequence[Hashable]],
    places: Mapping[str, Sequence[str]] | None = None,
) -> Repeats:
    """Count the records of the other parts that are in training.

    Args:
        what: they are, in words.
        parts: the records of "train", "validation" and "test", by what makes two of them equal.
        places: where each stands.
    """
    first = {record: k for k, record in reversed(list(enumerate(parts["train"])))}
    others = {name: [k for k, record in enumerate(parts[name]) if record in first] for name in ("validation", "test")}
    example = None
    found = next(((name, which[0]) for name, which in others.items() if which), None)
    if found is not None and places is not None:
        name, k = found
        example = places[name][k], places["train"][first[parts[name][k]]]
    counts = {name: len(which) for name, which in others.items()}
    return Repeats(what, counts, {name: len(parts[name]) for name in counts}, example)


def hash_tensor(values: Tensor) -> bytes:
    """Return a few bytes that are equal for equal tensors only."""
    return hashlib.blake2b(values.contiguous().numpy().tobytes(), digest_size=16).digest()
