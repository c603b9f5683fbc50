"""Pictures of results, written as files; matplotlib comes with `recurrent-zoo[train]`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from zoo.training.metrics import equal_error_rate, roc_curve

# Smaller shares would be written as 0 %.
LEAST_SHARE = 0.005


def draw_roc(scores: Tensor, positive: Tensor, names: Sequence[str], path: str | Path) -> None:
    """Draw hits against false alarms, for all keywords together and one by one.

    Args:
        scores: (streams, keywords).
        positive: bool, the same shape.
        names: of the keywords.
        path: file to write; its suffix says the format.
    """
    figure, axes = _make_axes(6, 5)
    for k, name in enumerate(names):
        false_alarm, miss = roc_curve(scores[:, k].double(), positive[:, k])
        axes.plot(false_alarm.numpy(), (1 - miss).numpy(), linewidth=0.8, alpha=0.6, label=name)
    false_alarm, miss = roc_curve(scores.flatten().double(), positive.flatten())
    rate = equal_error_rate(scores.flatten(), positive.flatten())
    axes.plot(false_alarm.numpy(), (1 - miss).numpy(), "k", linewidth=2, label="all")
    axes.plot([rate], [1 - rate], "ko", label=f"equal error rate {rate:.2%}")
    lowest = 0.5 / int((~positive).sum())
    axes.set(xscale="log", xlim=(lowest, 1), ylim=(0.5, 1.005), xlabel="false alarms per trial without the keyword")
    axes.set(ylabel="hits per trial with it", title=f"{len(scores)} streams, {int(positive.sum())} keywords said")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, ncol=2)
    figure.savefig(path, dpi=120)


def draw_confusions(counts: Tensor, names: Sequence[str], path: str | Path) -> None:
    """Draw how often a true class (row) was called each class (column), as shares of the row.

    Args:
        counts: (classes, classes), as `zoo.training.metrics.confusion_matrix` gives it.
        names: of the classes.
        path: file to write.
    """
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    figure, axes = _make_axes(2 + 0.45 * len(names), 1.5 + 0.45 * len(names))
    axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
    places = range(len(names))
    axes.set_xticks(places, names, rotation=60, ha="right")
    axes.set_yticks(places, [f"{name} ({int(n)})" for name, n in zip(names, counts.sum(1), strict=True)])
    axes.set(xlabel="called", ylabel="true")
    for i, row in enumerate(shares.tolist()):
        for j, share in enumerate(row):
            if share >= LEAST_SHARE:
                axes.text(
                    j, i, f"{100 * share:.0f}", ha="center", va="center", color="w" if share > 0.5 else "k", size=8
                )
    figure.savefig(path, dpi=120)


def _make_axes(width: float, height: float):  # type: ignore[no-untyped-def]
    # The object interface: pyplot would look for a display and never free the figure.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()
