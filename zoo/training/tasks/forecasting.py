"""The next `horizon` steps of all variables, judged in units of each variable's deviation in training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

from torch import Tensor, nn
from torch.utils.data import DataLoader

from zoo.data.csv_windows import Windows, cut_windows
from zoo.training.batching import Batch, make_loader, split_batches
from zoo.training.learners.forecasting import ForecastingLearner, score_forecasts
from zoo.training.tasks.base import Task

OPTIONS: dict[str, Any] = {
    "look_back": 96,
    "horizon": 96,
    "loss": "mae",  # or "mse"
}
FAST_WINDOWS = 256
EVALUATION_BATCH = 256


class SeriesForecasting(Task):
    """Windows over a series. A derived class gives the series and its split."""

    metric = "mse"
    mode: ClassVar[Literal["min", "max"]] = "min"
    learner = ForecastingLearner

    def set_series(self, values: Tensor, borders: tuple[int, int, int], fast: bool) -> None:
        """Cut a series (T, C) into windows.

        Args:
            values: the whole series.
            borders: the first row of validation, the first row of test, and the row after the last one of test.
            fast: train and validate on few windows.

        Raises:
            ValueError: the option `loss` is neither "mae" nor "mse", or a part is too short for a window.
        """
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
        return score_forecasts(outputs, batches, self.std)


def _cutter(windows: Windows) -> Callable[[list[int]], Batch]:
    def collate(which: list[int]) -> Batch:
        seen, ahead = windows.cut(which)
        return Batch(seen, None, ahead)

    return collate
