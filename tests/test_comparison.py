"""The comparison of all families: equal sizes, choices on validation, results that go on, the page."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.small_models import build_small

import zoo
from zoo.training.comparison import study as study_module
from zoo.training.comparison.page import draw_standings, put_results
from zoo.training.comparison.sizes import TOLERANCE, count_parameters, find_hidden_size, list_families
from zoo.training.comparison.study import Results, Run, choose_rate, read_results, study, train_family, write_results
from zoo.training.comparison.summary import find_level, rank_families
from zoo.training.comparison.timing import Timing, measure
from zoo.training.comparison.trials import PARAMETERS, RATES, TRIALS, Trial

pytestmark = pytest.mark.autograd
RESULTS = Path(__file__).parents[1] / "scripts" / "results"
VOWELS = replace(TRIALS[0], epochs=1, parameters=6_000)


def make_run(family: str, seed: int, nll: float, rate: float = RATES[0], trial: Trial = VOWELS) -> Run:
    figures = {"nll": nll, "accuracy": 1 - nll} if math.isfinite(nll) else {}
    return Run(trial.name, family, seed, rate, 8, 100, figures, figures, 1.0)


def make_runs(family: str, *losses: float) -> list[Run]:
    """A run for each seed; the other rate of the first seed is worse."""
    runs = [make_run(family, seed, nll) for seed, nll in enumerate(losses)]
    return [make_run(family, 0, losses[0] + 1, RATES[1]), *runs]


def test_every_family_takes_part_where_it_can() -> None:
    by_task = {trial.model_task: set(list_families(trial)) for trial in TRIALS}
    general = {name.removesuffix("_encoder") for name in zoo.list_models("*_encoder")}
    assert by_task["classifier"] == general
    assert by_task["forecaster"] == general | {"segrnn"}
    assert by_task["language_model"] == general - {"grid_lstm"}  # a character has no columns


def test_the_size_nearest_to_the_number_of_parameters_is_found() -> None:
    task = VOWELS.make_task()
    for family in ("gru", "grid_lstm"):
        size = find_hidden_size(family, VOWELS, task)
        step = VOWELS.columns if family == "grid_lstm" else 1
        assert step is not None
        distance = {k: abs(count_parameters(family, VOWELS, task, size + k * step) - 6_000) for k in (-1, 0, 1)}
        assert min(distance, key=distance.__getitem__) == 0
        assert distance[0] <= TOLERANCE * 6_000
    with pytest.raises(ValueError, match=r"highway_lstm has .* parameters on JapaneseVowels, and 900 are asked for"):
        find_hidden_size("highway_lstm", replace(VOWELS, parameters=900), task)


def test_a_training_learns_and_repeats_itself() -> None:
    task = VOWELS.make_task()
    untrained, _ = train_family(replace(VOWELS, epochs=1), task, "gru", 16, 1e-9, 0)  # a rate that moves no weight
    first, model = train_family(replace(VOWELS, epochs=3), task, "gru", 16, 1e-2, 0)
    again, _ = train_family(replace(VOWELS, epochs=3), task, "gru", 16, 1e-2, 0)
    assert first.validation["nll"] < 0.8 * untrained.validation["nll"]
    assert (first.validation, first.test) == (again.validation, again.test)
    assert first.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert not model.training


def test_a_loss_that_is_not_finite_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    task = VOWELS.make_task()
    monkeypatch.setattr(task, "augment", lambda batch: batch._replace(input=batch.input * math.inf))
    run, _ = train_family(VOWELS, task, "rnn", 8, 1e-2, 0)
    assert (run.validation, run.test) == ({}, {})


def test_the_rate_is_chosen_on_validation_by_the_first_seed() -> None:
    runs = make_runs("gru", 0.5, 0.1)
    assert choose_rate(runs, VOWELS, "gru") == RATES[0]
    assert choose_rate(runs[1:], VOWELS, "gru") is None  # a rate is missing
    diverged = [make_run("rnn", 0, math.nan, RATES[0]), make_run("rnn", 0, 3.0, RATES[1])]
    assert choose_rate(diverged, VOWELS, "rnn") == RATES[1]


def test_families_are_level_where_their_seeds_overlap() -> None:
    runs = [*make_runs("gru", 0.5, 0.3), *make_runs("lstm", 0.6, 0.45), *make_runs("rnn", 0.9, 0.55)]
    standings = rank_families(Results(runs, [Timing(VOWELS.name, "gru", True, True, 5.0)]), VOWELS)
    assert [standing.family for standing in standings] == ["gru", "lstm", "rnn"]
    assert find_level(standings) == ["lstm"]
    assert standings[0].test == [0.5, 0.7]
    assert [standing.timing is None for standing in standings] == [False, True, True]


def test_a_study_goes_on_where_its_file_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trained: list[tuple[str, int, float]] = []

    def train(trial: Trial, task: Any, family: str, hidden_size: int, rate: float, seed: int) -> Any:
        trained.append((family, seed, rate))
        return make_run(family, seed, 1.0 if rate == RATES[0] else 0.5, rate), None

    monkeypatch.setattr(study_module, "train_family", train)
    monkeypatch.setattr(study_module, "list_families", lambda trial: ["rnn", "gru"])
    monkeypatch.setattr(study_module, "measure", lambda model, trial, family: Timing(trial, family, True, True, 1.0))
    path = tmp_path / "results.json"
    going = study([VOWELS], [0, 1], path)
    first = next(going)
    assert read_results(path) == Results([first], [])
    rest = list(study([VOWELS], [0, 1], path))
    better = RATES[1]
    of_first_seed = [(family, 0, rate) for family in ("rnn", "gru") for rate in RATES]
    assert trained == [*of_first_seed, ("rnn", 1, better), ("gru", 1, better)]
    assert len([result for result in rest if isinstance(result, Timing)]) == 2
    assert list(study([VOWELS], [0, 1], path)) == []


def test_cpp_verifies_and_times_a_model() -> None:
    timing = measure(build_small("gru_tagger"), "here", "gru")
    assert (timing.verified, timing.streams) == (True, True)
    assert 0.1 < timing.step_us < 10_000
    assert not measure(build_small("gru_tagger", bidirectional=True), "here", "gru").streams


def test_the_page_says_what_its_results_say(tmp_path: Path) -> None:
    results, page = read_results(RESULTS / "comparison.json"), (RESULTS / "comparison.md").read_text()
    assert put_results(page, results, TRIALS) == page, "run scripts/compare_models.py --no-training"
    assert all(abs(run.parameters - PARAMETERS) <= TOLERANCE * PARAMETERS for run in results.runs)
    assert all(timing.verified for timing in results.timings)
    draw_standings(results, TRIALS, tmp_path / "standings.png")
    assert (tmp_path / "standings.png").stat().st_size > 20_000
    with pytest.raises(ValueError, match="the page must hold the lines"):
        put_results("nothing", results, TRIALS)
    write_results(results, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (RESULTS / "comparison.json").read_text()


def test_findings_name_the_best_and_the_trained_zoos_choice() -> None:
    text = "<!-- scripts/compare_models.py writes what follows -->\n<!-- end of what it writes -->"
    apart = put_results(text, Results([*make_runs("gru", 0.5, 0.5), *make_runs("lstm", 0.4, 0.4)], []), [VOWELS])
    assert "Best on validation is `lstm`. No other family's seeds overlap with its seeds." in apart
    assert "`gru`, is number 2 of 2: nll 0.500 against 0.400 on validation" in apart
    assert "accuracy 0.500 against 0.600 on test. On validation this is beyond the spread." in apart
    level = put_results(text, Results([*make_runs("gru", 0.5, 0.4), *make_runs("lstm", 0.4, 0.4)], []), [VOWELS])
    assert "Level with it, because the ranges of their seeds overlap: `gru`." in level
    assert "this is within the spread" in level
    alone = put_results(text, Results(make_runs("gru", 0.5), []), [VOWELS])
    assert "There is one seed so far, so a small difference may be chance. It is the trained zoo's choice" in alone
