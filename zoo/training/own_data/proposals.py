"""An experiment for a user's own data: which task reads it, which model fits it, and how long it trains."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.errors import ArgumentError
from zoo.training.own_data.forecasts import choose_windows, plan_forecaster
from zoo.training.own_data.kinds import KINDS, find_kind
from zoo.training.own_data.sizes import plan_sequences, plan_sounds, plan_tags, plan_text
from zoo.training.tasks import make_task
from zoo.training.tasks.base import Task


@dataclass(frozen=True)
class Wishes:
    """What a user says of the data.

    Args:
        kind: a key of `KINDS`; empty to find it out.
        target: the column to predict; empty for all of them, or for the usual one.
        horizon: steps to forecast; 0 for a horizon that fits the length of the series.
        test: another file or folder to test with; empty for a part of the data.
        options: of the task.
    """

    kind: str = ""
    target: str = ""
    horizon: int = 0
    test: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    """What fits the data.

    Args:
        kind: what the data was taken for, in words.
        table: the experiment as a TOML file has it.
        task: with the data.
    """

    kind: str
    table: dict[str, Any]
    task: Task


PLANS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "csv": plan_forecaster,
    "csv_sequences": plan_sequences,
    "npz": plan_sequences,
    "ts": plan_sequences,
    "wav": plan_sounds,
    "conllu": plan_tags,
    "text": plan_text,
}


def propose_experiment(data: str | Path, wishes: Wishes, *, fast: bool = False) -> Proposal:
    """Read a user's data, all parts of it, and choose task, model, sizes and length of the training.

    Args:
        data: a file or a folder.
        wishes: what the user says of it.
        fast: make the task with a few examples only.

    Raises:
        DataError: the data is missing or does not fit, with file and line where there is one.
        ArgumentError: a wish that this kind of data cannot have.
    """
    path = Path(data)
    kind = wishes.kind or find_kind(path)
    if kind == "csv" and "sequence" in wishes.options:  # the column that says to which sequence a row belongs
        kind = "csv_sequences"
    if kind not in KINDS:
        raise ArgumentError(f"no kind of data is called {kind!r}; there are {', '.join(KINDS)}")
    name, words = KINDS[kind]
    options = {**make_options(kind, str(data), wishes), **wishes.options}
    if kind == "csv":
        options = choose_windows(options)
    task = make_task(name, options, fast=fast)
    plan = PLANS[kind](task)
    table = {"name": name_experiment(path), "task": {"name": name, "options": options}, **plan}
    return Proposal(words, table, task)


def name_experiment(path: Path) -> str:
    """Return a name for the experiment on a file or folder: letters, digits and underscores."""
    whole = path.resolve()
    name = whole.name if whole.is_dir() else whole.stem  # a dot in a folder's name begins no ending
    return re.sub(r"\W+", "_", name).strip("_") or "own_data"


def make_options(kind: str, data: str, wishes: Wishes) -> dict[str, Any]:
    """Return the options of the task that reads a kind of data.

    Raises:
        ArgumentError: the kind takes no target, no horizon or no test data of its own.
    """
    if kind == "csv_sequences" and wishes.horizon:
        raise ArgumentError(
            "many series in one table are not forecast; give one series at a time without sequence=, or leave the "
            "horizon out to learn a target of each"
        )
    for wish, value, kinds in (
        ("target", wishes.target, ("csv", "csv_sequences", "conllu")),
        ("horizon", wishes.horizon, ("csv",)),
        ("test data of its own", wishes.test, ("ts", "npz", "wav", "conllu", "csv_sequences")),
    ):
        if value and kind not in kinds:
            raise ArgumentError(f"{kind} data takes no {wish}; {', '.join(kinds)} data does")
    targets = {"targets": wishes.target} if wishes.target else {}
    if wishes.horizon < 0:
        raise ArgumentError(f"horizon must be at least 1 step, got {wishes.horizon}")
    if kind == "csv":
        return {"path": data, "loss": "mse", **targets, **({"horizon": wishes.horizon} if wishes.horizon else {})}
    if kind == "text":
        return {"path": data}
    test = {"test": wishes.test} if wishes.test else {}
    if kind == "conllu":
        return {"train": data, **test, **({"column": wishes.target} if wishes.target else {})}
    return {"train": data, **test, **targets}
