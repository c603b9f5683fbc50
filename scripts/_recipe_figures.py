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
# The smallest median of so many short runs counts, since other programs may use the machine.
BENCH_RUNS = 2


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
    figures = {FLOAT: _measure_file(model, task, samples)}
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
        figures[recipe] = {**_measure_file(quantized, task, samples), **errors, **beyond}
    return figures


def _measure_file(model: Any, task: Task, samples: list[zoo.Sample]) -> dict[str, Any]:
    batches = task.test_batches()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        size = zoo.save_artifact(model, path, samples=samples).size
        metric = task.score(run_in_cpp(path, batches), batches)[task.metric]
        return {"bytes": size, "metric": metric, "step_us": _time_step(path, samples[0], Path(folder))}


def _time_step(path: Path, sample: zoo.Sample, folder: Path) -> float:
    """Return the microseconds of a step of a sample's first row, run whole by cpp_runner on one thread."""
    steps = sample.input.shape[1] if sample.lengths is None else int(sample.lengths[0])
    np.save(folder / "row.npy", sample.input[:1, :steps].numpy())
    command = [zoo.find_runner(), "bench", path, folder / "row.npy", "--json", "--threads", "1", "--iterations", "50"]
    medians = []
    for _ in range(BENCH_RUNS):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
        medians += [record["p50_us"] for record in json.loads(done.stdout)]
    return min(medians) / steps
