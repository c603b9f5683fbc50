"""Recipe `int4`: 4-bit weights in groups in the file, float32 arithmetic. Any LibTorch runs the file."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from zoo.artifact.tolerances import FP32, INT8_LIMIT, STEADY
from zoo.quantization.groups import read_groups, round_groups
from zoo.quantization.int8_numbers import pass_gradient
from zoo.quantization.recipe import Recipe, register_recipe
from zoo.quantization.stored_layers import LAYERS, stored_objection, storing
from zoo.quantization.stored_numbers import KeptTensors
from zoo.quantization.written_out import Factors


def round_weights(weight: Tensor) -> Tensor:
    """Return a matrix with the numbers that the file will hold, and the gradient of the matrix itself."""
    exact = weight.detach()
    return pass_gradient(weight, read_groups(*round_groups(exact), list(exact.shape)))


register_recipe(
    Recipe(
        name="int4",
        description="4-bit weights in groups of 32 in the file, a sixth of its size, float32 arithmetic; LSTM, GRU, "
        "RNN, cells, Linear, Embedding, Conv1d; for any LibTorch",
        objection=stored_objection,
        layers=LAYERS,
        convert=storing(partial(KeptTensors, rounding=round_groups)),
        cells=True,
        limit=INT8_LIMIT,
        replay=FP32,
        regrouped=STEADY,
        factors=Factors(lambda _, weight: round_weights(weight), lambda _, rows: rows),
    )
)
