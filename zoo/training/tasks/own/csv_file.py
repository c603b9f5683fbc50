"""A user's own CSV file: forecasts of its columns."""

from __future__ import annotations

from typing import Any, ClassVar

from zoo.data.csv_windows import load_csv
from zoo.data.source import DataError, DataSource
from zoo.training.tasks.base import read_options
from zoo.training.tasks.forecasting import OPTIONS, SeriesForecasting


class CsvFile(SeriesForecasting):
    """Windows over the CSV file `task.options.path`, split 70 / 10 / 20 in the order of time."""

    about: ClassVar[DataSource] = DataSource("your series", "", "", "yours")

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        own: dict[str, Any] = {"path": "", "columns": [], "validation_share": 0.1, "test_share": 0.2}
        self.options = read_options(options, {**OPTIONS, **own}, "csv")
        if not self.options["path"]:
            raise DataError("task csv needs task.options.path=FILE, a CSV with a header")
        values = load_csv(self.options["path"], self.options["columns"] or None).values
        test = int(len(values) * (1 - self.options["test_share"]))
        validation = int(len(values) * (1 - self.options["test_share"] - self.options["validation_share"]))
        self.set_series(values, (validation, test, len(values)), fast)
