"""Training itself: every experiment, resume after a kill, words where it stops, several processes."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.data_sets import need
from support.vowels import VOWELS, read_vowels

import zoo
from zoo.artifact import torchscript
from zoo.cli import INTERRUPTED
from zoo.cli.train import main as run_training
from zoo.training import trainer
from zoo.training.errors import FolderInUseError, TrainingError, UnfinishedRunError
from zoo.training.experiment import Experiment, list_experiments, read_experiment
from zoo.training.fingerprints import hash_data
from zoo.training.gradient_checkpointing import recompute_layers
from zoo.training.learners.base import Learner
from zoo.training.tasks import find_task, make_task
from zoo.training.tasks.japanese_vowels import SOURCE as JAPANESE_VOWELS
from zoo.training.trainer import METRICS, Trained, train

pytestmark = pytest.mark.autograd

SCRIPT = Path(__file__).parents[1] / "scripts" / "train.py"
EPOCHS = 25


def run_script(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    # A shell that starts its tests in the background has them ignore interrupts, and their children inherit that.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    # One thread, as the tests have: sums of two differ in their last bits.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, preexec_fn=heed, env=environment)


@pytest.mark.parametrize("name", list_experiments())
def test_every_experiment_runs_fast(name: str, tmp_path: Path) -> None:
    experiment = read_experiment(name, {"training.accelerator": "cpu"}, fast=True)
    need(find_task(experiment.task.name).about)
    done = train(experiment, tmp_path / "run", fast=True, progress=False)
    assert {path.name for path in done.folder.iterdir()} >= {"best.ckpt", "last.ckpt", "checkpoint", METRICS}
    last = torch.load(done.folder / "last.ckpt", weights_only=True)
    assert last["epoch"] == done.metrics["epochs"] - 1
    assert all(torch.isfinite(torch.tensor(value)) for value in done.metrics["test"].values())
    again = zoo.load_checkpoint(done.folder / "checkpoint").eval()
    batches = done.task.test_batches()[:1]
    for a, b in zip(trainer.run_batches(again, batches), trainer.run_batches(done.model, batches), strict=True):
        assert torch.equal(a, b)


def test_a_running_mean_of_the_weights_leaves_the_vocabulary_alone(tmp_path: Path) -> None:
    experiment = read_experiment(
        "lstm_tagger_ud_ewt", {"training.accelerator": "cpu", "training.average": 0.9}, fast=True
    )
    need(find_task(experiment.task.name).about)
    done = train(experiment, tmp_path / "run", fast=True, progress=False)
    hashes = done.model.get_buffer("words.hashes").clone()
    with torch.no_grad():
        done.task.prepare_(done.model)
    assert torch.equal(done.model.get_buffer("words.hashes"), hashes)


def test_a_killed_run_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    overrides = [f"training.max_epochs={EPOCHS}", "training.average=0.9"]
    whole = train(read_vowels(*overrides), tmp_path / "whole", fast=True, progress=False)
    small = ["model.overrides.hidden_size=8", "training.accelerator=cpu", *overrides]
    running = run_script(VOWELS, *small, "--fast", "-o", tmp_path / "killed")
    while not (tmp_path / "killed" / "last.ckpt").exists():
        assert running.poll() is None, running.stderr
        time.sleep(0.01)
    running.kill()
    running.communicate()
    assert not (tmp_path / "killed" / METRICS).exists(), "the run was over before it was killed"
    with pytest.raises(FolderInUseError, match="holds a run already; resume it, or name another folder"):
        train(read_vowels(*overrides), tmp_path / "killed", fast=True, progress=False)
    done = train(read_vowels(*overrides), tmp_path / "killed", fast=True, resume=True, progress=False)
    assert done.metrics["epochs"] == EPOCHS
    for a, b in zip(done.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(a, b)


def train_and_kill(experiment: Experiment, folder: Path, epoch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """End a training in this process as a kill ends it: nothing is written after the files of an epoch."""
    start = Learner.on_train_epoch_start

    def stop(self: Learner) -> None:
        if self.current_epoch > epoch:
            raise KeyError("killed")
        start(self)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "on_train_epoch_start", stop)
        with pytest.raises(KeyError, match="killed"):
            train(experiment, folder, fast=True, progress=False)


def equal(one: Trained, other: Trained) -> bool:
    pairs = zip(one.model.parameters(), other.model.parameters(), strict=True)
    return one.metrics["epochs"] == other.metrics["epochs"] and all(torch.equal(a, b) for a, b in pairs)


# A rate of almost 0 makes no epoch better than the first one.
STOPS_EARLY = ["training.max_epochs=9", "training.patience=3", "optimizer.learning_rate=1e-12"]


def test_a_killed_run_keeps_its_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = read_vowels(*STOPS_EARLY)
    whole = train(experiment, tmp_path / "whole", fast=True, progress=False)
    assert whole.metrics["epochs"] == 4
    train_and_kill(experiment, tmp_path / "killed", 1, monkeypatch)
    assert equal(train(experiment, tmp_path / "killed", fast=True, resume=True, progress=False), whole)


def test_a_run_that_is_over_is_over_when_it_is_resumed(tmp_path: Path) -> None:
    """Whether all epochs are done, or it stopped early."""
    for overrides in (["training.patience=3"], STOPS_EARLY):
        folder = tmp_path / str(len(overrides))
        done = train(read_vowels(*overrides), folder, fast=True, progress=False)
        for _ in range(2):
            assert equal(train(read_vowels(*overrides), folder, fast=True, resume=True, progress=False), done)
    longer = read_vowels("training.patience=3", "training.max_epochs=4")
    assert train(longer, tmp_path / "1", fast=True, resume=True, progress=False).metrics["epochs"] == 4


def test_a_running_mean_that_has_not_started_is_the_weights_of_now(tmp_path: Path) -> None:
    """A warm-up as long as the training kept the initial weights."""
    whole, mean = (
        train(read_vowels("schedule.warmup_steps=1000", *more), tmp_path / str(len(more)), fast=True, progress=False)
        for more in ([], ["training.average=0.9"])
    )
    assert equal(mean, whole)


@pytest.mark.parametrize("every", [3, 9])
def test_the_last_epoch_is_validated_and_kept(every: int, tmp_path: Path) -> None:
    more = ["training.max_epochs=4", "training.keep=last", "schedule.kind=plateau"]
    train(read_vowels(f"training.validate_every={every}", *more), tmp_path, fast=True, progress=False)
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["epoch"] == 3
    assert (tmp_path / "best.ckpt").exists()


def test_a_killed_run_keeps_its_plateau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = ["schedule.kind=plateau", "schedule.patience=0", "schedule.warmup_steps=0", "optimizer.learning_rate=1e-6"]
    experiment = read_vowels("training.max_epochs=5", *more)
    train(experiment, tmp_path / "whole", fast=True, progress=False)
    train_and_kill(experiment, tmp_path / "killed", 2, monkeypatch)
    train(experiment, tmp_path / "killed", fast=True, resume=True, progress=False)
    rates = [
        torch.load(tmp_path / name / "last.ckpt", weights_only=True)["optimizer_states"][0]["param_groups"][0]["lr"]
        for name in ("whole", "killed")
    ]
    assert rates == [1e-6 / 16] * 2  # no epoch is better than the first one


def test_a_run_is_resumed_as_it_was_trained_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Weights of one data set or of one rate are not given out as those of another."""
    rows = np.random.default_rng(0).standard_normal((60, 8, 2))
    np.savez(tmp_path / "a.npz", X=rows, y=np.arange(60) % 3)
    data = ["--data", str(tmp_path / "a.npz"), "-o", str(tmp_path / "run")]
    begin = [*data, "training.max_epochs=1", "training.accelerator=cpu"]
    assert run_training(begin) == 0
    assert run_training(begin) == 1
    assert "run holds a run already; resume it, or name another folder: --resume or -o F" in capsys.readouterr().err
    kept = (tmp_path / "run" / "experiment.toml").read_text()
    for more, words in (
        (["optimizer.learning_rate=1e-7"], "optimizer.learning_rate was 0.0"),
        (["--seed", "7"], "seed was 0, and is 7 now"),
        (["model.overrides.hidden_size=8"], "model.overrides.hidden_size was "),
    ):
        assert run_training([*begin, *more, "--resume"]) == 1
        assert f"run holds another run: {words}" in capsys.readouterr().err
    np.savez(tmp_path / "a.npz", X=rows + 1, y=np.arange(60) % 3)
    for more in ([], ["--resume"]):
        assert run_training([*begin, *more]) == 1
        said = capsys.readouterr().err
        assert "run holds a run on other data: the mean of feature 0 was " in said
        assert "--resume" not in said
    assert (tmp_path / "run" / "experiment.toml").read_text() == kept
    np.savez(tmp_path / "a.npz", X=rows[:, ::-1], y=np.arange(60) % 3)  # nothing that is measured of it differs
    assert run_training([*begin, "--resume"]) == 1
    changed = f"run holds a run on other data: {tmp_path / 'a.npz'}, the data of option train, has changed; take"
    assert changed in capsys.readouterr().err
    np.savez(tmp_path / "a.npz", X=rows, y=np.arange(60) % 3)
    assert run_training([*data, "training.max_epochs=2", "training.accelerator=cpu", "--resume"]) == 0
    assert json.loads((tmp_path / "run" / METRICS).read_text())["epochs"] == 2


def test_the_hash_of_data_sees_contents_and_names(tmp_path: Path) -> None:
    (tmp_path / "words" / "no").mkdir(parents=True)
    sound = tmp_path / "words" / "no" / "1.wav"
    sound.write_bytes(b"abc")
    options = {"train": str(tmp_path / "words"), "test": "", "missing": "drop"}
    before = hash_data(options)
    assert list(before) == ["train"]
    assert hash_data(options) == before
    sound.write_bytes(b"abd")
    assert hash_data(options) != before
    sound.rename(sound.with_name("2.wav")).write_bytes(b"abc")
    assert hash_data(options) != before


def test_devices_that_are_not_there_are_refused_by_their_keys(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(TrainingError, match=r"does not have training.devices=1 of training.accelerator=gpu: No supp"):
        train(read_vowels("training.accelerator=gpu"), tmp_path / "run", fast=True, progress=False)


def test_an_interrupt_says_how_to_go_on(tmp_path: Path) -> None:
    running = run_script(VOWELS, "--fast", "training.max_epochs=1000", "-o", tmp_path / "run")
    while not (tmp_path / "run" / "last.ckpt").exists():
        assert running.poll() is None, running.communicate()
        time.sleep(0.05)
    with pytest.raises(TrainingError, match="run is in use: another training writes into it now; wait for its end"):
        train(read_vowels(), tmp_path / "run", fast=True, resume=True, progress=False)
    running.send_signal(signal.SIGINT)
    stderr = running.communicate(timeout=60)[1]
    assert running.returncode == INTERRUPTED
    assert f"train.py: interrupted; {tmp_path / 'run' / 'last.ckpt'} holds the last whole epoch" in stderr
    assert stderr.endswith("resume the run to go on: --resume\n")


def test_numbers_that_run_away_stop_the_training(tmp_path: Path) -> None:
    experiment = read_vowels("optimizer.learning_rate=1e30", "optimizer.clip_norm=0", "schedule.warmup_steps=0")
    with pytest.raises(TrainingError, match=r"(loss|gradient) became (nan|inf) in epoch 0.*Lower optimizer"):
        train(experiment, tmp_path / "run", fast=True, progress=False)


def test_a_good_checkpoint_outlives_what_comes_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Learner.training_step

    def poisoned(self: Learner, batch: Any, batch_index: int) -> torch.Tensor:
        if self.current_epoch == 1:
            batch = batch._replace(input=batch.input * float("nan"))
        return step(self, batch, batch_index)

    monkeypatch.setattr(Learner, "training_step", poisoned)
    with pytest.raises(TrainingError, match="the training loss became nan in epoch 1"):
        train(read_vowels(), tmp_path / "run", fast=True, progress=False)
    state = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)
    assert state["epoch"] == 0
    assert all(torch.isfinite(value).all() for value in state["state_dict"].values())


def test_out_of_memory_says_what_to_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(self: Learner, batch: Any, batch_index: int) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(Learner, "training_step", too_large)
    with pytest.raises(TrainingError, match=r"out of memory; no epoch was finished. Give training.batch_size="):
        train(read_vowels(), tmp_path / "run", fast=True, progress=False)


def test_a_full_disk_says_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        if (tmp_path / "run" / "last.ckpt").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnfinishedRunError, match=r"the disk is full; .*last.ckpt holds the last whole epoch"):
        train(read_vowels(), tmp_path / "run", fast=True, progress=False)
    assert torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)["epoch"] == 0


def test_two_processes_train_together(tmp_path: Path) -> None:
    need(JAPANESE_VOWELS)
    running = run_script(VOWELS, "--fast", "training.devices=2", "training.accelerator=cpu", "-o", tmp_path / "run")
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 0, errors
    metrics = json.loads((tmp_path / "run" / METRICS).read_text())
    assert metrics["epochs"] == 2
    assert "test" in output


@pytest.mark.parametrize(
    "overrides",
    [
        ["training.precision=bf16"],
        ["training.accumulate=2", "schedule.kind=plateau"],
        ["training.patience=1", "schedule.kind=constant"],
    ],
)
def test_options_of_a_training(overrides: list[str], tmp_path: Path) -> None:
    done = train(read_vowels(*overrides), tmp_path / "run", fast=True, progress=False)
    assert 1 <= done.metrics["epochs"] <= 2
    assert torch.isfinite(torch.tensor(done.metrics["test"]["nll"]))


def test_recomputed_layers_give_the_same_gradients() -> None:
    model: Any = zoo.build("residual_gru_classifier", input_size=12, hidden_size=8, num_classes=9, dropout=0.0).eval()
    input, lengths = torch.randn(3, 9, 12), torch.tensor([9, 4, 7])
    model(input, lengths)[0].sum().backward()
    expected = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    with recompute_layers(model):
        model(input, lengths)[0].sum().backward()
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-7, rtol=1e-6)
    torchscript.script(model)
    with pytest.raises(ValueError, match="take a residual"), recompute_layers(zoo.build("gru_classifier")):
        pass


def test_tasks_refuse_what_they_have_not() -> None:
    with pytest.raises(ValueError, match=r"no task is called 'cats'; there are .*japanese_vowels"):
        make_task("cats")
    with pytest.raises(ValueError, match=r"task japanese_vowels has no option wrap; did you mean warp\?"):
        make_task("japanese_vowels", {"wrap": 0.1})
