"""Numbers of a sequence and of every step: loss and figures by hand, units in Python and in C++, and other files."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import zoo
from zoo.data.source import DataError
from zoo.training.batching import Batch
from zoo.training.evaluation import evaluate
from zoo.training.experiment import read_experiment
from zoo.training.learners.regression import RegressionLearner, score_numbers
from zoo.training.tasks import make_task
from zoo.training.tasks.own.goals import NumberGoal
from zoo.training.tasks.own.labelled import bin_numbers
from zoo.training.tasks.own.time_series import TimeSeriesFiles
from zoo.training.trainer import score_model, train

NAN = math.nan


def write_ramps(path: Path, count: int, missing: bool = False) -> str:
    """Write series that rise by a slope; the target is 1000 + 50 slopes."""
    generator = torch.Generator().manual_seed(count)
    lines = ["@timeStamps false", "@targetLabel true", "@data"]
    for k in range(count):
        slope = float(torch.randn((), generator=generator))
        values = [f"{slope * step / 4:.4f}" for step in range(5 + k % 4)]
        if missing and k % 3 == 0:
            values[1] = "?"
        lines.append(f"{','.join(values)}:{1000 + 50 * slope:.3f}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def overrides(options: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "ramps",
        "model.name": "gru_regressor",
        "model.overrides": {"hidden_size": 16, "num_layers": 1, "dropout": 0.0, "standardize": True, "pooling": "last"},
        "task.name": "ts",
        "task.options": options,
        "training.max_epochs": 40,
        "training.accelerator": "cpu",
        "training.batch_size": 16,
        "optimizer.learning_rate": 0.02,
        "schedule.warmup_steps": 5,
    }


def test_figures_by_hand() -> None:
    batches = [Batch(torch.empty(2, 1), None, torch.tensor([[1.0, 10.0], [3.0, 30.0]]))]
    batches.append(Batch(torch.empty(1, 1), None, torch.tensor([[NAN, 5.0]])))
    found = score_numbers(
        [torch.tensor([[2.0, 10.0], [3.0, 20.0]]), torch.zeros(1, 2)], batches, torch.tensor([2.0, 5.0])
    )
    second = 125 / 3  # three rows know it, and two know the first one
    figures = {"mse": (0.5 + second) / 2, "mae": (0.5 + 5) / 2, "standardized_mse": (0.5 / 4 + second / 25) / 2}
    assert found == pytest.approx({**figures, "r2": (0.5 + 1 - second / (350 / 3)) / 2})
    goal = NumberGoal.measure([batch.target for batch in batches], [], "a.npz")
    assert (goal.mean.tolist(), goal.std[0].item()) == ([2.0, 15.0], 1.0)
    with pytest.raises(DataError, match="number 1 is missing in all of the training data"):
        NumberGoal.measure([torch.tensor([NAN, 1.0]), torch.tensor([NAN, 2.0])], [], "a.npz")
    flat = [Batch(torch.empty(2, 1), None, torch.full((2, 1), 3.0))]
    assert "r2" not in score_numbers([torch.zeros(2, 1)], flat, torch.ones(1))


@pytest.mark.parametrize(("loss", "expected"), [("mse", (0.25 + 4) / 2), ("mae", (0.5 + 2) / 2)])
def test_the_loss_is_in_units_of_the_deviation_and_leaves_padding_out(loss: str, expected: float) -> None:
    learner = RegressionLearner.__new__(RegressionLearner)
    torch.nn.Module.__init__(learner)
    learner.task = type("Goal", (), {"std": torch.tensor([2.0]), "loss": loss})()
    target = torch.tensor([[[1.0], [NAN]], [[6.0], [NAN]]])
    output = torch.tensor([[[2.0], [100.0]], [[2.0], [-100.0]]])
    assert float(learner.loss(output, Batch(output, None, target))) == pytest.approx(expected)


@pytest.mark.parametrize("pooling", ["mean", "none"])
def test_a_regressor_gives_numbers_in_their_units(pooling: str) -> None:
    """Only mean and deviation lie between standardised numbers and what the model gives; padding stays 0."""
    model = zoo.build("lstm_regressor", input_size=3, hidden_size=8, num_targets=2, pooling=pooling)
    input, lengths = torch.randn(2, 5, 3), torch.tensor([5, 2])
    plain = model(input, lengths)[0]
    zoo.set_units_(model, torch.tensor([1000.0, -5.0]), torch.tensor([50.0, 0.1]))
    scaled = model(input, lengths)[0]
    expected = plain * torch.tensor([50.0, 0.1]) + torch.tensor([1000.0, -5.0])
    if pooling == "none":
        assert plain.shape == (2, 5, 2)
        expected[1, 2:] = 0
    assert torch.allclose(scaled, expected, rtol=1e-6)


def test_units_are_for_models_of_numbers() -> None:
    for model in (zoo.build("gru_classifier"), zoo.build("gru_forecaster")):
        with pytest.raises(
            ValueError, match="gives no numbers in units; build a regressor, or a forecaster with standa"
        ):
            zoo.set_units_(model, torch.zeros(1), torch.ones(1))
    forecaster = zoo.build("gru_forecaster", standardize=True)
    before = forecaster(torch.ones(1, 4, 7))[0]
    zoo.set_units_(forecaster, torch.full((7,), 3.0), torch.full((7,), 2.0))
    assert torch.allclose(forecaster(torch.ones(1, 4, 7))[0], before * 2 + 3)
    with pytest.raises(ValueError, match=r"pooling must be one of last, mean, max, .*, none, got 'some'"):
        zoo.build("gru_regressor", pooling="some")


@pytest.mark.autograd
def test_a_file_of_numbers_trains_and_cpp_gives_them_in_their_units(tmp_path: Path) -> None:
    options = {"train": write_ramps(tmp_path / "a.ts", 90, missing=True), "missing": "interpolate"}
    done = train(
        read_experiment("gru_classifier_japanese_vowels", overrides(options)), tmp_path / "run", progress=False
    )
    figures = done.metrics["test"]
    assert figures["r2"] > 0.9
    assert figures["mse"] == pytest.approx(figures["standardized_mse"] * float(done.task.std) ** 2, rel=1e-4)
    assert done.task.facts()["targets"].startswith("1 for every sequence: target 10")
    with torch.no_grad():
        zoo.save_artifact(done.model, tmp_path / "model.pt")
        judged = evaluate(tmp_path / "model.pt", done.task)
        assert judged.cpp == pytest.approx(judged.python, rel=1e-4)
        assert 850 < float(np.concatenate([part.numpy() for part in judged.outputs]).mean()) < 1150
        other = TimeSeriesFiles.restore(options, done.task.record(), write_ramps(tmp_path / "b.ts", 20))
        assert score_model(done.model, other, other.test_batches())["r2"] > 0.9
        assert len(other.test_batches()[0].input) == 20


def test_numbers_and_classes_do_not_mix(tmp_path: Path) -> None:
    path = write_ramps(tmp_path / "a.ts", 30)
    named = tmp_path / "b.ts"
    named.write_text("@classLabel true a b\n@data\n1,2:a\n2,1:b\n")
    with pytest.raises(DataError, match=r"b.ts, line 3 has a class, and the training data has numbers"):
        make_task("ts", {"train": path, "test": str(named)})
    flat = tmp_path / "c.ts"
    flat.write_text("@targetLabel true\n@data\n" + "1,2,3:7\n" * 30)
    with pytest.raises(DataError, match=r"c.ts: target is 7 in all of the training data; there is nothing to learn"):
        make_task("ts", {"train": str(flat)})
    with pytest.raises(ValueError, match="loss must be mae or mse, got 'huber'"):
        make_task("ts", {"train": path, "loss": "huber"})


def test_every_part_has_small_numbers_and_large_ones(tmp_path: Path) -> None:
    task: Any = make_task("ts", {"train": write_ramps(tmp_path / "a.ts", 100)})
    middle = float(
        torch.cat([target for part in (task.train, task.validation, task.test) for _, target in part]).median()
    )
    for part in (task.train, task.validation, task.test):
        share = sum(float(target) > middle for _, target in part) / len(part)
        assert 0.35 < share < 0.65
    bins = bin_numbers([torch.tensor([float(k)]) for k in (5, 1, 3, 9, 7, 2, 4, 0, 8, 6, 10, 11)])
    assert [int(name.split()[1]) for name in bins] == [1, 1, 1, 2, 2, 1, 1, 1, 2, 2, 2, 2]


@pytest.mark.autograd
def test_numbers_of_every_step_from_arrays(tmp_path: Path) -> None:
    """A running sum, of padded rows, in two units at once."""
    x = np.random.default_rng(0).normal(size=(80, 12, 1))
    y = np.concatenate([100 + 10 * x.cumsum(1), -x.cumsum(1)], 2)
    lengths = np.arange(80) % 8 + 5
    y[lengths < 8, 7:] = np.nan  # padding is not read
    np.savez(tmp_path / "sums.npz", X=x, y=y, lengths=lengths)
    changes = overrides({"train": str(tmp_path / "sums.npz")})
    changes["task.name"] = "npz"
    changes["model.overrides"] = {"hidden_size": 16, "num_layers": 1, "dropout": 0.0, "standardize": True}
    done = train(read_experiment("gru_classifier_japanese_vowels", changes), tmp_path / "run", progress=False)
    assert done.metrics["test"]["r2"] > 0.9
    assert done.task.facts()["targets"].startswith("2 for every step: number 1 ")
    assert done.model.config.pooling == "none"
    with torch.no_grad():
        zoo.save_artifact(done.model, tmp_path / "model.pt")
        judged = evaluate(tmp_path / "model.pt", done.task)
    assert judged.cpp == pytest.approx(judged.python, rel=1e-4)


@pytest.mark.parametrize("how", ["drop", "interpolate", "forward", "mask"])
def test_missing_steps_of_sequences(tmp_path: Path, how: str) -> None:
    path = write_ramps(tmp_path / "a.ts", 30, missing=True)
    with pytest.raises(DataError, match=r"a.ts, line 4, channel 1, value 2 is missing"):
        make_task("ts", {"train": path})
    test = write_ramps(tmp_path / "b.ts", 30, missing=True)
    task: Any = make_task("ts", {"train": path, "test": test, "missing": how})
    steps = task.test[0][0]
    assert steps.shape == {"drop": (4, 1), "mask": (5, 2)}.get(how, (5, 1))
    assert not steps.isnan().any()
    if how == "interpolate":
        assert float(steps[1, 0]) == pytest.approx(float(steps[0, 0] + steps[2, 0]) / 2)
    if how == "mask":
        assert steps[:, 1].tolist() == [0, 1, 0, 0, 0]
        assert task.model_overrides()["input_size"] == 2
    model = zoo.build("gru_regressor", hidden_size=4, **task.model_overrides())
    task.prepare_(model)
    found = task.score([model(batch.input, batch.lengths)[0] for batch in task.test_batches()], task.test_batches())
    assert found["standardized_mse"] < 4
