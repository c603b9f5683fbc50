"""Recipe `portable_int8`: 8-bit weights with a scale for each channel in the file, float32 arithmetic, any LibTorch.

It is what recipe `int8` has for programs without the project's operators. Activations stay float32: rounded row by row
in plain operators, a layer takes several times as long as in LibTorch, is further from the float model, and gives the
engine's numbers only until one activation falls to the other side of a rounding tie.
"""

from __future__ import annotations

from functools import partial

from zoo.artifact.tolerances import FP32, INT8_LIMIT, STEADY
from zoo.quantization.int8_numbers import count_steps, round_channels
from zoo.quantization.recipe import Recipe, plain_objection, register_recipe
from zoo.quantization.stored_layers import LAYERS, storing
from zoo.quantization.stored_numbers import KeptTensors
from zoo.quantization.written_out import Factors

register_recipe(
    Recipe(
        name="portable_int8",
        description="int8 weights, a scale for each channel, in the file, a quarter of its size, float32 arithmetic; "
        "LSTM, GRU, RNN, cells, Linear, Embedding, Conv1d; for any LibTorch",
        objection=plain_objection,
        layers=LAYERS,
        convert=storing(partial(KeptTensors, rounding=count_steps)),
        cells=True,
        limit=INT8_LIMIT,
        replay=FP32,
        regrouped=STEADY,
        factors=Factors(lambda _, weight: round_channels(weight), lambda _, rows: rows),
    )
)
