"""The recipe of the vowels' classifier, made small: what tests of training train."""

from __future__ import annotations

from support.data_sets import need
from zoo.training.recipe import Recipe, read_recipe
from zoo.training.tasks.japanese_vowels import SOURCE

VOWELS = "gru_classifier_japanese_vowels"


def read_vowels(*overrides: str, accelerator: str = "cpu") -> Recipe:
    """Return the recipe with 8 units and its fast overrides; the caller's come last."""
    need(SOURCE)
    small = ["model.overrides.hidden_size=8", f"training.accelerator={accelerator}"]
    return read_recipe(VOWELS, [*small, *overrides], fast=True)
