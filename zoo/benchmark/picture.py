"""The picture: how many times longer each peer takes than the engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoo.benchmark.report import Row


def draw_ratios(records: Sequence[Row], path: Path) -> None:
    """Bars of the ratios, a group for each case and number of threads; at the line, as fast as the engine."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    peers = [row for row in records if not row["contestant"].startswith("engine") and row["ratio"] is not None]
    names = list(dict.fromkeys(row["contestant"] for row in peers))
    groups = list(dict.fromkeys((row["case"], row["threads"]) for row in peers))
    height = 0.8 / max(len(names), 1)
    figure, axes = plt.subplots(figsize=(9, 1.5 + 0.13 * max(len(names), 1) * max(len(groups), 1)))
    for position, name in enumerate(names):
        bars = [(groups.index((r["case"], r["threads"])), r) for r in peers if r["contestant"] == name]
        axes.barh(
            [place + position * height for place, _ in bars], [row["ratio"] for _, row in bars], height, label=name
        )
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
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)
