"""The next `horizon` steps of variables, judged in units of each variable's deviation in training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from zoo.config import SegmentForecasterConfig
from zoo.data.missing import check_choice, count_inputs, fill_missing
from zoo.data.settings import Setting
from zoo.data.source import DataError
from zoo.data.windows import Windows, cut_windows
from zoo.errors import ArgumentError
from zoo.models.standardizing import set_statistics_
from zoo.models.units import Units, set_units_
from zoo.training.batching import Batch, make_loader, split_batches
from zoo.training.learners.forecasting import ForecastingLearner, score_forecasts
from zoo.training.pictures import draw_forecasts
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
    missing = "refuse"
    target_places: list[int]
    names: list[str]

    def set_series(
        self,
        values: Tensor,
        borders: tuple[int, int, int],
        fast: bool,
        names: Sequence[str] = (),
        targets: Sequence[str] = (),
    ) -> None:
        """Cut a series (T, C) into windows.

        Args:
            values: the whole series; NaN where a value is missing, if the option `missing` allows that.
            borders: the first row of validation, the first row of test, and the row after the last one of test.
            fast: train and validate on few windows.
            names: of the variables.
            targets: names of those that are forecast, in their order; all where empty. All of them are seen.

        Raises:
            ArgumentError: the option `loss` is neither "mae" nor "mse".
            DataError: a part is too short for a window, or a variable is constant in training or has no values there.
        """
        self.set_missing(self.options.get("missing", "refuse"))
        if self.options["loss"] not in ("mae", "mse"):
            raise ArgumentError(f"loss must be mae or mse, got {self.options['loss']!r}")
        self.names = list(names) or [f"variable {k}" for k in range(1, values.size(1) + 1)]
        self.set_statistics(*measure(values[: borders[0]], names), [list(names).index(name) for name in targets])
        self.train = self.cut(values, 0, borders[0])
        self.validation = self.cut(values, borders[0], borders[1])
        self.test = self.cut(values, borders[1], borders[2])
        self.most = FAST_WINDOWS if fast else None

    def set_statistics(self, mean: Tensor, std: Tensor, target_places: Sequence[int]) -> None:
        """Take mean and deviation of all variables (C,), and which of them are forecast; all where empty."""
        self.target_places = list(target_places) or list(range(len(mean)))
        self.mean, self.seen_std, self.std = mean, std, std[self.target_places]

    def set_missing(self, how: str) -> None:
        """Take what stands for missing values, one of `zoo.data.missing.CHOICES`."""
        check_choice(how)
        self.missing = how

    def cut(self, values: Tensor, first: int, end: int) -> Windows:
        """Return the windows that forecast steps first..end-1 of a series."""
        size = (self.options["look_back"], self.options["horizon"])
        return cut_windows(values, first, end, *size, whole=self.missing == "drop", targets=self.target_places)

    def model_overrides(self) -> dict[str, Any]:
        inputs = count_inputs(len(self.mean), self.missing)
        sizes = {"input_size": inputs, "num_variables": len(self.std), "horizon": self.options["horizon"]}
        return {**sizes, "standardize": True}

    def prepare_(self, model: nn.Module) -> None:
        marks = count_inputs(len(self.mean), self.missing) - len(self.mean)
        mean, std = torch.cat([self.mean, torch.zeros(marks)]), torch.cat([self.seen_std, torch.ones(marks)])
        config: Any = model.config
        if config.standardize or isinstance(config, SegmentForecasterConfig):
            set_statistics_(model, mean, std)
        if isinstance(getattr(model, "units", None), Units):
            set_units_(model, self.mean[self.target_places], self.std)

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        which = range(len(self.train))[: self.most]
        # make_loader sorts by these; windows are all of one length.
        return make_loader(which, [0] * len(which), self._cutter(self.train), batch_size, seed, bucket=False)

    def validation_batches(self) -> list[Batch]:
        return split_batches(range(len(self.validation))[: self.most], self._cutter(self.validation), EVALUATION_BATCH)

    def test_batches(self) -> list[Batch]:
        return split_batches(range(len(self.test)), self._cutter(self.test), EVALUATION_BATCH)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_forecasts(outputs, batches, self.std)

    def draw(self, outputs: Sequence[Tensor], batches: Sequence[Batch], path: Path) -> None:
        starts = (self.test.starts + self.test.look_back).tolist()
        names = [self.names[k] for k in self.target_places]
        draw_forecasts(self.test.values[:, self.target_places], starts, torch.cat(list(outputs)), names, path)

    def _cutter(self, windows: Windows) -> Callable[[list[int]], Batch]:
        def collate(which: list[int]) -> Batch:
            seen, ahead = windows.cut(which)
            # Filled window by window: what is to be forecast must not show in what is seen.
            return Batch(fill_missing(seen, self.missing, self.mean), None, ahead[..., self.target_places])

        return collate


def measure(train: Tensor, names: Sequence[str] = ()) -> tuple[Tensor, Tensor]:
    """Return mean and deviation (C,) of the training rows (T, C) without what is missing.

    Raises:
        DataError: a variable is constant or has no values there.
    """
    known = ~train.isnan()
    count = known.sum(0)
    if known.all():
        mean, std = train.mean(0), train.std(0, correction=0)
    else:
        mean = train.nanmean(0)
        std = torch.where(known, train - mean, 0.0).square().sum(0).div(count).sqrt()
    for k in range(train.size(1)):
        if count[k] == 0 or not std[k] > 0:
            name = repr(names[k]) if names else str(k)
            why = "has no values" if count[k] == 0 else f"is constant at {float(mean[k]):g}"
            others = ",".join(other for place, other in enumerate(names) if place != k)
            without = [Setting("columns", (others,), "to leave it out")] if others else []
            raise DataError(f"variable {name} {why} in the {len(train):,} rows to train on", *without)
    return mean, std
