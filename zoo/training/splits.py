"""Parts of a data set to choose by and to judge by, drawn with a seed: a share of each class, or whole groups."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from zoo.errors import ZooError

# Several draws of whole groups are tried for one in which every class is left to train on.
DRAWS = 100


class SplitError(ZooError, ValueError):
    """Examples that cannot be split as asked; the message says why."""


def split_by_class(classes: Sequence[str], shares: Sequence[float], seed: int = 0) -> list[list[int]]:
    """Return the examples of each part, sorted; what the shares leave over comes first.

    Args:
        classes: of each example.
        shares: of every class in the second part, the third and so on; each part gets at least one example of it.
        seed: fixes the draw.

    Raises:
        SplitError: a class has too few examples for all parts.
    """
    generator = random.Random(seed)
    parts: list[list[int]] = [[] for _ in range(len(shares) + 1)]
    of_class = defaultdict(list)
    for k, name in enumerate(classes):
        of_class[name].append(k)
    for name in sorted(of_class):
        members = of_class[name]
        if len(members) < len(parts):
            raise SplitError(
                f"class {name!r} has {len(members)} examples, too few for {len(parts)} parts; give more of them, or "
                "data of its own to each part"
            )
        generator.shuffle(members)
        start = 0
        for part, share in zip(parts[1:], shares, strict=True):
            end = start + max(1, round(share * len(members)))
            part += members[start:end]
            start = end
        parts[0] += members[start:]
        if start >= len(members):
            raise SplitError(f"the shares {list(shares)} leave nothing of class {name!r} to train on; lower them")
    return [sorted(part) for part in parts]


def split_by_group(
    classes: Sequence[str], groups: Sequence[str], shares: Sequence[float], seed: int = 0
) -> list[list[int]]:
    """Return the examples of each part, sorted; no group is in two parts. What the shares leave over comes first.

    Args:
        classes: of each example.
        groups: of each example, such as its speaker.
        shares: of the groups in the second part, the third and so on; each part gets at least one group.
        seed: fixes the draw.

    Raises:
        SplitError: there are too few groups, or a class is in so few of them that none is left to train on.
    """
    names = sorted(set(groups))
    counts = [max(1, round(share * len(names))) for share in shares]
    if len(names) <= sum(counts):
        raise SplitError(f"{len(names)} groups are too few for {len(shares) + 1} parts; give more, or no groups")
    generator = random.Random(seed)
    for _ in range(DRAWS):
        generator.shuffle(names)
        part_of = dict.fromkeys(names, 0)
        start = 0
        for part, count in enumerate(counts, 1):
            part_of.update(dict.fromkeys(names[start : start + count], part))
            start += count
        parts: list[list[int]] = [[] for _ in range(len(shares) + 1)]
        for k, group in enumerate(groups):
            parts[part_of[group]].append(k)
        if {classes[k] for k in parts[0]} == set(classes):
            return parts
    raise SplitError("some class is in too few groups: no draw leaves all classes to train on; give no groups")
