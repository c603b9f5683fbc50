"""A user's own CSV file with many sequences: one class each, numbers of each, or numbers of every step."""

from __future__ import annotations

from typing import Any, ClassVar

from zoo.data.csv_sequences import load_csv_sequences
from zoo.errors import ArgumentError
from zoo.training.tasks.own.csv_form import FORM, read_form
from zoo.training.tasks.own.features import FeatureFiles
from zoo.training.tasks.own.goals import NumberGoal
from zoo.training.tasks.own.labelled import Labelled
from zoo.training.tasks.own.sameness import refuse_other_names


class CsvSequenceFiles(FeatureFiles):
    """CSV files in which the column `task.options.sequence` says to which sequence a row belongs."""

    name = "csv_sequences"
    defaults: ClassVar[dict[str, Any]] = {
        **FeatureFiles.defaults,
        "sequence": "",
        "targets": [],  # the columns that are learnt
        "columns": [],  # the features; empty: all other numbers that are no time, no index and not constant
        "time_column": "",  # empty: found
        "in_order": False,  # the rows of each sequence are in the order of time, whatever the times say
        **FORM,
        "goal": "",  # "classes" or "numbers"; empty: numbers are numbers
    }
    columns: ClassVar[list[str]] = []
    reading = (*FORM, "sequence", "time_column", "in_order")

    def read(self, path: str) -> Labelled:
        return self._read(path, labelled=True)

    def read_new(self, path: str) -> Labelled:
        return self._read(path, labelled=False)

    def _read(self, path: str, labelled: bool) -> Labelled:
        options = self.options
        if options["goal"] not in ("", "classes", "numbers"):
            raise ArgumentError(f"goal must be classes or numbers, got {options['goal']!r}")
        found = load_csv_sequences(
            path,
            options["sequence"],
            options["targets"],
            options["columns"] or self.columns,
            time_column=options["time_column"],
            form=read_form(options),
            goal=options["goal"],
            missing=self.allows_missing(),
            in_order=options["in_order"],
            labelled=labelled,
        )
        self.columns = found.columns  # type: ignore[misc]  # other files have to have the same ones
        places = [f"{path}, line {line}, {name}" for name, line in zip(found.names, found.lines, strict=True)]
        return Labelled(
            found.sequences,
            places,
            found.classes,
            found.numbers,
            number_names=list(options["targets"]) if found.numbers else [],
            facts=found.facts,
        )

    def feature_words(self) -> str:
        return f"a row a step: {', '.join(self.columns)}"

    def record(self) -> dict[str, Any]:
        return {"columns": self.columns, **super().record()}

    def set_record(self, record: dict[str, Any]) -> None:
        super().set_record(record)
        refuse_other_names("columns", self.options["columns"], record["columns"])
        if isinstance(self.goal, NumberGoal):  # a class may be in a column of another name
            refuse_other_names("targets", self.options["targets"], self.goal.names)
        self.columns = record["columns"]  # type: ignore[misc]
