"""A user's own `.ts` files: one class per series."""

from __future__ import annotations

import torch
from torch import nn

from zoo.data.time_series_file import load_time_series
from zoo.training.tasks.own.labelled import Labelled, SequenceFiles
from zoo.training.tasks.statistics import set_feature_statistics_


class TimeSeriesFiles(SequenceFiles):
    """`.ts` files, for models of features."""

    name = "ts"

    def read(self, path: str) -> Labelled:
        loaded = load_time_series(path)
        classes = [loaded.class_names[k] for k in loaded.labels.tolist()]
        places = [f"{path}, series {k + 1}" for k in range(len(classes))]
        return Labelled(loaded.series, classes, places, class_names=loaded.class_names)

    def prepare_(self, model: nn.Module) -> None:
        steps = torch.cat([steps for steps, _ in self.train])
        set_feature_statistics_(model, steps.mean(0), steps.std(0).clamp(min=1e-6))
