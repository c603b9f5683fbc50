"""What the literature says of these nets, as pairs: on a problem, one variant learns better than another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from zoo.training.effects.problems import Problem
from zoo.training.effects.study import Run

MARGIN = 0.1
SHOWED, REVERSED, NOT_SHOWN = "showed", "the other way round", "did not show"


@dataclass(frozen=True)
class Claim:
    """One effect.

    Args:
        source: who reports it.
        better, worse: labels of variants.
    """

    source: str
    better: str
    worse: str


CLAIMS = (
    Claim("Hochreiter and Schmidhuber 1997", "LSTM, forget bias 1", "RNN tanh, Xavier"),
    Claim("Cho et al. 2014", "GRU", "RNN tanh, Xavier"),
    Claim("Le et al. 2015", "RNN relu, identity", "RNN tanh, Xavier"),
    Claim("Saxe et al. 2013", "RNN tanh, orthogonal", "RNN tanh, Xavier"),
    Claim("Saxe et al. 2013", "LSTM, forget bias 0", "LSTM, forget bias 0, Xavier"),
    Claim("Jozefowicz et al. 2015", "LSTM, forget bias 1", "LSTM, forget bias 0"),
    Claim("Tallec and Ollivier 2018", "LSTM, chrono", "LSTM, forget bias 1"),
    Claim("Ba et al. 2016", "LSTM, layer norm, forget bias 1", "LSTM, forget bias 1"),
    Claim("Li et al. 2018", "IndRNN", "RNN relu, identity"),
    Claim("Koutnik et al. 2014", "Clockwork RNN", "RNN tanh, orthogonal"),
    Claim("Feng et al. 2024", "minGRU", "RNN tanh, Xavier"),
)


def curve_means(runs: Sequence[Run], problem: Problem, variant: str) -> list[float]:
    """Return each seed's mean over its learning curve: better for a net that learns sooner or learns more.

    A run that diverged counts with the figure of chance from there on.
    """
    curves = [run.figures for run in runs if (run.problem, run.variant) == (problem.name, variant)]
    return [fmean(problem.chance if figure is None else figure for figure in curve) for curve in curves]


def judge(claim: Claim, runs: Sequence[Run], problem: Problem) -> str | None:
    """Return whether an effect showed on a problem; None where a variant was not trained on it.

    It showed if every seed of the better variant has a better mean over its learning curve than every seed of the worse
    one, by a tenth of the way from chance to a perfect figure: nets that have both learnt nothing differ a little too.
    """
    better = curve_means(runs, problem, claim.better)
    worse = curve_means(runs, problem, claim.worse)
    if not better or not worse:
        return None
    if not problem.more_is_better:
        better, worse = [-figure for figure in better], [-figure for figure in worse]
    margin = MARGIN * abs((1.0 if problem.more_is_better else 0.0) - problem.chance)
    if min(better) - max(worse) > margin:
        return SHOWED
    return REVERSED if min(worse) - max(better) > margin else NOT_SHOWN
