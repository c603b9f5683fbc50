"""People's own series in CSV files: what is forecast, what stands for missing values, and valid JSON at the end."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

import zoo
from zoo.data.source import DataError
from zoo.training.errors import TrainingError
from zoo.training.experiment import read_experiment
from zoo.training.tasks import make_task
from zoo.training.tasks.own.csv_file import CsvFile
from zoo.training.trainer import score_model, train

SIZES = {"look_back": 8, "horizon": 2}


def write_waves(path: Path, steps: int = 200, gaps: tuple[int, ...] = (), year: bool = True) -> str:
    """Write two waves; where `gaps` says, the first one is missing."""
    lines = ["year;sine;cosine" if year else "sine;cosine"]
    for k in range(steps):
        sine = "?" if k in gaps else f"{math.sin(k / 3):.4f}"
        lines.append((f"{1700 + k};" if year else "") + f"{sine};{10 + 5 * math.cos(k / 3):.4f}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_a_year_is_no_variable_and_is_told(tmp_path: Path) -> None:
    task: Any = make_task("csv", {"path": write_waves(tmp_path / "a.csv"), **SIZES})
    sizes = {"input_size": 2, "num_variables": 2, "horizon": 2, "standardize": True}
    assert task.model_overrides() == sizes
    facts = task.facts()
    assert facts["left out"] == "year is named like a time or an index"
    assert facts["split"] == "140 rows to train on, 20 validation, 40 test; in the order of time"
    assert facts["windows"].startswith("8 steps seen, 2 forecast; 131 to train on, 19 validation, 39 test")


@pytest.mark.parametrize("how", ["drop", "interpolate", "forward", "mask"])
def test_missing_values_change_nothing_but_themselves(tmp_path: Path, how: str) -> None:
    """A gap changes the windows that hold it, and no target ever becomes a number that was not measured."""
    whole: Any = make_task("csv", {"path": write_waves(tmp_path / "a.csv"), **SIZES})
    path = write_waves(tmp_path / "b.csv", gaps=(20, 21, 175))
    with pytest.raises(
        DataError, match=r"b.csv, line 22, column 'sine': the value is missing, got '\?'; 3 are missing"
    ):
        make_task("csv", {"path": path, **SIZES})
    task: Any = make_task("csv", {"path": path, "missing": how, **SIZES})
    (batch,), (full,) = task.test_batches(), whole.test_batches()
    assert not batch.input.isnan().any()
    starts = whole.test.starts.tolist()
    touched = [start <= 175 < start + 10 for start in starts]
    if how == "drop":
        assert torch.equal(batch.target, full.target[~torch.tensor(touched)])
        assert torch.equal(batch.input, full.input[~torch.tensor(touched)])
        return
    assert batch.target.isnan().sum() == 2
    assert torch.equal(batch.target[~batch.target.isnan()], full.target[~batch.target.isnan()])
    clean = ~torch.tensor(touched)
    assert torch.equal(batch.input[clean][..., :2], full.input[clean])
    last = starts.index(168)  # step 175 is the last one that is seen: a line to a later step would give it away
    if how == "mask":
        assert batch.input[last, 7].tolist() == [float(task.mean[0]), float(full.input[last, 7, 1]), 1, 0]
    else:
        assert batch.input[last, 7, 0] == full.input[last, 6, 0]
    assert task.score([batch.target.nan_to_num() + task.std], [batch])["mse"] == pytest.approx(1)


def test_some_variables_are_forecast_and_all_are_seen(tmp_path: Path) -> None:
    path = write_waves(tmp_path / "a.csv", gaps=(30,))
    options = {"path": path, "targets": ["cosine"], "missing": "mask", **SIZES}
    task: Any = make_task("csv", options)
    assert task.facts()["forecast"] == "cosine"
    marks = "; then a mark for each, 1 where it is missing"
    assert task.meaning() == {
        "purpose": "Forecasts cosine, 2 rows ahead.",
        "input": f"a row a step: sine, cosine, in their units{marks}; 8 rows were seen in training",
        "output": "cosine of the next 2 rows, in the same units",
    }
    (batch,) = task.test_batches()
    assert (batch.input.shape[1:], batch.target.shape[1:]) == ((8, 4), (2, 1))
    model = zoo.build("gru_forecaster", hidden_size=4, **task.model_overrides())
    task.prepare_(model)
    output = model(batch.input)[0]
    assert float(output.mean()) == pytest.approx(10, abs=2)  # in the unit of the cosine, before any training
    assert task.score([output], [batch])["mse"] < 3
    restored: Any = CsvFile.restore(options, task.record(), write_waves(tmp_path / "b.csv", steps=60))
    assert torch.equal(restored.std, task.std)
    assert restored.test_batches()[0].target[0, 0].tolist() == pytest.approx([10 + 5 * math.cos(8 / 3)], abs=1e-3)
    with pytest.raises(DataError, match=r"a.csv has no variable tangent, which is no column; it has sine, cosine"):
        make_task("csv", {**options, "targets": ["tangent"]})


@pytest.mark.autograd
def test_a_series_with_gaps_trains_and_is_tested_with_another_file(tmp_path: Path) -> None:
    gaps = (5, 30, 31, 145, 170, 190)
    options = {"path": write_waves(tmp_path / "a.csv", gaps=gaps), "missing": "interpolate", **SIZES}
    overrides = {
        "task.name": "csv",
        "task.options": options,
        "model.overrides": {"segment_size": 2, "hidden_size": 16, "head_dropout": 0.0},
        "training.max_epochs": 15,
        "training.accelerator": "cpu",
        "training.batch_size": 16,
        "optimizer.learning_rate": 0.02,
        "schedule.warmup_steps": 2,
    }
    done = train(read_experiment("segrnn_forecaster_etth1_96", overrides), tmp_path / "run", progress=False)
    assert done.metrics["test"]["mse"] < 0.05
    other = write_waves(tmp_path / "b.csv", steps=60, gaps=(3,))
    restored = CsvFile.restore(options, done.task.record(), other)
    assert sum(len(batch.input) for batch in restored.test_batches()) == 60 - 8 - 2 + 1
    assert score_model(done.model, restored, restored.test_batches())["mse"] < 0.05


def test_an_outage_of_the_target_is_left_out(tmp_path: Path) -> None:
    """Other variables go on, and there is nothing to forecast."""
    options = {"path": write_waves(tmp_path / "a.csv"), "missing": "forward", "targets": ["sine"], **SIZES}
    other = write_waves(tmp_path / "b.csv", steps=60, gaps=tuple(range(20, 40)))
    batches = CsvFile.restore(options, CsvFile(options).record(), other).test_batches()
    assert sum(len(batch.target) for batch in batches) == 60 - 8 - 2 + 1 - 19
    assert not any(batch.target.isnan().all(1).any() for batch in batches)


def test_a_variable_that_is_constant_in_training_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,y\n" + "".join(f"{math.sin(k):.3f},{int(k > 90)}\n" for k in range(100)))
    with pytest.raises(DataError, match="'y' is constant at 0 in the 70 rows to train on; say columns=x"):
        make_task("csv", {"path": str(path), **SIZES})
    with pytest.raises(ValueError, match="missing must be one of"):
        make_task("csv", {"path": str(path), "missing": "zero", **SIZES})


def test_outputs_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    class Broken(torch.nn.Module):
        def forward(self, input: torch.Tensor, lengths: Any) -> Any:
            return (torch.full((len(input), 2, 2), torch.nan),)

    task: Any = make_task("csv", {"path": write_waves(tmp_path / "a.csv"), **SIZES})
    with pytest.raises(TrainingError, match="the model gives NaN for row 0 of the data"):
        score_model(Broken(), task, task.test_batches())


def test_metrics_are_json(tmp_path: Path) -> None:
    from zoo.training.trainer import METRICS, write_metrics

    write_metrics({"test": {"r2": math.nan, "mse": 1.5}, "worst": math.inf, "seeds": [0]}, tmp_path)

    def refuse(word: str) -> None:
        raise AssertionError(word)

    text = (tmp_path / METRICS).read_text()
    assert json.loads(text, parse_constant=refuse) == {"test": {"r2": None, "mse": 1.5}, "worst": None, "seeds": [0]}
