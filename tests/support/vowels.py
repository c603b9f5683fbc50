"""The experiment of the vowels' classifier, made small: what tests of training train."""

from __future__ import annotations

from support.data_sets import need
from zoo.cli.train import read_override
from zoo.training.experiment import Experiment, read_experiment
from zoo.training.tasks.japanese_vowels import SOURCE

VOWELS = "gru_classifier_japanese_vowels"


def read_vowels(*overrides: str, accelerator: str = "cpu") -> Experiment:
    """Return the experiment with 8 units and its fast overrides; the caller's come last."""
    need(SOURCE)
    small = ["model.overrides.hidden_size=8", f"training.accelerator={accelerator}"]
    return read_experiment(VOWELS, dict(map(read_override, [*small, *overrides])), fast=True)
