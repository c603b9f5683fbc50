"""Recipe `float16`: weights in half precision in the file, float32 arithmetic. Any LibTorch runs the file."""

from __future__ import annotations

from zoo.artifact.tolerances import FLOAT16_LIMIT, FP32, STEADY
from zoo.quantization.recipe import Recipe, register_recipe
from zoo.quantization.stored_layers import LAYERS, stored_objection, storing
from zoo.quantization.stored_numbers import HalfTensors

register_recipe(
    Recipe(
        name="float16",
        description="float16 weights in the file, half its size, float32 arithmetic; LSTM, GRU, RNN, cells, Linear, "
        "Embedding, Conv1d; for any LibTorch",
        objection=stored_objection,
        layers=LAYERS,
        convert=storing(HalfTensors),
        cells=True,
        limit=FLOAT16_LIMIT,
        replay=FP32,
        regrouped=STEADY,
    )
)
