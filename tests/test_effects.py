"""The study of the literature's effects: its problems, its runs, its verdicts, and the page that it writes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn

import zoo
from zoo.training.effects.claims import CLAIMS, NOT_SHOWN, REVERSED, SHOWED, Claim, judge
from zoo.training.effects.page import draw_curves, put_results
from zoo.training.effects.problems import COPIED, LETTERS, Adding, CopyMemory, PixelDigits, Problem, make_problems
from zoo.training.effects.study import POINTS, Run, read_runs, run_chunks, study, train_variant, write_runs
from zoo.training.effects.variants import VARIANTS, build_variant

pytestmark = pytest.mark.autograd
RESULTS = Path(__file__).parents[1] / "scripts" / "results"
LABELS = [variant.label for variant in VARIANTS]


def test_the_sum_is_that_of_one_marked_value_in_each_half() -> None:
    problem = Adding(20, 1)
    batch = problem.draw(500, Generator().manual_seed(0))
    values, marks = batch.input.unbind(2)
    assert torch.equal(marks[:, :10].sum(1), torch.ones(500))
    assert torch.equal(marks[:, 10:].sum(1), torch.ones(500))
    torch.testing.assert_close(batch.target, (values * marks).sum(1))
    # Who has learnt nothing says 1, the mean of the sum.
    assert problem.score(torch.ones(500, 1), batch.target) == pytest.approx(problem.chance, rel=0.15)


def test_the_symbols_are_to_be_said_after_the_blanks() -> None:
    problem = CopyMemory(30, 1)
    batch = problem.draw(200, Generator().manual_seed(0))
    assert batch.input.shape == (200, 30 + 2 * COPIED)
    assert torch.equal(batch.input[:, :COPIED], batch.target)
    assert batch.input[:, COPIED:].unique().tolist() == [LETTERS, LETTERS + 1]
    assert (batch.input == LETTERS + 1).nonzero()[:, 1].unique().tolist() == [30 + COPIED - 1]
    output = torch.zeros(200, 30 + 2 * COPIED, LETTERS)
    output[:, -COPIED:] = nn.functional.one_hot(batch.target, LETTERS).float()
    assert problem.score(output, batch.target) == 1.0
    assert problem.loss(output, batch.target) < problem.loss(torch.zeros_like(output), batch.target)
    assert problem.score(torch.zeros_like(output), batch.target) == pytest.approx(problem.chance, abs=0.05)


def test_digits_are_read_one_pixel_a_step_and_the_test_part_is_never_drawn() -> None:
    problem = PixelDigits(1)
    held = {tuple(image) for image in problem.test().input.flatten(1).tolist()}
    drawn = {tuple(image) for image in problem.draw(5000, Generator().manual_seed(0)).input.flatten(1).tolist()}
    assert problem.test().input.shape == (360, 64, 1)
    assert len(drawn) > 1300  # of 1437
    assert not held & drawn


@pytest.mark.parametrize("problem", make_problems(), ids=lambda problem: problem.name)
def test_every_variant_fits_every_problem(problem: Problem) -> None:
    batch = problem.draw(2, Generator().manual_seed(0))
    few = batch.input[:, -COPIED:]  # all that the loss reads
    for variant in VARIANTS:
        model = build_variant(variant, problem, seed=0)
        assert model.training
        assert problem.loss(run_chunks(model, few), batch.target).isfinite()


@pytest.mark.parametrize("task", ["classifier", "tagger"])
def test_chunks_give_the_output_and_the_gradients_of_the_whole(task: str) -> None:
    options: dict[str, Any] = {"input_size": 2, "hidden_size": 5, "num_layers": 1, "dropout": 0.0, "num_classes": 3}
    model = zoo.build(f"lstm_{task}", **options, **({"pooling": "last"} if task == "classifier" else {}))
    input = torch.randn(2, 230, 2, generator=Generator().manual_seed(0))
    whole, _ = model(input)
    in_chunks = run_chunks(model, input)
    torch.testing.assert_close(in_chunks, whole, atol=1e-6, rtol=1e-5)
    for output in (whole, in_chunks):
        output.square().sum().backward()
    gradient = model.backbone.stack.rnn.weight_hh_l0.grad / 2  # type: ignore[union-attr, operator]
    model.zero_grad()
    model(input)[0].square().sum().backward()
    torch.testing.assert_close(gradient, model.backbone.stack.rnn.weight_hh_l0.grad, atol=1e-4, rtol=1e-4)


def test_chrono_is_for_the_length_of_the_problem() -> None:
    chrono = next(variant for variant in VARIANTS if variant.chrono)
    longest = {}
    for steps in (20, 400):
        layer = build_variant(chrono, Adding(steps, 1), seed=0).backbone.stack.rnn
        forget = (layer.bias_ih_l0 + layer.bias_hh_l0)[32:64]
        longest[steps] = float(forget.detach().exp().max())
    assert 10 < longest[20] <= 19
    assert 200 < longest[400] <= 399


class Broken(Adding):
    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return super().loss(output, target) * math.inf


def test_a_run_learns_and_one_that_diverges_says_so() -> None:
    gru = next(variant for variant in VARIANTS if variant.label == "GRU")
    problem = Adding(4, 200)
    run = train_variant(problem, gru, seed=0)
    assert run.updates == [20 * k for k in range(1, POINTS + 1)]
    assert run.figures[-1] is not None
    assert run.figures[-1] < problem.chance / 4
    assert train_variant(problem, gru, seed=0, updates=20).figures == train_variant(problem, gru, 0, 20).figures
    assert train_variant(Broken(4, 10), gru, seed=0).figures == [None] * POINTS


def test_a_study_goes_on_where_its_file_ends(tmp_path: Path) -> None:
    path, problem = tmp_path / "runs.json", Adding(4, 10)
    variants = list(VARIANTS[:2])
    first = next(study([problem], variants, [0, 1], path))
    assert read_runs(path) == [first]
    rest = list(study([problem], variants, [0, 1], path))
    assert [run.key for run in rest] == [
        (problem.name, variants[1].label, 0),
        *((problem.name, variant.label, 1) for variant in variants),
    ]
    assert len(read_runs(path)) == 4
    assert list(study([problem], variants, [0, 1], path)) == []


def make_runs(problem: Problem, figures: dict[str, list[float | None]]) -> list[Run]:
    return [
        Run(problem.name, variant, seed, [1], [figure], 0.1)
        for variant, values in figures.items()
        for seed, figure in enumerate(values)
    ]


def test_an_effect_shows_only_if_no_seeds_overlap() -> None:
    more, less = CopyMemory(10, 1), Adding(10, 1)
    claim = Claim("nobody", "a", "b")
    apart = {"a": [0.8, 0.9], "b": [0.5, 0.7]}
    assert judge(claim, make_runs(more, apart), more) == SHOWED
    assert judge(claim, make_runs(less, apart), less) == REVERSED
    assert judge(claim, make_runs(more, {"a": [0.8, 0.6], "b": [0.5, 0.7]}), more) == NOT_SHOWN
    assert judge(claim, make_runs(less, {"a": [0.160], "b": [0.170]}), less) == NOT_SHOWN  # both learnt nothing
    assert judge(claim, make_runs(more, {"a": [0.8]}), more) is None
    sooner = [Run(more.name, label, 0, [1, 2], [first, 0.9], 0.1) for label, first in (("a", 0.9), ("b", 0.3))]
    assert judge(claim, sooner, more) == SHOWED
    assert judge(claim, make_runs(more, {"a": [0.8], "b": [None]}), more) == SHOWED  # diverged: as chance
    assert {label for claim in CLAIMS for label in (claim.better, claim.worse)} <= set(LABELS)


def test_the_page_says_what_its_results_say(tmp_path: Path) -> None:
    runs, problems = read_runs(RESULTS / "effects.json"), make_problems()
    page = (RESULTS / "effects.md").read_text()
    assert put_results(page, runs, problems) == page, "run scripts/effects.py --no-training"
    assert {run.variant for run in runs} <= set(LABELS)
    assert {run.problem for run in runs} <= {problem.name for problem in problems}
    draw_curves(runs, problems, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 20_000
    with pytest.raises(ValueError, match="the page must hold the lines"):
        put_results("nothing", runs, problems)
    write_runs(runs, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (RESULTS / "effects.json").read_text()
