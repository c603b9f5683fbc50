"""Model cards: the data of a shipped model and its test figures in Python and in C++, as `card.json`."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import zoo

CARD = "card.json"
# The `training_record`, where `zoo.load_checkpoint` looks for it.
RECORD = "training.json"
PRETRAINED = Path(zoo.__file__).parent / "pretrained"


@dataclass(frozen=True)
class SeedResult:
    """One training: its seed, its figures, its CPU seconds."""

    seed: int
    validation: dict[str, float]
    test: dict[str, float]
    cpu_seconds: float


@dataclass(frozen=True)
class Card:
    """What is known of a shipped model.

    Args:
        name: the registered one, and the experiment's.
        data: name of the data set.
        license: of the data.
        address: where it is published.
        task: name in `zoo.training.tasks`.
        task_options: its options in the experiment.
        metric: the figure that decides.
        mode: "max" if more of the metric is better, otherwise "min".
        seeds: all trainings.
        shipped: the seed whose weights lie in the folder of the card: the median one of those not passed over.
        chosen_by: the split that the median is taken on. Cards of before November 2026 have "test".
        parameters: of the model.
        bytes: of `model.safetensors`.
        python: test figures of the artifact in Python.
        cpp: the same by cpp_runner.
        worst_output_difference: between the two, over all outputs.
        passed_over: seeds (as text) excluded from shipping, with the reason.
        baselines: test figures of simple methods on the same splits, by name; `scripts/baselines.py` writes them.
        conditions: the test metric by cpp_runner in each condition; `scripts/robustness.py` writes it.
        baseline_conditions: the same of simple methods, by name.
        unseen_speakers: the test metric by cpp_runner on each speaker, of a model trained without this speaker.
        baseline_unseen_speakers: the same of simple methods, by name.
        recipes: what quantization recipes make of the model; `scripts/measure_recipes.py` writes them.
    """

    name: str
    data: str
    license: str
    address: str
    task: str
    task_options: dict[str, Any]
    metric: str
    mode: str
    seeds: list[SeedResult]
    shipped: int
    parameters: int
    bytes: int
    python: dict[str, float]
    cpp: dict[str, float]
    worst_output_difference: float
    passed_over: dict[str, str] = field(default_factory=dict)
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
    chosen_by: str = "test"
    conditions: dict[str, float] = field(default_factory=dict)
    unseen_speakers: dict[str, float] = field(default_factory=dict)
    recipes: dict[str, dict[str, Any]] = field(default_factory=dict)
    baseline_conditions: dict[str, dict[str, float]] = field(default_factory=dict)
    baseline_unseen_speakers: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def best_baseline(self) -> tuple[str, float] | None:
        """The simple method with the best test metric, and this metric."""
        figures = [(figures[self.metric], name) for name, figures in self.baselines.items()]
        if not figures:
            return None
        figure, name = max(figures) if self.mode == "max" else min(figures)
        return name, figure

    @property
    def test(self) -> list[float]:
        """The test metric of every seed."""
        return [result.test[self.metric] for result in self.seeds]

    def write(self, folder: Path) -> None:
        """Write `card.json`, with mean and spread for readers."""
        content = asdict(self) | {"mean": statistics.fmean(self.test), "spread": max(self.test) - min(self.test)}
        (folder / CARD).write_text(json.dumps(content, indent=1) + "\n")


def read_card(folder: str | Path) -> Card:
    """Read what `Card.write` wrote.

    Raises:
        FileNotFoundError: no card there.
    """
    content: dict[str, Any] = json.loads((Path(folder) / CARD).read_text())
    del content["mean"], content["spread"]
    content["seeds"] = [SeedResult(**result) for result in content["seeds"]]
    return Card(**content)


def update_card(name: str, **figures: Any) -> Card:
    """Write fields of a shipped model's card, beside what other scripts wrote since this one began; return the card."""
    folder = PRETRAINED / name
    card = replace(read_card(folder), **figures)
    card.write(folder)
    return card


def read_cards(folder: Path = PRETRAINED) -> list[Card]:
    """Return the cards of all shipped models, by name."""
    return [read_card(path.parent) for path in sorted(folder.glob(f"*/{CARD}"))]


def add_models(parser: argparse.ArgumentParser, tasks: Collection[str] | None = None) -> None:
    """Add the names of shipped models, of some tasks or of any, as arguments `models`."""
    names = [card.name for card in read_cards() if tasks is None or card.task in tasks]
    parser.add_argument("models", nargs="*", choices=[*names, []], metavar="model", help="default: all of them")


def choose_cards(models: Collection[str], tasks: Collection[str] | None = None) -> list[Card]:
    """Return the cards of the models that `add_models` read, of all where there are none."""
    known = [card for card in read_cards() if tasks is None or card.task in tasks]
    return [card for card in known if not models or card.name in models]


def median_seed(
    results: Sequence[SeedResult], metric: str, passed_over: Collection[str] = (), split: str = "validation"
) -> int:
    """Return the seed in the middle by the metric of a split, the lower middle one of an even number."""
    left = [result for result in results if str(result.seed) not in passed_over]
    ordered = sorted(left, key=lambda result: (getattr(result, split)[metric], result.seed))
    return ordered[(len(ordered) - 1) // 2].seed
