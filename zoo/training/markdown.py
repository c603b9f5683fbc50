"""Tables in Markdown, and pages of which a script writes the part between two markers."""

from __future__ import annotations

from collections.abc import Sequence


def make_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with a heading for each column."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def put_between(page: str, content: str, markers: tuple[str, str]) -> str:
    """Return a page with the content between its two markers, instead of what is there.

    Args:
        page: holds both markers, in their order.
        content: without blank lines around it.
        markers: the lines before and after the content.

    Raises:
        ValueError: a marker is missing.
    """
    begin, end = markers
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page must hold the lines {begin!r} and {end!r}, in this order")
    return f"{before}{begin}\n{content}\n{end}{after}"
