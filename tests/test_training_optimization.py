"""The rate over time, and which weights decay."""

import pytest
import torch
from support.small_models import build_small
from torch.optim.lr_scheduler import ReduceLROnPlateau

from zoo.training.experiment import OptimizerPart, SchedulePart
from zoo.training.optimization import cosine_factor, make_optimizer, make_schedulers


def test_only_matrices_decay() -> None:
    model = build_small("lstm_classifier")
    matrices, vectors = make_optimizer(model, OptimizerPart(weight_decay=0.1)).param_groups
    assert {p.dim() for p in matrices["params"]} == {2}
    assert {p.dim() for p in vectors["params"]} == {1}
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.1, 0.0)
    assert len(matrices["params"]) + len(vectors["params"]) == len(list(model.parameters()))


def test_cosine_goes_up_in_a_line_and_down_to_the_end() -> None:
    factors = [cosine_factor(step, 10, 110, 0.1) for step in range(120)]
    assert factors[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert max(factors) == 1
    assert factors[60] == pytest.approx(0.55)
    assert factors[110:] == pytest.approx([0.1] * 10)
    assert factors[10:] == sorted(factors[10:], reverse=True)


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler:UserWarning")
def test_plateau_halves_after_warm_up() -> None:
    optimizer = make_optimizer(build_small("gru_classifier"), OptimizerPart(learning_rate=1.0))
    part = SchedulePart(kind="plateau", warmup_steps=4, patience=0)
    warmup, plateau = (entry["scheduler"] for entry in make_schedulers(optimizer, part, 100, "validation/x", "max"))
    rates = []
    for _ in range(6):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        warmup.step()
    assert rates == pytest.approx([0.001, 0.25075, 0.5005, 0.75025, 1.0, 1.0])
    assert isinstance(plateau, ReduceLROnPlateau)
    for metric in (0.5, 0.4):
        plateau.step(torch.tensor(metric))
    warmup.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.5)


def test_constant_has_no_more_than_its_warm_up() -> None:
    optimizer = make_optimizer(build_small("gru_classifier"), OptimizerPart())
    assert make_schedulers(optimizer, SchedulePart(kind="constant", warmup_steps=0), 10, "x", "max") == []
