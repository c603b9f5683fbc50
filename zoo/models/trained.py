"""The trained models: names `<family>_<task>_<data set>`, each with its configuration and its weights, if shipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from zoo import config as c
from zoo.models.character_language_model import CharacterLanguageModel
from zoo.models.classifier import SequenceClassifier
from zoo.registry import register_model

PRETRAINED = Path(__file__).parents[1] / "pretrained"

# The recipe of the same name in zoo/training/recipes trains it.
TRAINED: dict[str, tuple[Any, Callable[[Any], nn.Module]]] = {
    "gru_classifier_japanese_vowels": (
        c.ClassifierConfig(
            kind="gru",
            input_size=12,
            hidden_size=64,
            bidirectional=True,
            standardize=True,
            head_dropout=0.3,
            num_classes=9,
            pooling="mean",
        ),
        SequenceClassifier,
    ),
    "lstm_language_model_shakespeare": (
        c.CharacterLanguageModelConfig(
            kind="lstm", input_size=64, hidden_size=256, num_layers=2, dropout=0.2, head_dropout=0.2
        ),
        CharacterLanguageModel,
    ),
}


def register_trained() -> None:
    """Register every model of the table; one whose weights are not there can be built, not `pretrained=True`."""
    for name, (config, builder) in TRAINED.items():
        folder = PRETRAINED / name
        register_model(name, config, builder, pretrained=str(folder) if folder.is_dir() else None)
