"""The page of the effects: two tables between markers, and the learning curves."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from zoo.training.effects.claims import CLAIMS, Claim, curve_means, judge
from zoo.training.effects.problems import Problem
from zoo.training.effects.study import Run
from zoo.training.effects.variants import VARIANTS
from zoo.training.markdown import make_table, put_between

MARKERS = ("<!-- scripts/effects.py writes what follows -->", "<!-- end of what it writes -->")


def put_results(text: str, runs: Sequence[Run], problems: Sequence[Problem]) -> str:
    """Return a page with the tables of the runs between its markers.

    Raises:
        ValueError: a marker is missing.
    """
    return put_between(text, f"{figure_table(runs, problems)}\n\n{claim_table(runs, problems)}", MARKERS)


def figure_table(runs: Sequence[Run], problems: Sequence[Problem]) -> str:
    """Return the last test figures: mean, and lowest to highest of the seeds."""
    head = ["", *(f"{problem.name}, {problem.figure}" for problem in problems), "CPU s, all"]
    chance = ["learnt nothing", *(f"{problem.chance:.3f}" for problem in problems), ""]
    rows = [chance]
    for variant in _trained(runs):
        seconds = sum(run.cpu_seconds for run in runs if run.variant == variant)
        rows.append([variant, *(_cell(runs, problem, variant) for problem in problems), f"{seconds:.0f}"])
    return make_table(head, rows)


def claim_table(runs: Sequence[Run], problems: Sequence[Problem]) -> str:
    """Return for each effect on which problems it showed."""
    rows = []
    for claim in CLAIMS:
        verdicts = [_verdict(claim, runs, problem) for problem in problems]
        rows.append([f"{claim.better} over {claim.worse}", claim.source, *verdicts])
    return make_table(["effect", "source", *(problem.name for problem in problems)], rows)


def draw_curves(runs: Sequence[Run], problems: Sequence[Problem], path: Path) -> None:
    """Draw the test figures over the updates: the mean of the seeds, and a band from the lowest to the highest.

    Nets without gates and gated ones are drawn apart, a row each.
    """
    # The object interface: pyplot would look for a display and never free the figure.
    from matplotlib.figure import Figure

    trained = _trained(runs)
    groups = {"without gates": [v for v in trained if "RNN" in v], "gated": [v for v in trained if "RNN" not in v]}
    drawn = [problem for problem in problems if any(run.problem == problem.name for run in runs)]
    figure = Figure(figsize=(3.2 * len(drawn) + 2.2, 6.5), layout="constrained")
    axes = figure.subplots(2, len(drawn), squeeze=False)
    for row, (title, group) in zip(axes, groups.items(), strict=True):
        for ax, problem in zip(row, drawn, strict=True):
            for k, variant in enumerate(group):
                of_variant = [r for r in runs if (r.problem, r.variant) == (problem.name, variant)]
                _draw_band(ax, of_variant, problem, f"C{k}")
            _dress(ax, problem, f"{problem.name}, {title}")
        for k, variant in enumerate(group):
            row[-1].plot([], [], color=f"C{k}", label=variant)
        row[-1].legend(fontsize=7, loc="center left", bbox_to_anchor=(1.02, 0.5))
    figure.savefig(path, dpi=80)


def _dress(ax, problem: Problem, title: str) -> None:  # type: ignore[no-untyped-def]
    ax.axhline(problem.chance, color="black", linewidth=0.8, linestyle=":")
    ax.set_title(title, fontsize=9)
    ax.set(xlabel="updates", ylabel=problem.figure, xlim=(0, problem.updates))
    if problem.more_is_better:
        ax.set_ylim(0, 1)
    else:
        ax.set(yscale="log", ylim=(problem.chance / 500, 3 * problem.chance))
    ax.grid(alpha=0.3)


def _draw_band(ax, runs: Sequence[Run], problem: Problem, color: str) -> None:  # type: ignore[no-untyped-def]
    """Draw the mean of the seeds, and their range; nothing where there are no runs."""
    if not runs:
        return
    curves = [[problem.chance if f is None else f for f in run.figures] for run in runs]
    points = list(zip(*curves, strict=True))
    ax.plot(runs[0].updates, [statistics.fmean(point) for point in points], linewidth=1.2, color=color)
    ax.fill_between(runs[0].updates, list(map(min, points)), list(map(max, points)), color=color, alpha=0.15)


def _trained(runs: Sequence[Run]) -> list[str]:
    """Return the variants that have runs, in the order of the table of variants."""
    return [variant.label for variant in VARIANTS if any(run.variant == variant.label for run in runs)]


def _verdict(claim: Claim, runs: Sequence[Run], problem: Problem) -> str:
    verdict = judge(claim, runs, problem)
    if verdict is None:
        return "-"
    seeds = min(len(curve_means(runs, problem, variant)) for variant in (claim.better, claim.worse))
    return f"{verdict} (one seed)" if seeds == 1 else verdict


def _cell(runs: Sequence[Run], problem: Problem, variant: str) -> str:
    last = [run.figures[-1] for run in runs if (run.problem, run.variant) == (problem.name, variant)]
    figures = [problem.chance if figure is None else figure for figure in last]
    if not figures:
        return "-"
    mean = statistics.fmean(figures)
    return f"{mean:.3f} ({min(figures):.3f} to {max(figures):.3f})" if len(figures) > 1 else f"{mean:.3f} (one seed)"
