"""Recipes `int8`, `mixed` and `bf16`: the fused engine's own weights, stored in the file.

int8 weights have a scale for each output channel. Activations are quantized row by row in every call, so a row gives
the same alone and in a batch, and a sequence the same whole and in chunks. The engine has no written-out cells:
the matrices of these are rounded in the file, and computed with in float32.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from torch import nn

from zoo.artifact.golden import Sample
from zoo.artifact.tolerances import BF16_LIMIT, FP32, INT8_LIMIT, INT8_REPLAY, STEADY
from zoo.quantization.calibration import Seen, correct_biases, watch
from zoo.quantization.engine_layers import make_engine_layer
from zoo.quantization.int8_numbers import round_channels, round_rows
from zoo.quantization.recipe import Convert, Recipe, plain_objection, register_recipe, replace_layers
from zoo.quantization.smoothing import smooth_and_convert
from zoo.quantization.written_out import Factors

RECURRENT = (nn.LSTM, nn.GRU, nn.RNN, nn.LSTMCell, nn.GRUCell, nn.RNNCell)
LAYERS = (*RECURRENT, nn.Linear, nn.Embedding, nn.Conv1d)


def objection(layer: Any) -> str | None:
    if isinstance(layer, nn.Conv1d) and layer.groups != 1:
        return f"has groups={layer.groups}, expected 1"
    return plain_objection(layer)


def converter(precision: str) -> Convert:
    def convert(model: nn.Module, names: Collection[str]) -> nn.Module:
        return replace_layers(model, names, partial(make_engine_layer, precision=precision))

    return convert


def make_corrected_layer(layer: nn.Module, seen: dict[str, Seen]) -> nn.Module:
    return make_engine_layer(correct_biases(layer, seen, lambda _, rows: round_rows(rows)), "int8")


def calibrated(model: nn.Module, names: Collection[str], samples: Sequence[Sample]) -> Convert:
    """Return the conversion to int8, smoothed, with biases that take away the mean error on real inputs."""
    seen = watch(model, names, samples)
    return smooth_and_convert(model, seen, samples, lambda matrix: round_rows(matrix.rows), make_corrected_layer)


KINDS = "LSTM, GRU, RNN, cells, Linear, Embedding, Conv1d, weights of written-out cells; needs the project's operators"
INT8 = Recipe(
    name="int8",
    description=f"int8 weights, a scale for each channel, activations by row, a quarter of the size; {KINDS}",
    objection=objection,
    layers=LAYERS,
    convert=converter("int8"),
    cells=True,
    rounds_activations=True,
    limit=INT8_LIMIT,
    replay=INT8_REPLAY,
    regrouped=None,
    uses_engine=True,
    portable="portable_int8",
    factors=Factors(lambda _, weight: round_channels(weight), lambda _, rows: round_rows(rows)),
    calibrated=calibrated,
)
register_recipe(INT8)
register_recipe(
    replace(
        INT8,
        name="mixed",
        factors=None,  # which layers stay float is not known before the end
        description=f"int8, with the most sensitive layers in float until outputs are within its limit; {KINDS}",
        spares=True,
    )
)
register_recipe(
    Recipe(
        name="bf16",
        description=f"16-bit weights, float32 arithmetic, half the size; {KINDS}",
        objection=objection,
        layers=LAYERS,
        convert=converter("bf16"),
        cells=True,
        limit=BF16_LIMIT,
        replay=FP32,
        regrouped=STEADY,
        uses_engine=True,
        portable="float16",
    )
)
