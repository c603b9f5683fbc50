"""What each quantization recipe makes of a shipped model: bytes, test metric by cpp_runner, error, time of a step."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _cards import Card
from _shipping import real_samples

import zoo
from zoo.training.evaluation import run_in_cpp
from zoo.training.tasks import make_task
from zoo.training.tasks.base import Task

FLOAT = "fp32"  # the file that no recipe has made
RECIPES = ("bf16", "int8", "int4", "dynamic_int8", "float16")
# All files take turns, so that a busy moment of the machine meets each of them; the smallest median of a file counts.
ROUNDS = 5


def measure_recipes(card: Card) -> dict[str, dict[str, Any]]:
    """Return the figures of the float file and of each recipe, by name.

    Each has `bytes` (of the file), `metric` (of the test split, by cpp_runner) and `step_us` (microseconds a step, one
    row). Recipes also have `max_of_range` and `rms_of_std`, against the float outputs on real samples, and `refused`
    where these are beyond the limit. A recipe that cannot take the model has `refused` alone.

    Args:
        card: of a shipped model.
    """
    task = make_task(card.task, card.task_options)
    samples = real_samples(task)
    model = zoo.build(card.name, pretrained=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = {FLOAT: _measure_file(model, task, samples, folder / FLOAT)}
        for recipe in RECIPES:
            try:
                quantized = zoo.quantize(model, recipe, samples=samples, allow_error=True)
            except zoo.RecipeError as refusal:
                figures[recipe] = {"refused": str(refusal)}
                continue
            record = quantized.quantization
            assert record is not None
            errors = {name: record.error[name] for name in ("max_of_range", "rms_of_std")}
            beyond = {"refused": "beyond the limit"} if record.beyond_limit else {}
            figures[recipe] = {**_measure_file(quantized, task, samples, folder / recipe), **errors, **beyond}
        for recipe, step_us in _time_steps(folder, samples[0]).items():
            figures[recipe]["step_us"] = step_us
    return figures


def time_recipes(card: Card) -> dict[str, dict[str, Any]]:
    """Return the figures of a card with `step_us` measured once more, for a machine that was busy at the first time."""
    samples = real_samples(make_task(card.task, card.task_options))
    model = zoo.build(card.name, pretrained=True)
    timed = [recipe for recipe, figures in card.recipes.items() if "step_us" in figures]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for recipe in timed:
            made = model if recipe == FLOAT else zoo.quantize(model, recipe, samples=samples, allow_error=True)
            zoo.save_artifact(made, folder / recipe, samples=samples)
        step_us = _time_steps(folder, samples[0])
    return {
        recipe: figures | {"step_us": step_us[recipe]} if recipe in step_us else figures
        for recipe, figures in card.recipes.items()
    }


def _measure_file(model: Any, task: Task, samples: list[zoo.Sample], path: Path) -> dict[str, Any]:
    batches = task.test_batches()
    size = zoo.save_artifact(model, path, samples=samples).size
    return {"bytes": size, "metric": task.score(run_in_cpp(path, batches), batches)[task.metric]}


def _time_steps(folder: Path, sample: zoo.Sample) -> dict[str, float]:
    """Return the microseconds of a step of a sample's first row, run whole by cpp_runner on one thread, by file."""
    steps = sample.input.shape[1] if sample.lengths is None else int(sample.lengths[0])
    files = sorted(folder.iterdir())
    np.save(folder / "row.npy", sample.input[:1, :steps].numpy())
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for path in files:
            command = [zoo.find_runner(), "bench", path, folder / "row.npy"]
            command += ["--json", "--threads", "1", "--iterations", "50"]
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
            median = min(record["p50_us"] for record in json.loads(done.stdout)) / steps
            best[path.name] = min(median, best.get(path.name, median))
    return best
