"""Windows and a model for a user's own series: how far to look back, how far ahead, and which season repeats."""

from __future__ import annotations

from typing import Any

from zoo.training.guesses import choose_period
from zoo.training.own_data.sizes import plan_training
from zoo.training.tasks import make_task

BATCH_SIZE = 64
# Of the rows: the horizon must fit into the validation part, the look-back into the training part.
HORIZON_SHARE, LOOK_BACK_SHARE = 0.025, 0.2
USUAL_HORIZON, LEAST_LOOK_BACK, MOST_LOOK_BACK, MOST_SEGMENT = 24, 48, 400, 48


def choose_windows(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of task csv with `horizon` and `look_back`, where they lack them.

    The look-back is a whole number of seasons, at least two of them, and at least two horizons.

    Raises:
        DataError: the data cannot be read as the options say.
    """
    rows = len(make_task("csv", {**options, "look_back": 1, "horizon": 1}).train.values)  # type: ignore[attr-defined]
    horizon = options.get("horizon", max(1, min(USUAL_HORIZON, int(HORIZON_SHARE * rows))))
    if "look_back" in options:
        return {**options, "horizon": horizon}
    longest = max(2, min(MOST_LOOK_BACK, int(LOOK_BACK_SHARE * rows)))
    widest = make_task("csv", {**options, "look_back": longest, "horizon": horizon})
    period = choose_period(widest.train_batches(BATCH_SIZE, seed=0), widest.target_places)  # type: ignore[attr-defined]
    wanted = max(2 * period, 2 * horizon, LEAST_LOOK_BACK)
    look_back = -(-wanted // period) * period
    return {**options, "horizon": horizon, "look_back": min(look_back, longest // period * period)}


def plan_forecaster(task: Any) -> dict[str, Any]:
    """Plan a forecaster; an example is a window.

    A forecaster of segments sees each variable on its own. Where more is seen than forecast, a GRU reads all of it.
    """
    plan = plan_training(len(task.train), batch_size=BATCH_SIZE, steps=1500, epochs=(3, 60), learning_rate=2e-3)
    sizes = task.model_overrides()
    if sizes["input_size"] != sizes["num_variables"]:
        wide = {"hidden_size": 64, "num_layers": 1, "dropout": 0.0, "standardize": True}
        return {"model": {"name": "gru_forecaster", "init": "orthogonal", "overrides": wide}, **plan}
    horizon, look_back = task.options["horizon"], task.options["look_back"]
    overrides = {"segment_size": max(size for size in range(1, MOST_SEGMENT + 1) if horizon % size == 0)}
    period = choose_period(task.train_batches(BATCH_SIZE, seed=0), task.target_places)
    if period > 1:  # a weighted sum of the same place in earlier seasons, or of all steps where seasons do not fit
        whole = horizon % period == 0 and look_back % period == 0
        overrides |= {"highway_window": look_back, "highway_period": period if whole else 1}
    return {"model": {"name": "segrnn_forecaster", "overrides": overrides}, **plan}
