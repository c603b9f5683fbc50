"""Model cards: the data of a shipped model and its test figures in Python and in C++, as `card.json`."""

from __future__ import annotations

import json
import statistics
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import zoo
from zoo.markdown import make_table, put_table

CARD = "card.json"
PRETRAINED = Path(zoo.__file__).parent / "pretrained"
BEGIN, END = "<!-- model cards: scripts/model_cards.py writes what follows -->", "<!-- end of model cards -->"
COLUMNS = (
    "model",
    "data, licence",
    "metric",
    "mean (lowest to highest; seeds)",
    "Python",
    "C++",
    "int8",
    "MB",
    "CPU s",
)
# How metrics are written in the table: name in words, factor, decimals.
FORMATS: dict[str, tuple[str, float, int]] = {
    "accuracy": ("accuracy", 1, 4),
    "error_rate": ("label errors, %", 100, 2),
    "equal_error_rate": ("equal error rate, %", 100, 2),
    "f1": ("F1", 1, 4),
    "mse": ("MSE", 1, 4),
    "mae": ("MAE", 1, 4),
    "nats_per_character": ("nats per character", 1, 4),
}


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
        parameters: of the model.
        bytes: of `model.safetensors`.
        python: test figures of the artifact in Python.
        cpp: the same by cpp_runner.
        worst_output_difference: between the two, over all outputs.
        int8: test figures of the `dynamic_int8` artifact by cpp_runner, None where the quantization recipe refused.
        int8_refused: the reason of the refusal.
        passed_over: seeds (as text) excluded from shipping, with the reason.
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
    int8: dict[str, float] | None
    int8_refused: str | None = None
    passed_over: dict[str, str] = field(default_factory=dict)

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


def read_cards(folder: Path = PRETRAINED) -> list[Card]:
    """Return the cards of all shipped models, by name."""
    return [read_card(path.parent) for path in sorted(folder.glob(f"*/{CARD}"))]


def median_seed(results: Sequence[SeedResult], metric: str, passed_over: Collection[str] = ()) -> int:
    """Return the seed in the middle by the test metric, the lower middle one of an even number."""
    left = [result for result in results if str(result.seed) not in passed_over]
    ordered = sorted(left, key=lambda result: (result.test[metric], result.seed))
    return ordered[(len(ordered) - 1) // 2].seed


def write_table(cards: Sequence[Card]) -> str:
    """Return the cards as a table in Markdown."""
    rows = []
    for card in cards:
        words, factor, decimals = FORMATS.get(card.metric, (card.metric, 1, 4))

        def show(value: float, factor: float = factor, decimals: int = decimals) -> str:
            return f"{value * factor:.{decimals}f}"

        spread = (
            f"{show(statistics.fmean(card.test))} ({show(min(card.test))} to {show(max(card.test))}; {len(card.test)})"
        )
        rows.append(
            [
                f"`{card.name}`",
                f"{card.data}, {card.license}",
                words,
                spread if len(card.test) > 1 else f"{show(card.test[0])} (one seed)",
                show(card.python[card.metric]),
                show(card.cpp[card.metric]),
                "-" if card.int8 is None else show(card.int8[card.metric]),
                f"{card.bytes / 1e6:.2f}",
                f"{statistics.fmean(result.cpu_seconds for result in card.seeds):.0f}",
            ]
        )
    return make_table(list(COLUMNS), rows)


def put_cards(text: str, table: str) -> str:
    """Return a text with the table between its two markers; ValueError if one is missing."""
    return put_table(text, table, BEGIN, END)
