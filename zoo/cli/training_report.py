"""What `zoo train` prints: what it understood, the figures beside simple answers, and the commands that follow."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from zoo.training.experiment import Experiment
from zoo.training.guesses import find_best, is_ahead
from zoo.training.tasks.base import Task
from zoo.training.trainer import INPUTS, Prepared, Trained

WIDTH = 11
SHOWN = 12  # names of classes
PROMPT, LENGTH, TEMPERATURE = 20, 250, 0.8  # of a text that a language model writes


def print_start(prepared: Prepared, experiment: Experiment, data: str = "") -> None:
    """Print what was understood of the data, the model, the plan, and what the model has to beat.

    Args:
        prepared: the training that is about to begin.
        experiment: it follows.
        data: the user's own, with its kind; empty for none.
    """
    parameters = sum(parameter.numel() for parameter in prepared.model.parameters())
    part = experiment.training
    both_ways = getattr(prepared.model.config, "bidirectional", False)
    whole = (
        "; it reads whole sequences, in both directions (model.overrides.bidirectional=false for one that streams)"
        if both_ways
        else ""
    )
    kept = "the best one in validation is kept" if part.keep == "best" else "the last one is kept"
    lines = {
        **({"data": data} if data else {"task": describe_task(experiment.task.name, prepared.task)}),
        **prepared.task.facts(),
        "model": f"{experiment.model.name}, {parameters:,} parameters{whole}",
        "training": f"up to {part.max_epochs} epochs of {prepared.batches:,} batches; {kept}",
    }
    for name, line in lines.items():
        print(f"{name:<{WIDTH}}{line}")
    print_baselines(prepared.baselines)


def describe_task(name: str, task: Task) -> str:
    """Return a task's name with all its options: of another task than the experiment's they are the defaults."""
    return f"{name}: {', '.join(f'{key}={value}' for key, value in task.options.items())}"


def print_baselines(baselines: Mapping[str, Mapping[str, float]]) -> None:
    """Print the test metrics of simple answers, a line for each."""
    for name, figures in baselines.items():
        print(f"{'to beat':<{WIDTH}}{join(figures)}  ({name}, test part)")


def print_result(done: Trained) -> None:
    """Print the figures of both parts, whether the model is ahead of the simple answers, and where it lies."""
    for part in ("validation", "test"):
        print(f"{part:<{WIDTH}}{join(done.metrics[part])}")
    print_baselines(done.metrics["baselines"])
    print_verdict(done.metrics["test"], done.metrics["baselines"], done.task)
    print(f"{'time':<{WIDTH}}{done.metrics['cpu_seconds']} CPU seconds, {done.metrics['epochs']} epochs")
    print(f"{'wrote':<{WIDTH}}{done.folder}")


def print_verdict(figures: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]], task: Task) -> None:
    """Say it where a model is not ahead of the best simple answer."""
    best = find_best(baselines, task.metric, task.mode)
    if best and not is_ahead(figures[task.metric], baselines[best][task.metric], task.mode):
        print(
            f"{'warning':<{WIDTH}}the model does not beat {best!r}: {task.metric} {figures[task.metric]:.4f} against "
            f"{baselines[best][task.metric]:.4f}"
        )


def print_next(done: Trained) -> None:
    """Print the commands that follow: they work as they stand."""
    model, inputs = done.folder / "model.pt", done.folder / INPUTS
    commands: list[list[object]] = [
        ["zoo", "evaluate", done.folder],
        ["zoo", "script", done.folder, "--sample", inputs, "-o", model],
        ["cpp_runner", "verify", model],
        ["cpp_runner", model, max(inputs.glob("*.npy"))],
    ]
    if hasattr(done.model, "generate"):
        writer: Any = done.model
        prompt = f"str:{writer.decode(done.task.test_batches()[0].input[0, :PROMPT])}"
        numbers = [f"int:{LENGTH}", f"float:{TEMPERATURE}", "int:1"]
        output = ["-o", done.folder / "text.bin"]
        commands.append(["cpp_runner", model, "--method", "generate", prompt, *numbers, *output])
    data = done.task.options.get("path") or done.task.options.get("train")
    if done.task.reading and data:
        commands.append(["zoo", "predict", done.folder, data, *done.task.training_form])
    record = done.task.record()
    names = record.get("classes") or record.get("tags") or []
    if names:
        more = f", ... ({len(names)} in all)" if len(names) > SHOWN else ""
        print(f"{'scores':<{WIDTH}}of {', '.join(names[:SHOWN])}{more}, in this order")
    print("next")
    for command in commands:
        print("  " + shlex.join(map(str, command)))


def join(figures: Mapping[str, float]) -> str:
    """Return metrics in a line."""
    return "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
