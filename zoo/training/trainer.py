"""Trains a model as an experiment describes: its folder, its files, resuming, and errors that explain themselves."""

from __future__ import annotations

import json
import logging
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader

import zoo
from zoo.errors import ArgumentError
from zoo.training.batching import Batch, ListDataset
from zoo.training.callbacks import LastValidation, Patience, RunningMean
from zoo.training.errors import FolderInUseError, explain_devices, explain_failures, refuse_nan
from zoo.training.experiment import Experiment
from zoo.training.fingerprints import hash_data
from zoo.training.gradient_checkpointing import recompute_layers
from zoo.training.guesses import learn_guesses, score_guess
from zoo.training.learners.base import Learner
from zoo.training.monitoring import Monitoring
from zoo.training.precision import make_precision
from zoo.training.record import describe_training
from zoo.training.resume_file import BEST, LAST, WholeResumeFiles
from zoo.training.resuming import RunDescription, read_run, refuse_other_data, refuse_other_settings
from zoo.training.run_folder import hold_folder
from zoo.training.tasks import make_task
from zoo.training.tasks.base import Task
from zoo.training.typical_inputs import write_inputs

CHECKPOINT, METRICS, INPUTS = "checkpoint", "metrics.json", "inputs"
# Warnings of Lightning and PyTorch about choices that are intended here.
NOTICES = (
    r".*does not have many workers.*",
    r".*The number of training batches.*is smaller than the logging interval.*",
    r".*Checkpoint directory .* exists and is not empty.*",
    r".*GPU available but not used.*",
    r".*`torch\.jit\.\w+` is deprecated.*",
    r".*isinstance\(treespec, LeafSpec\).*",
    r".*Detected call of `lr_scheduler\.step\(\)` before `optimizer\.step\(\)`.*",
    r".*environment variable.*OMP_NUM_THREADS.*",
    r".*It is recommended to use `self\.log\(.*sync_dist=True\)`.*",  # every process validates on the whole split
    r".*You are using `torch\.load` with `weights_only=False`.*",
)


@dataclass(frozen=True)
class Trained:
    """The result of a training.

    Args:
        model: with the kept weights, in eval mode, on the CPU.
        task: its data.
        metrics: as written to `metrics.json`.
        folder: of the run.
    """

    model: zoo.Model
    task: Task
    metrics: dict[str, Any]
    folder: Path


@dataclass(frozen=True)
class Prepared:
    """A training that is about to begin.

    Args:
        model: with its initial weights.
        task: its data.
        batches: of an epoch.
        baselines: the test metrics of simple answers, by their names.
    """

    model: zoo.Model
    task: Task
    batches: int
    baselines: dict[str, dict[str, float]]


def train(
    experiment: Experiment,
    folder: str | Path,
    *,
    fast: bool = False,
    resume: bool = False,
    progress: bool = True,
    task: Task | None = None,
    announce: Callable[[Prepared], None] | None = None,
) -> Trained:
    """Train a model as an experiment describes.

    Args:
        experiment: see `zoo.training.experiment`.
        folder: of the run: `best.ckpt`, `last.ckpt`, TensorBoard's files, `checkpoint/` for `zoo.load_checkpoint`,
            `metrics.json`, and `inputs/`, a few inputs from the validation part.
        fast: a few examples only.
        resume: go on from `last.ckpt`, or begin if there is none. Other epochs, patience, batches, precision and
            devices may be given then.
        progress: show a bar.
        task: that of the experiment, where its data is read already.
        announce: is called once before the first step, in one process.

    Raises:
        TrainingError: the loss is NaN, memory ran out, an interrupt, or the folder holds another run, whose data or
            settings differ, or another training writes into it now. Nothing is written then.
        DataError: the data set is missing.
        ArgumentError: a model or a task does not exist, or they do not fit each other.
    """
    folder = Path(folder)
    with hold_folder(folder):
        return _train(experiment, folder, fast, resume, progress, task, announce)


def _train(
    experiment: Experiment,
    folder: Path,
    fast: bool,
    resume: bool,
    progress: bool,
    task: Task | None,
    announce: Callable[[Prepared], None] | None,
) -> Trained:
    last = folder / LAST
    run = read_run(last) if last.exists() else None
    if run:
        refuse_other_settings(run, experiment, folder)
    with _quiet():
        lightning.seed_everything(experiment.seed, verbose=False)
        task = task or make_task(experiment.task.name, experiment.task.options, fast=fast)
        files = hash_data(task.options)
        if run:
            refuse_other_data(run, task, files, folder)
            if not resume:
                raise FolderInUseError(f"{folder} holds a run already; resume it, or name another folder")
        model = make_model(experiment, task)
        model.train()
        learner = task.learner(model, task, experiment)
        with explain_devices(experiment.training):
            described = RunDescription(experiment, task.record(), files)
            trainer = make_trainer(experiment, folder, learner, [described], progress)
        loaders = (
            task.train_batches(experiment.training.batch_size, experiment.seed),
            _as_loader(task.validation_batches()),
        )
        guesses = learn_guesses(task, loaders[0], getattr(model.config, "num_classes", 0))
        tested = {guess.name: score_guess(guess, task, task.test_batches()) for guess in guesses}
        if announce and trainer.is_global_zero:
            announce(Prepared(model, task, len(loaders[0]), tested))
        aware = experiment.training.fake_quantize
        with (
            explain_failures(folder),
            recompute_layers(model, experiment.training.gradient_checkpointing),
            zoo.fake_quantized(model, aware) if aware else nullcontext(),
        ):
            trainer.fit(learner, *loaders, ckpt_path=last if run else None)
    spent = learner.spent()
    kept = folder / (BEST if experiment.training.keep == "best" else LAST)
    model.cpu().eval()
    zoo.load_weights_(model, kept)
    metrics = {
        "name": experiment.name,
        "seed": experiment.seed,
        "experiment": experiment.to_dict(),
        "cpu_seconds": round(spent, 1),
        "epochs": int(trainer.current_epoch),
        "validation": score_model(model, task, task.validation_batches()),
        "test": score_model(model, task, task.test_batches()),
        "baselines": tested,
    }
    model.training_record = describe_training(experiment.name, experiment.task, task, metrics, guesses)
    if trainer.is_global_zero:
        zoo.save_checkpoint(model, folder / CHECKPOINT)
        write_inputs(task.validation_batches(), folder / INPUTS)
        write_metrics(metrics, folder)
    return Trained(model, task, metrics, folder)


def make_model(experiment: Experiment, task: Task) -> zoo.Model:
    """Build the model of an experiment, with the statistics of its task and the weights that it starts from."""
    overrides = {**task.model_overrides(), **experiment.model.overrides}
    model = zoo.build(experiment.model.name, init=experiment.model.init, seed=experiment.seed, **overrides)
    with torch.no_grad():
        if experiment.model.start_from:
            take_weights_(model, zoo.build(experiment.model.start_from, pretrained=True))
        task.prepare_(model)
    return model


def take_weights_(model: nn.Module, trained: nn.Module) -> list[str]:
    """Copy a trained model's tensors of the same name and shape, and return their names.

    Raises:
        ArgumentError: the models have none in common.
    """
    given, own = trained.state_dict(), model.state_dict()
    taken = [name for name in own if name in given and given[name].shape == own[name].shape]
    if not taken:
        raise ArgumentError("model.start_from shares no tensor with the model: their names or sizes differ")
    for name in taken:
        own[name].copy_(given[name])
    return taken


@torch.no_grad()
def run_batches(model: nn.Module, batches: list[Batch]) -> list[Tensor]:
    """Return the model's outputs, one per batch."""
    return [model(batch.input, batch.lengths)[0].cpu() for batch in batches]


def score_model(model: nn.Module, task: Task, batches: list[Batch]) -> dict[str, float]:
    """Return the metrics of a model in eval mode on batches of its task.

    Raises:
        TrainingError: an output is NaN, which most metrics would hide.
    """
    outputs = run_batches(model, batches)
    refuse_nan(outputs)
    return task.score(outputs, batches)


def write_metrics(metrics: dict[str, Any], folder: Path) -> None:
    """Write the metrics of a run; a figure that is not defined, such as the share of nothing, is null."""
    (folder / METRICS).write_text(json.dumps(_without_nan(metrics), indent=1, allow_nan=False) + "\n")


def _without_nan(value: Any) -> Any:
    """Return JSON values with null in the place of what JSON does not have."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def make_trainer(
    experiment: Experiment, folder: Path, learner: Learner, more: Sequence[Callback] = (), progress: bool = True
) -> lightning.Trainer:
    """Return Lightning's trainer for an experiment, with further callbacks."""
    part = experiment.training
    mode = learner.task.mode
    after_validation: dict[str, Any] = {"enable_version_counter": False, "save_on_train_epoch_end": False}
    callbacks: list[Callback] = [
        ModelCheckpoint(folder, Path(BEST).stem, monitor=learner.monitor, mode=mode, **after_validation),
        # save_last=True of the callback above would save the last best epoch, not the last epoch.
        ModelCheckpoint(folder, Path(LAST).stem, **after_validation),
        LastValidation(part.validate_every),
        Monitoring(),
        *more,
    ]
    if progress and sys.stderr.isatty():
        callbacks.append(TQDMProgressBar(leave=False))
    else:
        progress = False
    if part.patience:
        callbacks.append(Patience(learner.monitor, part.patience, mode))
    if part.average:
        callbacks.append(RunningMean(part.average, experiment.schedule.warmup_steps))
    # Lightning refuses these with manual optimisation. Such a learner clips and accumulates itself.
    automatic = learner.automatic_optimization
    return lightning.Trainer(
        default_root_dir=folder,
        max_epochs=part.max_epochs,
        accelerator=part.accelerator,
        devices=part.devices,
        num_nodes=part.nodes,
        strategy="ddp" if part.devices * part.nodes > 1 else "auto",
        plugins=[make_precision(part), WholeResumeFiles()],
        gradient_clip_val=(experiment.optimizer.clip_norm or None) if automatic else None,
        accumulate_grad_batches=part.accumulate if automatic else 1,
        callbacks=callbacks,
        logger=TensorBoardLogger(folder, name=None, version="tensorboard"),
        enable_progress_bar=progress,
        enable_model_summary=False,
        check_val_every_n_epoch=part.validate_every,
        num_sanity_val_steps=0,
        log_every_n_steps=10,
        use_distributed_sampler=False,  # zoo.training.batching divides the batches among processes
    )


def _as_loader(batches: list[Batch]) -> DataLoader[Any]:
    return DataLoader(ListDataset(batches), batch_size=None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Lightning's notices; other warnings pass."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for notice in NOTICES:
                warnings.filterwarnings("ignore", message=notice)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
