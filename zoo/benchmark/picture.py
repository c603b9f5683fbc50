"""Draws how many times longer each peer takes than the engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoo.benchmark.report import Row


def draw_ratios(records: Sequence[Row], path: Path) -> None:
    """Draw the ratios as bars, in a group for each case and number of threads.

    Args:
        records: of `make_rows`.
        path: file to write; its suffix says the format.
    """
    # The object interface: pyplot would look for a display and never free the figure.
    from matplotlib.figure import Figure

    peers = [row for row in records if not row["contestant"].startswith("engine") and row["ratio"] is not None]
    names = list(dict.fromkeys(row["contestant"] for row in peers))
    groups = list(dict.fromkeys((row["case"], row["threads"]) for row in peers))
    height = 0.8 / max(len(names), 1)
    figure = Figure(layout="tight", figsize=(9, 1.5 + 0.13 * max(len(names), 1) * max(len(groups), 1)))
    axes = figure.add_subplot()
    for position, name in enumerate(names):
        bars = [(groups.index((r["case"], r["threads"])), r) for r in peers if r["contestant"] == name]
        axes.barh(
            [place + position * height for place, _ in bars], [row["ratio"] for _, row in bars], height, label=name
        )
    # The line at which a peer is as fast as the engine.
    axes.axvline(1.0, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(
        [place + 0.4 - height / 2 for place in range(len(groups))],
        [f"{case}, {threads} threads" if threads > 1 else case for case, threads in groups],
        fontsize=7,
    )
    axes.invert_yaxis()
    axes.set_xlabel("time / time of the engine in the same precision")
    axes.legend(loc="lower right", fontsize=8)
    figure.savefig(path, dpi=130)
