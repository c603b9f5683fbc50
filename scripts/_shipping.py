"""Ships a model: trains several seeds, takes the median, judges it in C++, writes its card; or judges it again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from _about import About, read_about
from _cards import CARD, PRETRAINED, RECORD, Card, SeedResult, median_seed, read_card

import zoo
from zoo.training.evaluation import evaluate
from zoo.training.experiment import Experiment, TaskPart, read_experiment
from zoo.training.record import describe_training
from zoo.training.tasks import make_task
from zoo.training.tasks.base import Task
from zoo.training.trainer import CHECKPOINT, METRICS, score_model, train

MOST_BYTES = 4_000_000
# Rows and steps of real input that go into the artifact and that quantization is measured on.
SAMPLE_ROWS, SAMPLE_STEPS = 8, 256


def ship(
    name: str, seeds: Sequence[int], runs: Path, passed_over: Mapping[int, str] | None = None, output: Path = PRETRAINED
) -> Card:
    """Train the seeds that have no run yet, put the median one into the package, and judge it as it is stored.

    Args:
        name: of an experiment.
        seeds: an odd number, so that there is a median.
        runs: folder of the runs, each `<name>-<seed>`.
        passed_over: seeds that count in the figures and are not shipped, with the reason: for example that
            `cpp_runner verify` refuses them.
        output: where the model's folder goes.

    Raises:
        As `train`, `evaluate` and `read_about`; ValueError for a model too large, or where every seed is passed over.
    """
    read_about(output / name)  # before the trainings, which take long
    experiment = read_experiment(name)
    task = make_task(experiment.task.name, experiment.task.options)
    results = [_result(name, seed, runs, task) for seed in seeds]
    reasons = {str(seed): reason for seed, reason in (passed_over or {}).items()}
    if set(reasons) >= {str(seed) for seed in seeds}:
        raise ValueError("every seed is passed over: there is nothing to ship")
    shipped = median_seed(results, task.metric, reasons)
    known = _known_baselines(output / name, experiment)
    folder, size = _store(run_folder(runs, name, shipped), output / name)
    card = _judge(zoo.load_checkpoint(folder), task, experiment, results, shipped, size)
    card = replace(card, passed_over=reasons, **known)
    card.write(folder)
    store_record(card, folder)
    return card


def score_again(card: Card) -> dict[str, Any]:
    """Return the fields of a card with the test figures of the weights that are shipped, in Python and in C++.

    Raises:
        As `evaluate`.
    """
    task = make_task(card.task, card.task_options)
    figures = _score(zoo.build(card.name, pretrained=True).eval(), task)
    seeds = [replace(one, test=figures["python"]) if one.seed == card.shipped else one for one in card.seeds]
    return {"seeds": seeds, **figures}


def describe(card: Card, about: About) -> dict[str, Any]:
    """Return the `training_record` of a shipped model: what its files say of its use, data, classes and figures."""
    shipped = next(one for one in card.seeds if one.seed == card.shipped)
    part = TaskPart(name=card.task, options=card.task_options)
    metrics = {"validation": shipped.validation, "test": shipped.test}
    record = describe_training(card.name, part, make_task(part.name, part.options), metrics)
    return record | {"about": about.to_record()}


def store_record(card: Card, folder: Path) -> None:
    """Write the `training_record` of a shipped model beside its weights, where its `about.toml` lies."""
    (folder / RECORD).write_text(json.dumps(describe(card, read_about(folder)), indent=1, allow_nan=False) + "\n")


def run_folder(runs: Path, name: str, seed: int) -> Path:
    """Return the folder of a run."""
    return runs / f"{name}-{seed}"


def real_samples(task: Task) -> list[zoo.Sample]:
    """Return a few rows of the validation split for golden samples."""
    batch = task.validation_batches()[0]
    lengths = None if batch.lengths is None else batch.lengths[:SAMPLE_ROWS].clamp(max=SAMPLE_STEPS)
    steps = SAMPLE_STEPS if lengths is None else int(lengths.max())
    return [zoo.Sample("real", batch.input[:SAMPLE_ROWS, :steps].contiguous(), lengths)]


def _known_baselines(folder: Path, experiment: Experiment) -> dict[str, Any]:
    """Return the fields with the simple methods' figures of the card that is there, if they are of the same task."""
    if not (folder / CARD).is_file():
        return {}
    card = read_card(folder)
    same = card.task == experiment.task.name and card.task_options == experiment.task.options
    known = ("baselines", "baseline_conditions", "baseline_unseen_speakers")
    return {name: getattr(card, name) for name in known} if same else {}


def _result(name: str, seed: int, runs: Path, task: Task) -> SeedResult:
    """Return a run's figures, those of the test split as its model would be stored."""
    run = run_folder(runs, name, seed)
    if not (run / METRICS).is_file():
        train(read_experiment(name, {"seed": seed}), run, resume=True)
    metrics: dict[str, Any] = json.loads((run / METRICS).read_text())
    with tempfile.TemporaryDirectory() as folder:
        stored, _ = _store(run, Path(folder) / name)
        test = score_model(zoo.load_checkpoint(stored).eval(), task, task.test_batches())
    return SeedResult(seed, metrics["validation"], test, metrics["cpu_seconds"])


def _store(run: Path, folder: Path) -> tuple[Path, int]:
    """Write a run's model, in half precision where it would be too large; return its folder and its weights' bytes."""
    model = zoo.load_checkpoint(run / CHECKPOINT)
    for matrices in (None, torch.float16):
        zoo.save_checkpoint(model, folder, matrices)
        size = (folder / "model.safetensors").stat().st_size
        if size < MOST_BYTES:
            return folder, size
    raise ValueError(f"{folder.name} has {size:,} bytes of weights; a shipped model must stay below {MOST_BYTES:,}")


def _judge(
    model: Any, task: Task, experiment: Experiment, results: Sequence[SeedResult], shipped: int, size: int
) -> Card:
    return Card(
        name=experiment.name,
        data=task.about.name,
        license=task.about.license,
        address=task.about.address,
        task=experiment.task.name,
        task_options=experiment.task.options,
        metric=task.metric,
        mode=task.mode,
        seeds=list(results),
        shipped=shipped,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        bytes=size,
        chosen_by="validation",
        **_score(model.eval(), task),
    )


def _score(model: Any, task: Task) -> dict[str, Any]:
    """Return the fields of a card that hold test figures of a model."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        about = task.about
        zoo.save_artifact(model, path, samples=real_samples(task), dataset=about.name, license=about.license)
        done = evaluate(path, task)
    return {"python": done.python, "cpp": done.cpp, "worst_output_difference": done.worst}
