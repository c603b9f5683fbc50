"""Pictures of results, written as files; matplotlib comes with `recurrent-zoo[train]`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from zoo.training.event_metrics import Detections

# Smaller shares would be written as 0 %.
LEAST_SHARE = 0.005
# Of a series: more would not be seen.
MOST_FORECASTS, MOST_VARIABLES = 10, 4


def draw_det(among: Detections, without: Detections, names: Sequence[str], path: str | Path) -> None:
    """Draw misses against false alarms an hour: among other keywords, and where no keyword is said.

    Args:
        among: detections of streams in which keywords are said; misses are counted in them.
        without: detections of streams in which none is said; there may be no such streams.
        names: of the keywords.
        path: file to write; its suffix says the format.
    """
    figure, axes = _make_axes(6.5, 5)
    for k, name in enumerate(names):
        own = among.of_keyword(k)
        axes.plot(*own.curve(own), linewidth=0.7, alpha=0.6, label=name)
    axes.plot(*among.curve(among), "k", linewidth=2, label=f"all, among each other ({among.hours:.1f} h)")
    if without.hours:
        axes.plot(*among.curve(without), "k--", linewidth=2, label=f"all, in other sounds ({without.hours:.1f} h)")
    for rate, name in ((60.0, "1 a minute"), (1.0, "1 an hour")):
        axes.axvline(rate, color="0.6", linewidth=0.8)
        axes.text(rate, 1.01, name, ha="center", size=8)
    axes.set(xscale="log", ylim=(0, 1), xlabel="false alarms an hour", ylabel="share of the words missed")
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


def draw_forecasts(
    values: Tensor, starts: Sequence[int], forecasts: Tensor, names: Sequence[str], path: str | Path
) -> None:
    """Draw forecasts over what came, one after the other without overlap, for the first few variables.

    Args:
        values: the whole series (T, C); NaN where a value is missing.
        starts: the first step that each forecast is of (N,), in rising order.
        forecasts: (N, horizon, C).
        names: of the C variables.
        path: file to write.
    """
    horizon = forecasts.size(1)
    shown = _without_overlap(starts, horizon)[:MOST_FORECASTS]
    first, end = max(0, starts[shown[0]] - horizon), starts[shown[-1]] + horizon
    count = min(len(names), MOST_VARIABLES)
    figure, all_axes = _make_rows(9, 1 + 2.4 * count, count)
    for k, axes in enumerate(all_axes):
        axes.plot(range(first, end), values[first:end, k].numpy(), "k", linewidth=1, label="truth")
        for n in shown:
            steps = range(starts[n], starts[n] + horizon)
            label = f"forecast of {horizon} steps" if n == shown[0] else None
            axes.plot(steps, forecasts[n, :, k].numpy(), "C1", linewidth=1.5, label=label)
            axes.axvline(starts[n] - 0.5, color="0.8", linewidth=0.6)
        axes.set(ylabel=names[k])
    figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside upper right", fontsize=8, ncols=2)
    all_axes[-1].set(xlabel="row of the series")
    figure.savefig(path, dpi=120)


def draw_numbers(called: Tensor, target: Tensor, names: Sequence[str], path: str | Path) -> None:
    """Draw what a model called over what is true, for the first few numbers.

    Args:
        called: (N, K).
        target: (N, K); NaN where there is none.
        names: of the K numbers.
        path: file to write.
    """
    count = min(len(names), MOST_VARIABLES)
    figure, all_axes = _make_rows(5, 1 + 4 * count, count, share=False)
    for k, axes in enumerate(all_axes):
        axes.plot(target[:, k].numpy(), called[:, k].numpy(), ".", markersize=4)
        axes.axline((float(target[:, k].nanmean()),) * 2, slope=1, color="0.6", linewidth=0.8)
        axes.set(xlabel=f"{names[k]}, true", ylabel=f"{names[k]}, called")
    figure.savefig(path, dpi=120)


def _without_overlap(starts: Sequence[int], horizon: int) -> list[int]:
    """Return which forecasts to draw: each begins where the one before has ended, or later."""
    shown = [0]
    for k, start in enumerate(starts):
        if start >= starts[shown[-1]] + horizon:
            shown.append(k)
    return shown


def _make_axes(width: float, height: float):  # type: ignore[no-untyped-def]
    figure, (axes,) = _make_rows(width, height, 1)
    return figure, axes


def _make_rows(width: float, height: float, count: int, share: bool = True):  # type: ignore[no-untyped-def]
    # The object interface: pyplot would look for a display and never free the figure.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(count, 1, sharex=share, squeeze=False)[:, 0]
