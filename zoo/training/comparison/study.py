"""Trains every family on every data set with every seed, and keeps the results in a file as they come."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import LambdaLR

from zoo.training.comparison.sizes import family_overrides, find_hidden_size, list_families
from zoo.training.comparison.timing import Timing, measure
from zoo.training.comparison.trials import CLIP_NORM, INIT, RATES, WEIGHT_DECAY, Trial
from zoo.training.experiment import Experiment, ModelPart, OptimizerPart, SchedulePart, TaskPart, TrainingPart
from zoo.training.learners.language_modelling import LanguageModellingLearner
from zoo.training.optimization import cosine_factor, make_optimizer
from zoo.training.tasks.base import Task
from zoo.training.trainer import make_model, score_model


@dataclass(frozen=True)
class Run:
    """One training.

    Args:
        trial, family: names.
        seed: of weights, data and dropout.
        rate: of AdamW, at its highest.
        hidden_size, parameters: of the model.
        validation, test: metrics; empty after a loss that was not finite.
        cpu_seconds: of the training alone, on one core.
    """

    trial: str
    family: str
    seed: int
    rate: float
    hidden_size: int
    parameters: int
    validation: dict[str, float]
    test: dict[str, float]
    cpu_seconds: float


@dataclass(frozen=True)
class Results:
    """All that the file holds."""

    runs: list[Run]
    timings: list[Timing]


def make_experiment_of(trial: Trial, family: str, hidden_size: int, rate: float, seed: int) -> Experiment:
    """Return what `train_family` trains, as an experiment."""
    overrides = {**family_overrides(family, trial), "hidden_size": hidden_size}
    return Experiment(
        name=f"{family} on {trial.name}",
        model=ModelPart(name=f"{family}_{trial.model_task}", init=INIT, overrides=overrides),
        task=TaskPart(name=trial.task or "tiny_shakespeare", options=trial.options),
        seed=seed,
        optimizer=OptimizerPart(learning_rate=rate, weight_decay=WEIGHT_DECAY, clip_norm=CLIP_NORM),
        schedule=SchedulePart(warmup_steps=trial.warmup_steps),
        training=TrainingPart(max_epochs=trial.epochs, batch_size=trial.batch_size, keep="last"),
    )


def train_model(experiment: Experiment, task: Task) -> tuple[Any, bool, float]:
    """Train without Lightning, whose files and pictures of every epoch would take longer than these small trainings.

    Returns:
        The model in eval mode, whether its loss was always finite, and the CPU seconds.
    """
    torch.manual_seed(experiment.seed)
    model: Any = make_model(experiment, task)
    part, schedule = experiment.training, experiment.schedule
    learner = task.learner(model, task, experiment).train()
    loader: Any = task.train_batches(part.batch_size, experiment.seed)
    optimizer = make_optimizer(model, experiment.optimizer)
    total = part.max_epochs * len(loader)
    curve = LambdaLR(optimizer, lambda step: cosine_factor(step, schedule.warmup_steps, total, schedule.final))
    carries = isinstance(learner, LanguageModellingLearner)
    begin, finite = time.process_time(), True
    for epoch in range(part.max_epochs):
        for sampler in (loader.sampler, loader.batch_sampler):
            if hasattr(sampler, "set_epoch"):
                sampler.set_epoch(epoch)
        state = None
        for drawn in loader:
            batch = task.augment(drawn)
            lengths = None if learner.may_run_on else batch.lengths
            output, after = model(batch.input, lengths, state)
            loss = learner.loss(output, batch)
            finite = bool(torch.isfinite(loss))
            if not finite:
                return model.eval(), False, time.process_time() - begin
            optimizer.zero_grad()
            loss.backward()
            clip_grad_norm_(model.parameters(), experiment.optimizer.clip_norm)
            optimizer.step()
            curve.step()
            state = [part.detach() for part in after] if carries else None
    return model.eval(), finite, time.process_time() - begin


def train_family(
    trial: Trial, task: Task, family: str, hidden_size: int, rate: float, seed: int
) -> tuple[Run, nn.Module]:
    """Train one model and score it on validation and test."""
    model, finite, seconds = train_model(make_experiment_of(trial, family, hidden_size, rate, seed), task)
    validation = score_model(model, task, task.validation_batches()) if finite else {}
    test = score_model(model, task, task.test_batches()) if finite else {}
    parameters = sum(parameter.numel() for parameter in model.parameters())
    run = Run(trial.name, family, seed, rate, hidden_size, parameters, validation, test, round(seconds, 2))
    return run, model


def choose_rate(runs: Sequence[Run], trial: Trial, family: str) -> float | None:
    """Return the rate that is best on validation with the first seed; None where not all of them were tried."""
    tried = {run.rate: run for run in runs if (run.trial, run.family, run.seed) == (trial.name, family, 0)}
    if set(tried) != set(RATES):
        return None
    return min(RATES, key=lambda rate: tried[rate].validation.get(trial.chosen_by, math.inf))


def read_results(path: Path) -> Results:
    """Return the results in a file; none if there is no file."""
    if not path.exists():
        return Results([], [])
    loaded = json.loads(path.read_text())
    return Results([Run(**row) for row in loaded["runs"]], [Timing(**row) for row in loaded["timings"]])


def write_results(results: Results, path: Path) -> None:
    """Write the results as JSON, one a line, sorted, so that a change of one is a change of one line."""
    runs = sorted(results.runs, key=lambda run: (run.trial, run.family, run.seed, run.rate))
    timings = sorted(results.timings, key=lambda timing: (timing.trial, timing.family))
    lines = [",\n".join(json.dumps(asdict(row)) for row in rows) for rows in (runs, timings)]
    path.write_text(f'{{"runs": [\n{lines[0]}\n],\n"timings": [\n{lines[1]}\n]}}\n')


def study(trials: Sequence[Trial], seeds: Sequence[int], path: Path) -> Iterator[Run | Timing]:
    """Train and time what the file does not have yet, and write it after every result; yield each new one.

    The first seed tries all rates; the others take the rate that it chose. The model of the first seed and that rate is
    the one that C++ verifies and times.
    """
    results = read_results(path)
    tasks = {trial.name: trial.make_task() for trial in trials}
    sizes: dict[tuple[str, str], int] = {}

    def run_family(trial: Trial, family: str, rate: float, seed: int) -> tuple[Run, nn.Module]:
        key = (trial.name, family)
        if key not in sizes:
            sizes[key] = find_hidden_size(family, trial, tasks[trial.name])
        return train_family(trial, tasks[trial.name], family, sizes[key], rate, seed)

    done = {(run.trial, run.family, run.seed, run.rate) for run in results.runs}
    timed = {(timing.trial, timing.family) for timing in results.timings}
    for seed in seeds:
        for trial in trials:
            for family in list_families(trial):
                models = {}
                chosen = choose_rate(results.runs, trial, family)
                for rate in RATES if seed == 0 else [chosen]:
                    if rate is None or (trial.name, family, seed, rate) in done:
                        continue
                    run, models[rate] = run_family(trial, family, rate, seed)
                    results.runs.append(run)
                    write_results(results, path)
                    yield run
                chosen = choose_rate(results.runs, trial, family)
                if seed == 0 and chosen is not None and (trial.name, family) not in timed:
                    if chosen not in models:
                        _, models[chosen] = run_family(trial, family, chosen, seed)
                    results.timings.append(measure(models[chosen], trial.name, family))
                    write_results(results, path)
                    yield results.timings[-1]
