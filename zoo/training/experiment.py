"""Experiments: a TOML file each with the model, initial weights, data, optimiser, schedule and seed of a training."""

from __future__ import annotations

import copy
import dataclasses
import difflib
import functools
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from zoo.errors import ZooError
from zoo.training.ranges import AT_LEAST_ONE, NOT_NEGATIVE, POSITIVE, PROBABILITY, SHARE, Range

EXPERIMENTS = Path(__file__).parent / "experiments"
# What the numbers of an experiment may be, by their keys.
RANGES = {
    "seed": Range(0, 2**32 - 1),  # as NumPy's generator takes it
    "optimizer.learning_rate": POSITIVE,
    "optimizer.weight_decay": NOT_NEGATIVE,
    "optimizer.clip_norm": NOT_NEGATIVE,
    "schedule.warmup_steps": NOT_NEGATIVE,
    "schedule.final": PROBABILITY,
    "schedule.factor": Range(0, 1, more=True, less=True),
    "schedule.patience": NOT_NEGATIVE,
    "training.max_epochs": AT_LEAST_ONE,
    "training.batch_size": AT_LEAST_ONE,
    "training.accumulate": AT_LEAST_ONE,
    "training.patience": NOT_NEGATIVE,
    "training.average": SHARE,
    "training.devices": AT_LEAST_ONE,
    "training.nodes": AT_LEAST_ONE,
    "training.validate_every": AT_LEAST_ONE,
}


class ExperimentError(ZooError, ValueError):
    """An experiment that cannot be read; the message names the key and the legal values."""


@dataclass(frozen=True, kw_only=True)
class ModelPart:
    """A registered model, its initial weights, and what differs from its preset.

    Args:
        name: a name of `zoo.list_models()`.
        init: an initialisation scheme.
        start_from: a trained model of the package; empty for none. Tensors of the same name and shape are taken from
            it. The rest, such as another head, starts from `init`.
        overrides: fields of the configuration.
    """

    name: str
    init: str = "uniform"
    start_from: str = ""
    overrides: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TaskPart:
    """A task of `zoo.training.tasks`, and its options."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class OptimizerPart:
    """AdamW. `weight_decay` acts on matrices only; `clip_norm` bounds the norm of all gradients, 0 for none."""

    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    betas: list[float] = field(default_factory=lambda: [0.9, 0.999])
    clip_norm: float = 1.0


@dataclass(frozen=True, kw_only=True)
class SchedulePart:
    """Linear warm-up over `warmup_steps`, then cosine to `final` times the rate, plateau, or constant."""

    kind: Literal["cosine", "plateau", "constant"] = "cosine"
    warmup_steps: int = 50
    final: float = 0.01
    factor: float = 0.5  # plateau: the rate is multiplied by this
    patience: int = 3  # plateau: validations without a better metric before the rate falls


@dataclass(frozen=True, kw_only=True)
class TrainingPart:
    """How long, in what batches, and on what devices.

    Args:
        max_epochs: over the training split.
        batch_size: examples per step and process.
        accumulate: batches whose gradients are summed before a step.
        precision: of the arithmetic; fp16 scales the loss and needs a GPU.
        keep: the weights that are saved at the end: of the best epoch in validation, or of the last epoch.
        patience: validations without a better metric before it stops early; 0 for never.
        average: decay of a running mean of the weights, which validation uses and the run keeps; 0 for none.
        gradient_checkpointing: the layers keep only their inputs for the backward pass and compute the rest again; for
            deep residual stacks that do not fit into memory.
        fake_quantize: a recipe, such as "int8", with whose rounded numbers the training computes; empty for none. The
            file that this recipe makes of the model is then what was trained.
        accelerator: "cpu", "gpu" or "auto".
        devices: processes on this machine, one per device.
        nodes: machines.
        validate_every: epochs between validations; the last epoch is always followed by one.
    """

    max_epochs: int = 20
    batch_size: int = 32
    accumulate: int = 1
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    keep: Literal["best", "last"] = "best"
    patience: int = 0
    average: float = 0.0
    gradient_checkpointing: bool = False
    fake_quantize: str = ""
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: int = 1
    nodes: int = 1
    validate_every: int = 1


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A whole experiment.

    Args:
        name: of the trained model, and of the run's folder.
        seed: of initial weights, order of the data, dropout and augmentation.
        fast: overrides for a check of one minute, such as {"training.max_epochs": 1}.

    Raises:
        ExperimentError: a number is outside of its range.
    """

    name: str
    model: ModelPart
    task: TaskPart
    seed: int = 0
    optimizer: OptimizerPart = field(default_factory=OptimizerPart)
    schedule: SchedulePart = field(default_factory=SchedulePart)
    training: TrainingPart = field(default_factory=TrainingPart)
    fast: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, range_ in RANGES.items():
            value: Any = functools.reduce(getattr, key.split("."), self)
            if fault := range_.find_fault(value):
                raise ExperimentError(f"{key} {fault}")
        betas: Any = self.optimizer.betas
        numbers = [beta for beta in betas if type(beta) in (int, float)]
        if len(betas) != 2 or len(numbers) != 2 or not all(map(SHARE.holds, numbers)):
            raise ExperimentError(f"optimizer.betas must be two numbers from 0 to less than 1, got {betas!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON values."""
        return dataclasses.asdict(self)


def list_experiments() -> list[str]:
    """Return the names of the experiments in the package."""
    return sorted(path.stem for path in EXPERIMENTS.glob("*.toml"))


def list_keys() -> list[str]:
    """Return every key of an experiment, such as "seed" and "training.max_epochs"; some have tables of their own."""
    keys = []
    for name, hint in typing.get_type_hints(Experiment).items():
        inner = typing.get_type_hints(hint) if dataclasses.is_dataclass(hint) else {}
        keys += [f"{name}.{key}" for key in inner] or [name]
    return keys


def read_experiment(
    name: str | Path, overrides: Mapping[str, Any] = MappingProxyType({}), *, fast: bool = False
) -> Experiment:
    """Read an experiment.

    Args:
        name: a name of `list_experiments()`, or a TOML file.
        overrides: "key.sub" to value, such as {"training.max_epochs": 3}. With another "task.name", the file's options
            of the task do not count, since they are those of its own task.
        fast: apply the overrides in the table `fast` of the file, before yours.

    Raises:
        ExperimentError: no such experiment, a file that is not TOML, or a key or value that is not legal.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = EXPERIMENTS / f"{name}.toml"
    if not path.is_file():
        raise ExperimentError(
            f"no experiment {str(name)!r}; there are {', '.join(list_experiments())}, or give a .toml file"
        )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExperimentError(f"{path.name} is not TOML: {error}") from error
    return make_experiment(table, overrides, fast=fast)


def make_experiment(
    table: Mapping[str, Any], overrides: Mapping[str, Any] = MappingProxyType({}), *, fast: bool = False
) -> Experiment:
    """Make an experiment of the table that a TOML file holds.

    Args:
        table: not changed.
        overrides, fast: as in `read_experiment`.

    Raises:
        ExperimentError: a key or value that is not legal.
    """
    _refuse_no_table(table, "the experiment")
    _refuse_no_table(overrides, "the overrides")
    _refuse_no_table(table.get("fast", {}), "fast")
    own = copy.deepcopy(dict(table))
    name = _task_name(own)
    other = name is not None and overrides.get("task.name", name) != name
    if other:
        own["task"].pop("options", None)
    if fast:
        for key, value in table.get("fast", {}).items():
            if not (other and key.startswith("task.options")):
                _set(own, key, value)
    for key, value in overrides.items():
        _set(own, key, value)
    experiment: Experiment = _fill(Experiment, own, "")
    return experiment


def write_experiment(experiment: Experiment, path: str | Path) -> None:
    """Write a TOML file that `read_experiment` reads as the same experiment.

    Raises:
        ExperimentError: a value is None, which TOML does not have.
        OSError: the file cannot be written.
    """
    import tomli_w  # comes with recurrent-zoo[train]

    try:
        text = tomli_w.dumps(experiment.to_dict())
    except TypeError as error:
        raise ExperimentError(f"a TOML file cannot hold this experiment: {error}; leave the value out") from error
    Path(path).write_text(text)


def _refuse_no_table(given: Any, what: str) -> None:
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise ExperimentError(f"{what} must be a table whose keys are texts, got {given!r}")


def _task_name(table: Mapping[str, Any]) -> Any:
    task = table.get("task")
    return task.get("name") if isinstance(task, dict) else None


def _set(table: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for k, part in enumerate(path):
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ExperimentError(f"{'.'.join(path[: k + 1])} is a value, so {key!r} cannot be set inside it")
    table[last] = value


def _fill(part: type, table: dict[str, Any], path: str) -> Any:
    """Make a part of an experiment from a TOML table, with the parts inside it."""
    hints = typing.get_type_hints(part)
    missing = [
        f.name
        for f in dataclasses.fields(part)
        if f.name not in table and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ExperimentError(f"the experiment lacks {', '.join(path + name for name in missing)}")
    values = {}
    for key, value in table.items():
        if key not in hints:
            near = difflib.get_close_matches(key, hints, n=1)
            hint = f"did you mean {path}{near[0]}? " if near else ""
            raise ExperimentError(f"no key {path}{key}; {hint}legal are {', '.join(path + name for name in hints)}")
        values[key] = _convert(hints[key], value, path + key)
    return part(**values)


def _convert(hint: Any, value: Any, key: str) -> Any:
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise ExperimentError(f"{key} must be a table, got {value!r}")
        return _fill(hint, value, f"{key}.")
    if origin is Literal:
        if value not in typing.get_args(hint):
            raise ExperimentError(f"{key} must be one of {', '.join(typing.get_args(hint))}, got {value!r}")
        return value
    if hint is float and type(value) is int:
        return float(value)
    expected = hint if isinstance(hint, type) and not isinstance(hint, types.GenericAlias) else origin
    if type(value) is not expected:
        raise ExperimentError(f"{key} must be {expected.__name__}, got {value!r}")
    return value
