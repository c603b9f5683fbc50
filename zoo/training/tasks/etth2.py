"""ETTh2: forecasts of all seven variables."""

from __future__ import annotations

from typing import Any, ClassVar

from zoo.data.etth1 import BORDERS
from zoo.data.etth2 import SOURCE, load_etth2
from zoo.data.source import DataSource
from zoo.training.tasks.base import read_options
from zoo.training.tasks.forecasting import OPTIONS, SeriesForecasting


class ETTh2(SeriesForecasting):
    """All seven variables of ETTh2, every window of the test months."""

    about: ClassVar[DataSource] = SOURCE

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "etth2")
        self.set_series(load_etth2().values, BORDERS, fast)
