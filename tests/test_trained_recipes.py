"""Every trained model and every recipe, on real samples: within the limit, or refused as is documented here."""

from __future__ import annotations

import pytest
from _cards import read_cards
from _shipping import SAMPLE_STEPS, real_samples
from support.data_sets import need

import zoo
from zoo.training.tasks import find_task, make_task
from zoo.training.tasks.base import Task

CARDS = {card.name: card for card in read_cards()}
HALF = 4  # rows of the samples; the others calibrate
ENOUGH = 16  # steps, fewer of which calibrate nothing


def is_refused(model: str, recipe: str) -> bool:
    """Return whether a recipe moves the outputs of a trained model beyond its limit."""
    # The weights of int4 have 16 values; the forecasters bear that, and two others on these four rows.
    return recipe == "int4" and not model.startswith(("segrnn", "gru_detector_speech_16k", "lstm_pronouncer"))


def draw_calibration(task: Task) -> list[zoo.Sample]:
    """Return other rows than the samples, of the first batch with enough steps: the shortest texts have one each."""
    for batch in task.validation_batches():
        input, lengths = batch.input[HALF : 2 * HALF, :SAMPLE_STEPS], batch.lengths
        if lengths is None:
            return [zoo.Sample("real", input)]
        lengths = lengths[HALF : 2 * HALF].clamp(max=SAMPLE_STEPS)
        if int(lengths.sum()) >= ENOUGH:
            return [zoo.Sample("real", input[:, : int(lengths.max())], lengths)]
    raise ValueError("no validation batch has enough steps")


@pytest.mark.parametrize("name", CARDS)
def test_a_trained_model_bears_a_recipe_or_is_refused(name: str) -> None:
    need(find_task(CARDS[name].task).about)
    task = make_task(CARDS[name].task, CARDS[name].task_options)
    (real,) = real_samples(task)
    samples = [zoo.Sample("real", real.input[:HALF], None if real.lengths is None else real.lengths[:HALF])]
    model = zoo.build(name, pretrained=True)
    for recipe in zoo.list_recipes():
        calibration = draw_calibration(task) if recipe == "static_int8" else None
        quantized = zoo.quantize(model, recipe, samples=samples, calibration=calibration, allow_error=True)
        assert quantized.quantization is not None
        assert quantized.quantization.beyond_limit == is_refused(name, recipe), recipe
