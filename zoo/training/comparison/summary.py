"""What the runs of the comparison say: figures of each family over its seeds, and who is level with the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from zoo.training.comparison.study import Results, Run, choose_rate
from zoo.training.comparison.timing import Timing
from zoo.training.comparison.trials import Trial


@dataclass(frozen=True)
class Standing:
    """One family on one data set, with the rate that its first seed chose.

    Args:
        family: name.
        runs: one for each seed; at least one.
        validation: the figure that decides, for each seed: less is better; infinite after a loss that was not finite.
        test: the figure that is shown, for each seed; empty where a seed has none.
        timing: in C++; None where it was not measured.
    """

    family: str
    runs: list[Run]
    validation: list[float]
    test: list[float]
    timing: Timing | None


def rank_families(results: Results, trial: Trial) -> list[Standing]:
    """Return the families that have runs with a chosen rate, the best mean on validation first."""
    standings = []
    for family in sorted({run.family for run in results.runs if run.trial == trial.name}):
        rate = choose_rate(results.runs, trial, family)
        own = (trial.name, family)
        runs = [run for run in results.runs if (run.trial, run.family) == own and run.rate == rate]
        if not runs:
            continue
        runs.sort(key=lambda run: run.seed)
        validation = [run.validation.get(trial.chosen_by, math.inf) for run in runs]
        test = [run.test[trial.metric] for run in runs if run.test]
        timing = next((t for t in results.timings if (t.trial, t.family) == own), None)
        standings.append(Standing(family, runs, validation, test, timing))
    return sorted(standings, key=lambda standing: fmean(standing.validation))


def is_level(standing: Standing, best: Standing) -> bool:
    """Return whether the seeds do not tell two families apart: their ranges on validation overlap."""
    return min(standing.validation) <= max(best.validation)


def find_level(standings: Sequence[Standing]) -> list[str]:
    """Return the families that are level with the first of a ranking, without it."""
    return [standing.family for standing in standings[1:] if is_level(standing, standings[0])]
