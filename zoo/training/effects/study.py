"""Trains every variant on every problem with every seed, and keeps the learning curves in a file as they come."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.utils import clip_grad_norm_

from zoo.training.effects.problems import Problem
from zoo.training.effects.variants import Variant, build_variant

ROWS, POINTS, CLIP = 32, 10, 1.0
# oneDNN's LSTM takes 13 ms for 400 steps with their gradients in chunks of this size, and 64 ms in one call.
CHUNK = 100


@dataclass(frozen=True)
class Run:
    """One training.

    Args:
        problem, variant: names.
        seed: of weights and data.
        updates: at which the test figure was taken.
        figures: the test figure there; None after a loss that was not finite.
        cpu_seconds: of all of it.
    """

    problem: str
    variant: str
    seed: int
    updates: list[int]
    figures: list[float | None]
    cpu_seconds: float

    @property
    def key(self) -> tuple[str, str, int]:
        return self.problem, self.variant, self.seed


def run_chunks(model: Any, input: Tensor) -> Tensor:
    """Return the output for whole sequences, fed in chunks with the state and its gradient carried on."""
    outputs, state = [], None
    for chunk in input.split(CHUNK, dim=1):
        output, state = model(chunk, None, state)
        outputs.append(output)
    # A classifier's output after the last chunk is that of the whole; a tagger has one for each step.
    return outputs[-1] if outputs[-1].dim() == 2 else torch.cat(outputs, dim=1)


def train_variant(problem: Problem, variant: Variant, seed: int, updates: int | None = None) -> Run:
    """Train with Adam on fresh batches, gradients clipped to 1, and take the test figure ten times.

    Args:
        problem: what to learn.
        variant: what learns.
        seed: of weights and data.
        updates: instead of the problem's own number.
    """
    begin, most = time.process_time(), updates or problem.updates
    model, test, generator = build_variant(variant, problem, seed), problem.test(), Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), variant.learning_rate)
    marks = [round(most * k / POINTS) for k in range(1, POINTS + 1)]
    figures: list[float | None] = []
    finite = True
    for update in range(1, most + 1):
        batch = problem.draw(ROWS, generator)
        loss = problem.loss(run_chunks(model, batch.input), batch.target)
        finite = finite and bool(torch.isfinite(loss))
        if finite:
            optimizer.zero_grad()
            loss.backward()
            clip_grad_norm_(model.parameters(), CLIP)
            optimizer.step()
        if update in marks:
            figures.append(_test(model, problem, test.input, test.target) if finite else None)
    return Run(problem.name, variant.label, seed, marks, figures, round(time.process_time() - begin, 1))


@torch.no_grad()
def _test(model: Any, problem: Problem, input: Tensor, target: Tensor) -> float:
    model.eval()
    figure = problem.score(run_chunks(model, input), target)
    model.train()
    return figure


def read_runs(path: Path) -> list[Run]:
    """Return the runs in a file; none if there is no file."""
    if not path.exists():
        return []
    return [Run(**record) for record in json.loads(path.read_text())]


def write_runs(runs: list[Run], path: Path) -> None:
    """Write the runs as JSON, one a line, sorted, so that a change of one run is a change of one line."""
    lines = [json.dumps(asdict(run)) for run in sorted(runs, key=lambda run: run.key)]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def study(problems: list[Problem], variants: list[Variant], seeds: list[int], path: Path) -> Iterator[Run]:
    """Train what the file does not have yet, and write the file after every run; yield each new run."""
    runs = read_runs(path)
    done = {run.key for run in runs}
    for seed in seeds:
        for problem in problems:
            for variant in variants:
                if (problem.name, variant.label, seed) not in done:
                    runs.append(train_variant(problem, variant, seed))
                    write_runs(runs, path)
                    yield runs[-1]
