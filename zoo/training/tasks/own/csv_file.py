"""A user's own CSV file: forecasts of its columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from zoo.data.csv_series import Series, load_csv
from zoo.data.settings import Setting
from zoo.data.source import DataError
from zoo.training.tasks.base import Task, read_options
from zoo.training.tasks.forecasting import OPTIONS, SeriesForecasting
from zoo.training.tasks.own.csv_form import FORM, read_form
from zoo.training.tasks.own.labelled import OWN
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

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, DEFAULTS, "csv")
        if not self.options["path"]:
            raise DataError("task csv needs data", Setting("path", ("FILE",)))
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
        task = cls.__new__(cls)
        task.options = read_options(options, DEFAULTS, "csv")
        task.names = names = record["columns"]
        targets = record.get("targets", task.options["targets"] or names)  # older records have none
        for option, known in (("columns", names), ("targets", targets)):
            refuse_other_names(option, task.options[option], known)
        places = [names.index(name) for name in targets]
        task.set_statistics(torch.tensor(record["mean"]), torch.tensor(record["std"]), places)
        values = task.read(data, names).values
        task.test = task.cut(values, task.options["look_back"], len(values))
        return task

    def record(self) -> dict[str, Any]:
        targets = [self.names[k] for k in self.target_places]
        statistics = {"mean": self.mean.tolist(), "std": self.seen_std.tolist()}
        return {"columns": self.names, "targets": targets, "parts": self.parts, **statistics}

    def meaning(self) -> dict[str, str]:
        targets = ", ".join(self.names[k] for k in self.target_places)
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
