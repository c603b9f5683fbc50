"""The data sets of the comparison, each with the one way in which all families are trained on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from zoo.data.tiny_shakespeare import load_tiny_shakespeare
from zoo.training.tasks import make_task
from zoo.training.tasks.base import Task
from zoo.training.tasks.tiny_shakespeare import TinyShakespeare

# Each family has the best of these on validation, tried with the first seed.
RATES = (3e-3, 1e-2)
DROPOUT, INIT, WEIGHT_DECAY, CLIP_NORM = 0.1, "orthogonal", 0.01, 1.0
SLICE = 100_000
# A number that every family can have within 2 % on each data set: nets of many layers come in coarse sizes.
PARAMETERS = 39_350


class ShakespeareSlice(TinyShakespeare):
    """The first characters of the training part; every family's language model reads its tokens."""

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        super().__init__(options, fast)
        self.train = load_tiny_shakespeare().train[:SLICE]
        self.most = len(self.train)

    def model_overrides(self) -> dict[str, Any]:
        return {"vocab_size": len(self.text.characters)}


@dataclass(frozen=True)
class Trial:
    """A data set, and how all families are trained on it.

    Args:
        name: in tables.
        model_task: what follows a family in the names of its models.
        parameters: that each model has, within `zoo.training.comparison.sizes.TOLERANCE`.
        chosen_by: the metric on validation that decides among rates and families; less of it is better.
        metric: that is shown of the test part; more of it is better where `more_is_better`.
        epochs, batch_size, warmup_steps: of the training; the rate falls to a hundredth in half a cosine.
        chance: the metric of a simple answer, or None.
        task: name among `zoo.training.tasks.TASKS`, or empty for `ShakespeareSlice`.
        options: of the task.
        overrides: of every model.
        columns: places of a step for the grid LSTM; None where a step has no order of its own.
        trained: the family that the trained zoo has for this data set.
    """

    name: str
    model_task: str
    parameters: int
    chosen_by: str
    metric: str
    more_is_better: bool
    epochs: int
    batch_size: int
    warmup_steps: int
    trained: str
    task: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict)
    columns: int | None = None

    @property
    def better(self) -> Literal["higher", "lower"]:
        return "higher" if self.more_is_better else "lower"

    def make_task(self) -> Task:
        """Read the data.

        Raises:
            DataError: the data set is missing.
        """
        return make_task(self.task, self.options) if self.task else ShakespeareSlice(self.options)


TRIALS = (
    Trial(
        name="JapaneseVowels",
        model_task="classifier",
        parameters=PARAMETERS,
        chosen_by="nll",
        metric="accuracy",
        more_is_better=True,
        epochs=15,
        batch_size=32,
        warmup_steps=20,
        trained="gru",
        task="japanese_vowels",
        options={"noise": 0.2, "warp": 0.2, "shift": 0.4},
        columns=4,
    ),
    Trial(
        name="ETTh1, 24 hours",
        model_task="forecaster",
        parameters=PARAMETERS,
        chosen_by="mse",
        metric="mse",
        more_is_better=False,
        epochs=2,
        batch_size=128,
        warmup_steps=20,
        trained="segrnn",
        task="etth1",
        options={"look_back": 24, "horizon": 24},
        columns=7,
    ),
    Trial(
        name="tinyshakespeare, a slice",
        model_task="language_model",
        parameters=PARAMETERS,
        chosen_by="nats_per_character",
        metric="nats_per_character",
        more_is_better=False,
        epochs=2,
        batch_size=32,
        warmup_steps=20,
        trained="lstm",
        options={"steps": 32, "streams": 64},
        overrides={"input_size": 32},
    ),
)
