"""A user's own `.npz` file: one class per sequence, numbers of it, or numbers of every step."""

from __future__ import annotations

from typing import Any, ClassVar

from zoo.data.arrays import load_arrays, load_sequences
from zoo.training.tasks.own.features import FeatureFiles
from zoo.training.tasks.own.labelled import Labelled


class ArrayFiles(FeatureFiles):
    """Files with the arrays `X` and `y`, for models of features."""

    name = "npz"
    defaults: ClassVar[dict[str, Any]] = {**FeatureFiles.defaults, "goal": ""}  # "classes" or "numbers"; empty: found

    def read(self, path: str) -> Labelled:
        loaded = load_arrays(path, goal=self.options["goal"], missing=self.allows_missing())
        return Labelled(
            loaded.sequences,
            [f"{path}, X[{k}]" for k in range(len(loaded.sequences))],
            loaded.classes,
            loaded.numbers,
            loaded.groups,
            loaded.class_names,
            facts={"left out": f"the arrays {', '.join(loaded.left_out)}"} if loaded.left_out else {},
        )

    def read_new(self, path: str) -> Labelled:
        sequences = load_sequences(path, missing=self.allows_missing())
        return Labelled(sequences, [f"X[{k}]" for k in range(len(sequences))])

    def doubt(self, longest: int) -> str:
        more = ", more than steps: the axes of X are taken as (sequences, steps, features)"
        return more if self.width > longest else ""
