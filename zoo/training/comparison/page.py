"""The page of the comparison: a table for each data set between markers, and a picture of figures against time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from zoo.training.comparison.study import Results
from zoo.training.comparison.summary import Standing, find_level, is_level, rank_families
from zoo.training.comparison.trials import Trial
from zoo.training.markdown import make_table, put_between

MARKERS = ("<!-- scripts/compare_models.py writes what follows -->", "<!-- end of what it writes -->")
HEAD = ["family", "units", "parameters", "rate", "validation", "test", "seeds", "CPU s", "C++ µs a step"]


def put_results(text: str, results: Results, trials: Sequence[Trial]) -> str:
    """Return a page with the tables of the results between its markers.

    Raises:
        ValueError: a marker is missing.
    """
    parts = [part for trial in trials if (part := write_trial(results, trial))]
    return put_between(text, "\n" + "\n\n".join(parts) + "\n", MARKERS)


def write_trial(results: Results, trial: Trial) -> str:
    """Return heading, findings and table of one data set; nothing where it has no results."""
    standings = rank_families(results, trial)
    if not standings:
        return ""
    head = [*HEAD]
    head[4], head[5] = f"validation, {trial.chosen_by}", f"test, {trial.metric}"
    rows = [write_row(standing, standings[0]) for standing in standings]
    return f"## {trial.name}\n\n{write_findings(standings, trial)}\n\n{make_table(head, rows)}"


def write_row(standing: Standing, best: Standing) -> list[str]:
    """Return the cells of one family; its name is bold where it is level with the best."""
    run, timing = standing.runs[0], standing.timing
    name = f"`{standing.family}`"
    seconds = fmean(run.cpu_seconds for run in standing.runs)
    step = "-" if timing is None else f"{timing.step_us:.1f}"
    if timing is not None and not timing.streams:
        step += ", of 100 at once"
    if timing is not None and not timing.verified:
        step += ", not verified"
    return [
        f"**{name}**" if is_level(standing, best) else name,
        str(run.hidden_size),
        f"{run.parameters:,}",
        f"{run.rate:g}",
        write_spread(standing.validation),
        write_spread(standing.test),
        str(len(standing.runs)),
        f"{seconds:.1f}",
        step,
    ]


def write_spread(figures: Sequence[float]) -> str:
    """Return the mean, with the lowest and the highest where there are several."""
    mean = write_mean(figures)
    return mean if len(figures) < 2 else f"{mean} ({min(figures):.3f} to {max(figures):.3f})"


def write_mean(figures: Sequence[float]) -> str:
    """Return the mean of what the seeds gave."""
    return f"{fmean(figures):.3f}" if figures else "diverged"


def write_findings(standings: Sequence[Standing], trial: Trial) -> str:
    """Return who is best, who is level with it, and where the trained zoo's choice stands."""
    best, level = standings[0], find_level(standings)
    sentences = [f"Best on validation is `{best.family}`."]
    one_seed = all(len(standing.runs) == 1 for standing in standings)
    if one_seed:
        sentences.append("There is one seed so far, so a small difference may be chance.")
    elif level:
        names = ", ".join(f"`{family}`" for family in level)
        sentences.append(f"Level with it, because the ranges of their seeds overlap: {names}.")
    else:
        sentences.append("No other family's seeds overlap with its seeds.")
    own = next((k for k, standing in enumerate(standings) if standing.family == trial.trained), None)
    if own is None:
        sentences.append(f"The trained zoo's choice, `{trial.trained}`, has no runs yet.")
    elif own == 0:
        sentences.append("It is the trained zoo's choice for this data set.")
    else:
        chosen = standings[own]
        spread = (
            "" if one_seed else f" On validation this is {'within' if chosen.family in level else 'beyond'} the spread."
        )
        sentences.append(
            f"The trained zoo's choice, `{chosen.family}`, is number {own + 1} of {len(standings)}: "
            f"{trial.chosen_by} {write_mean(chosen.validation)} against {write_mean(best.validation)} on validation, "
            f"{trial.metric} {write_mean(chosen.test)} against {write_mean(best.test)} on test.{spread}"
        )
    return " ".join(sentences)


def draw_standings(results: Results, trials: Sequence[Trial], path: Path) -> None:
    """Draw the test figure against the microseconds of a step in C++, one panel a data set.

    A bar goes from the lowest to the highest seed.
    """
    # The object interface: pyplot would look for a display and never free the figure.
    from matplotlib.figure import Figure

    ranked = [(trial, rank_families(results, trial)) for trial in trials]
    drawn = [(trial, standings) for trial, standings in ranked if standings]
    figure = Figure(figsize=(9, 5.2 * len(drawn)), layout="constrained")
    axes = figure.subplots(len(drawn), 1, squeeze=False)[:, 0]
    for ax, (trial, standings) in zip(axes, drawn, strict=True):
        _draw_panel(ax, trial, standings)
    figure.savefig(path, dpi=90)


def _draw_panel(ax, trial: Trial, standings: Sequence[Standing]) -> None:  # type: ignore[no-untyped-def]
    """Number the points in the order of the ranking: names would cover each other."""
    for number, standing in enumerate(standings, 1):
        if standing.timing is None or not standing.test:
            continue
        x, mean = standing.timing.step_us, fmean(standing.test)
        spread = [[mean - min(standing.test)], [max(standing.test) - mean]]
        color = "C3" if standing.family == trial.trained else "C0" if is_level(standing, standings[0]) else "0.45"
        ax.errorbar(x, mean, yerr=spread, fmt="o", markersize=4, linewidth=0.8, color=color)
        ax.annotate(str(number), (x, mean), xytext=(4, 3), textcoords="offset points", fontsize=8, color=color)
        ax.plot([], [], " ", label=f"{number} {standing.family}")
    ax.set(
        xscale="log",
        xlabel="C++, µs a step",
        ylabel=f"test {trial.metric}, {trial.better} is better",
    )
    ax.set_title(f"{trial.name}: blue is level with the best on validation, red the trained zoo's choice", fontsize=10)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.01, 0.5), handlelength=0)
