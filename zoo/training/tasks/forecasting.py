"""The next `horizon` steps of all variables, judged in units of each variable's deviation in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from torch import Tensor, nn
from torch.utils.data import DataLoader

from zoo.data.csv_windows import Windows, cut_windows, load_csv
from zoo.data.etth1 import BORDERS, SOURCE, load_etth1
from zoo.data.source import DataSource
from zoo.training.batching import Batch, make_loader, split_batches
from zoo.training.learner import Learner
from zoo.training.task import Task, read_options

OPTIONS: dict[str, Any] = {
    "look_back": 96,
    "horizon": 96,
    "loss": "mae",  # or "mse"
}
FAST_WINDOWS = 256
EVALUATION_BATCH = 256


class ForecastingLearner(Learner):
    """Targets are (B, horizon, C), in the units of the input."""

    task: SeriesForecasting

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        error = (output - batch.target) / self.task.std.to(output)
        return error.abs().mean() if self.task.options["loss"] == "mae" else error.square().mean()


class SeriesForecasting(Task):
    """Windows over a series; whoever derives from it says which series and where it is split."""

    metric = "mse"
    mode: ClassVar[Literal["min", "max"]] = "min"
    learner = ForecastingLearner

    def _set_series(self, values: Tensor, borders: tuple[int, int, int], fast: bool) -> None:
        if self.options["loss"] not in ("mae", "mse"):
            raise ValueError(f"task.options.loss must be mae or mse, got {self.options['loss']!r}")
        train = values[: borders[0]]
        self.mean, self.std = train.mean(0), train.std(0, correction=0)
        size = (self.options["look_back"], self.options["horizon"])
        self.train = cut_windows(values, 0, borders[0], *size)
        self.validation = cut_windows(values, borders[0], borders[1], *size)
        self.test = cut_windows(values, borders[1], borders[2], *size)
        self.most = FAST_WINDOWS if fast else None

    def model_overrides(self) -> dict[str, Any]:
        variables = len(self.std)
        return {"input_size": variables, "num_variables": variables, "horizon": self.options["horizon"]}

    def prepare_(self, model: nn.Module) -> None:
        front_end: Any = model.get_submodule("front_end")
        front_end.set_statistics(self.mean, self.std)

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        which = range(len(self.train))[: self.most]
        # make_loader sorts by these; windows are all of one length.
        return make_loader(which, [0] * len(which), _cutter(self.train), batch_size, seed, bucket=False)

    def validation_batches(self) -> list[Batch]:
        return split_batches(range(len(self.validation))[: self.most], _cutter(self.validation), EVALUATION_BATCH)

    def test_batches(self) -> list[Batch]:
        return split_batches(range(len(self.test)), _cutter(self.test), EVALUATION_BATCH)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        square = absolute = 0.0
        count = 0
        for output, batch in zip(outputs, batches, strict=True):
            error = (output.double() - batch.target.double()) / self.std.double()
            square += float(error.square().sum())
            absolute += float(error.abs().sum())
            count += error.numel()
        return {"mse": square / count, "mae": absolute / count}


def _cutter(windows: Windows) -> Any:
    def collate(which: list[int]) -> Batch:
        seen, ahead = windows.cut(which)
        return Batch(seen, None, ahead)

    return collate


class ETTh1(SeriesForecasting):
    """All seven variables of ETTh1, every window of the test months."""

    about: ClassVar[DataSource] = SOURCE

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "etth1")
        self._set_series(load_etth1().values, BORDERS, fast)


class CsvFile(SeriesForecasting):
    """The same on any CSV file: `task.options.path`, split 70 / 10 / 20 in the order of time."""

    about: ClassVar[DataSource] = DataSource("your series", "", "", "yours")

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        own: dict[str, Any] = {"path": "", "columns": [], "validation_share": 0.1, "test_share": 0.2}
        self.options = read_options(options, {**OPTIONS, **own}, "csv")
        if not self.options["path"]:
            raise ValueError("task csv needs task.options.path=FILE, a CSV with a header")
        values = load_csv(self.options["path"], self.options["columns"] or None).values
        test = int(len(values) * (1 - self.options["test_share"]))
        validation = int(len(values) * (1 - self.options["test_share"] - self.options["validation_share"]))
        self._set_series(values, (validation, test, len(values)), fast)
