"""The form of a user's CSV file, as the options of the tasks on tables say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoo.data.csv_table import CsvForm

FORM: dict[str, Any] = {
    "separator": "",  # empty: found, as the next two
    "header": "",  # "yes" or "no"
    "decimal": "",  # "." or ","
    "encoding": "",  # empty: UTF-8, or UTF-16 with a byte order mark
    "na_values": [],  # cells that say that a value is missing, such as -999
}


def read_form(options: Mapping[str, Any]) -> CsvForm:
    """Return what the options of a task say of the form of its file."""
    values = {name: options[name] for name in FORM}
    tab = {"\\t": "\t"}.get(options["separator"], options["separator"])  # as a shell gives it
    return CsvForm(**{**values, "separator": tab, "na_values": tuple(map(str, options["na_values"]))})
