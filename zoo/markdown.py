"""Tables that scripts write into the README, each between two markers."""

from __future__ import annotations

from collections.abc import Sequence


def make_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def put_table(text: str, table: str, begin: str, end: str) -> str:
    """Return a text with the table between its two markers.

    Raises:
        ValueError: a marker is missing.
    """
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the text must hold the lines {begin!r} and {end!r}, in this order")
    return f"{before}{begin}\n{table}\n{end}{after}"
