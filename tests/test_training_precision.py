"""Arithmetic of a training: half precision with a scaled loss, whose logic is the same on any device.

A GRU's training runs in half precision on the CPU, too (its head does), so what scales, unscales, clips and skips is
tested without a GPU; the experiment's own fp16 is for a GPU.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision
from support.vowels import read_vowels
from torch import Tensor

from zoo.training import trainer
from zoo.training.errors import TrainingError
from zoo.training.experiment import TrainingPart
from zoo.training.learners.base import Learner
from zoo.training.precision import make_precision
from zoo.training.trainer import train

pytestmark = pytest.mark.autograd


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch) -> torch.amp.GradScaler:
    """Has every training run in half precision with this scaler, on the CPU."""
    scaler = torch.amp.GradScaler("cpu")
    monkeypatch.setattr(trainer, "make_precision", lambda part: MixedPrecision("16-mixed", "cpu", scaler))
    return scaler


@pytest.fixture
def stepped(monkeypatch: pytest.MonkeyPatch) -> list[list[Tensor]]:
    """The gradients that each step of an optimiser was taken with."""
    taken: list[list[Tensor]] = []
    configure = Learner.configure_optimizers

    def watched(self: Learner) -> Any:
        (optimizer,), schedulers = configure(self)
        parameters = list(self.parameters())
        optimizer.register_step_pre_hook(
            lambda *_: taken.append([p.grad.clone() for p in parameters if p.grad is not None])
        )
        return [optimizer], schedulers

    monkeypatch.setattr(Learner, "configure_optimizers", watched)
    return taken


def norm(gradients: list[Tensor]) -> float:
    return float(torch.stack([gradient.norm() for gradient in gradients]).norm())


def test_each_precision_has_its_plugin() -> None:
    names = {
        name: make_precision(TrainingPart(precision=name, accelerator="cpu")).precision for name in ("fp32", "bf16")
    }
    assert names == {"fp32": "32-true", "bf16": "bf16-mixed"}


def test_half_precision_is_refused_where_it_would_be_another(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"fp16 needs an NVIDIA GPU.*give training.precision=bf16"):
        train(read_vowels("training.precision=fp16"), tmp_path / "run", fast=True, progress=False)


def test_gradients_are_unscaled_before_they_are_clipped(
    half: torch.amp.GradScaler, stepped: list[list[Tensor]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = read_vowels("optimizer.clip_norm=0.1")
    scaled = train(experiment, tmp_path / "half", fast=True, progress=False)
    monkeypatch.undo()  # what follows is in float32, and nobody watches its steps
    assert half.get_scale() == 65536, "a step was left out"
    assert all(norm(gradients) <= 0.1001 for gradients in stepped)
    assert norm(stepped[0]) > 0.09, "clipped by the norm times the scale"
    whole = train(experiment, tmp_path / "whole", fast=True, progress=False)
    for name, value in scaled.model.named_parameters():
        torch.testing.assert_close(value, whole.model.get_parameter(name), atol=5e-3, rtol=0, msg=name)


def test_a_gradient_that_overflows_costs_a_step_and_no_training(
    half: torch.amp.GradScaler, stepped: list[list[Tensor]], tmp_path: Path
) -> None:
    half.load_state_dict({**half.state_dict(), "scale": 2.0**26})
    done = train(read_vowels("training.max_epochs=8"), tmp_path / "run", fast=True, progress=False)
    assert 1 < half.get_scale() < 2.0**26
    assert stepped, "no step was ever taken"
    assert all(torch.isfinite(gradient).all() for gradients in stepped for gradient in gradients)
    assert all(torch.isfinite(parameter).all() for parameter in done.model.parameters())
    kept = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)
    assert kept["MixedPrecision"]["scale"] == half.get_scale(), "a resumed run would begin with another scale"


def test_a_loss_that_is_no_number_still_stops(half: torch.amp.GradScaler, tmp_path: Path) -> None:
    experiment = read_vowels("optimizer.learning_rate=1e30", "optimizer.clip_norm=0", "schedule.warmup_steps=0")
    with pytest.raises(TrainingError, match=r"loss became (nan|inf) in epoch 0"):
        train(experiment, tmp_path / "run", fast=True, progress=False)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_on_a_gpu(precision: str, tmp_path: Path) -> None:
    experiment = read_vowels(f"training.precision={precision}", accelerator="gpu")
    done = train(experiment, tmp_path / "run", fast=True, progress=False)
    assert torch.isfinite(torch.tensor(done.metrics["test"]["nll"]))
