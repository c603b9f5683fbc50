"""Every trained model and every recipe, on real samples: within the limit, or refused as is documented here."""

from __future__ import annotations

import pytest
from _cards import read_cards
from _shipping import real_samples
from support.data_sets import need

import zoo
from zoo.training.tasks import find_task, make_task

CARDS = {card.name: card for card in read_cards()}
HALF = 4  # rows of the samples; the others calibrate


def is_refused(model: str, recipe: str) -> bool:
    """Return whether a recipe moves the outputs of a trained model beyond its limit."""
    # The weights of int4 have 16 values; the forecasters bear that, and two others on these four rows.
    return recipe == "int4" and not model.startswith(("segrnn", "gru_detector_speech_16k", "lstm_pronouncer"))


@pytest.mark.parametrize("name", CARDS)
def test_a_trained_model_bears_a_recipe_or_is_refused(name: str) -> None:
    need(find_task(CARDS[name].task).about)
    (real,) = real_samples(make_task(CARDS[name].task, CARDS[name].task_options))
    parts = [
        zoo.Sample("real", real.input[rows], None if real.lengths is None else real.lengths[rows])
        for rows in (slice(HALF), slice(HALF, None))
    ]
    model = zoo.build(name, pretrained=True)
    for recipe in zoo.list_recipes():
        calibration = [parts[1]] if recipe == "static_int8" else None
        quantized = zoo.quantize(model, recipe, samples=[parts[0]], calibration=calibration, allow_error=True)
        assert quantized.quantization is not None
        assert quantized.quantization.beyond_limit == is_refused(name, recipe), recipe
