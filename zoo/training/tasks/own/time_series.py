"""A user's own `.ts` files: one class or one number per series, as the files say."""

from __future__ import annotations

from zoo.data.time_series_file import load_time_series
from zoo.training.tasks.own.features import FeatureFiles
from zoo.training.tasks.own.labelled import Labelled


class TimeSeriesFiles(FeatureFiles):
    """`.ts` files, for models of features."""

    name = "ts"

    def read(self, path: str) -> Labelled:
        loaded = load_time_series(path, missing=self.allows_missing())
        places = [f"{path}, line {line}" for line in loaded.lines]
        if loaded.targets is not None:
            return Labelled(loaded.series, places, numbers=list(loaded.targets.unsqueeze(1)), number_names=["target"])
        return Labelled(loaded.series, places, loaded.classes, class_names=loaded.class_names)
