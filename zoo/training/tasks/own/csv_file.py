"""A user's own CSV file: forecasts of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from zoo.data.csv_series import Series, load_csv
from zoo.data.missing import fill_missing
from zoo.data.settings import Setting
from zoo.data.source import DataError, named
from zoo.training.tasks.base import UNCHANGED, Task, read_options
from zoo.training.tasks.forecasting import OPTIONS, SeriesForecasting
from zoo.training.tasks.new_data import NewData
from zoo.training.tasks.own.csv_form import FORM, read_form
from zoo.training.tasks.own.labelled import OWN, check_shares
from zoo.training.tasks.own.sameness import refuse_other_data, refuse_other_names

DEFAULTS: dict[str, Any] = {
    **OPTIONS,
    "path": "",
    "columns": [],  # the variables; empty: all numbers that are no time, no index and not constant
    "targets": [],  # the variables that are forecast; empty: all of them
    "time_column": "",  # empty: found
    "in_order": False,  # the rows are in the order of time, whatever the times say
    **FORM,
    "missing": "refuse",  # or drop (windows), interpolate, forward, mask
    "validation_share": 0.1,
    "test_share": 0.2,
}


class CsvFile(SeriesForecasting):
    """Windows over the CSV file `task.options.path`, split 70 / 10 / 20 in the order of time."""

    about = OWN
    reading = (*FORM, "time_column", "in_order")

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, DEFAULTS, "csv")
        if not self.options["path"]:
            raise DataError("task csv needs data", Setting("path", ("FILE",)))
        check_shares(self.options)
        self.about = replace(OWN, name=self.options["path"])  # type: ignore[misc]
        self.series = self.read(self.options["path"], self.options["columns"])
        rows = len(self.series.values)
        first_test = int(rows * (1 - self.options["test_share"]))
        first_validation = int(rows * (1 - self.options["test_share"] - self.options["validation_share"]))
        names, targets = self.series.names, self.options["targets"]
        unknown = [name for name in targets if name not in names]
        if unknown:
            why = self.series.left_out.get(unknown[0], "is no column")
            raise DataError(
                f"{self.options['path']} has no variable {unknown[0]}, which {why}; it has {', '.join(names)}"
            )
        with named(self.options["path"]):
            self.set_series(self.series.values, (first_validation, first_test, rows), fast, names, targets)
        self.parts = [first_validation, first_test - first_validation, rows - first_test]

    def read(self, path: str, columns: list[str]) -> Series:
        """Return the series of a file of the form that the options say."""
        self.set_missing(self.options["missing"])
        return load_csv(
            path,
            columns,
            time_column=self.options["time_column"],
            form=read_form(self.options),
            in_order=self.options["in_order"],
            missing=self.missing != "refuse",
        )

    @classmethod
    def restore(cls, options: dict[str, Any], record: dict[str, Any], data: str = "") -> Task:
        if not data:
            whole = cls(options)
            refuse_other_data(whole.record(), record, whole.options["path"])
            return whole
        task = cls._from_record(options, record)
        values = task.read(data, task.names).values
        with named(data):
            task.test = task.cut(values, task.options["look_back"], len(values))
        return task

    @classmethod
    def open_new(
        cls, options: dict[str, Any], record: dict[str, Any], data: str, reading: Mapping[str, Any] = UNCHANGED
    ) -> NewData:
        """Return the last rows of a file, of which the model forecasts those that follow."""
        task = cls._from_record({**options, **reading}, record)
        series = task.read(data, task.names)
        look_back, horizon = task.options["look_back"], task.options["horizon"]
        seen = series.values[-look_back:]
        if len(seen) < look_back:
            raise DataError(f"{data} has {len(seen):,} rows, and the model sees {look_back:,}; give a longer series")
        if task.missing == "drop" and seen.isnan().any():
            row = int(seen.isnan().any(1).nonzero()[0])
            raise DataError(
                f"{data}, line {series.lines[len(series.lines) - look_back + row]}: a value is missing in the last "
                f"{look_back:,} rows, which the model sees; fill it"
            )
        times = series.clock.go_on(horizon) if series.clock else []
        names = [series.clock.name if series.clock and times else "step", *task.target_names()]

        def describe(outputs: Sequence[Tensor]) -> list[list[str]]:
            (output,) = outputs  # (1, horizon, targets)
            rows = [[str(value) for value in row] for row in output[0].numpy()]
            return [[time, *row] for time, row in zip(times or map(str, range(1, horizon + 1)), rows, strict=True)]

        return NewData([fill_missing(seen, task.missing, task.mean).unsqueeze(0)], names, describe)

    @classmethod
    def _from_record(cls, options: dict[str, Any], record: dict[str, Any]) -> CsvFile:
        """Return the task as in training, without data."""
        task = cls.__new__(cls)
        task.options = read_options(options, DEFAULTS, "csv")
        task.names = names = record["columns"]
        targets = record.get("targets", task.options["targets"] or names)  # older records have none
        for option, known in (("columns", names), ("targets", targets)):
            refuse_other_names(option, task.options[option], known)
        places = [names.index(name) for name in targets]
        task.set_statistics(torch.tensor(record["mean"]), torch.tensor(record["std"]), places)
        return task

    def target_names(self) -> list[str]:
        """Return the variables that are forecast."""
        return [self.names[k] for k in self.target_places]

    def record(self) -> dict[str, Any]:
        targets = self.target_names()
        statistics = {"mean": self.mean.tolist(), "std": self.seen_std.tolist()}
        return {"columns": self.names, "targets": targets, "parts": self.parts, **statistics}

    def meaning(self) -> dict[str, str]:
        targets = ", ".join(self.target_names())
        marks = "; then a mark for each, 1 where it is missing" if self.missing == "mask" else ""
        seen, horizon = self.options["look_back"], self.options["horizon"]
        return {
            "purpose": f"Forecasts {targets}, {horizon} rows ahead.",
            "input": f"a row a step: {', '.join(self.names)}, in their units{marks}; {seen} rows were seen in training",
            "output": f"{targets} of the next {horizon} rows, in the same units",
        }

    def facts(self) -> dict[str, str]:
        rows = "{:,} rows to train on, {:,} validation, {:,} test; in the order of time".format(*self.parts)
        windows = f"{self.options['look_back']} steps seen, {self.options['horizon']} forecast"
        count = f"{len(self.train):,} to train on, {len(self.validation):,} validation, {len(self.test):,} test"
        names = [self.series.names[k] for k in self.target_places]
        filled = {"filled": f"missing values: {self.missing}"} if self.missing != "refuse" else {}
        return {
            **self.series.facts,
            **filled,
            "forecast": ", ".join(names),
            "windows": f"{windows}; {count}",
            "split": rows,
        }
