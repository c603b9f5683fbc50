"""Architectures of the trained models under names without a data set, for training on data of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from zoo import config as c
from zoo.models.character_language_model import CharacterLanguageModel
from zoo.models.classifier import SequenceClassifier
from zoo.models.segment_forecaster import SegmentForecaster
from zoo.models.word_tagger import WordTagger
from zoo.registry import register_model

# What depends on the data, such as the number of classes, is what the task overrides.
TEMPLATES: dict[str, tuple[Any, Callable[[Any], nn.Module]]] = {
    "gru_speech_classifier": (
        c.SpeechClassifierConfig(
            cell="gru", hidden_size=96, num_layers=2, dropout=0.2, head_dropout=0.2, pooling="mean"
        ),
        SequenceClassifier,
    ),
    "lstm_word_tagger": (
        c.WordTaggerConfig(
            cell="lstm",
            input_size=64,
            hidden_size=128,
            num_layers=2,
            bidirectional=True,
            dropout=0.4,
            head_dropout=0.4,
            input_dropout=0.3,
            word_dropout=0.1,
        ),
        WordTagger,
    ),
    "segrnn_forecaster": (
        c.SegmentForecasterConfig(
            input_size=7,
            num_variables=7,
            hidden_size=128,
            horizon=24,
            segment_size=24,
            standardize=True,
            head_dropout=0.5,
        ),
        SegmentForecaster,
    ),
    "lstm_character_language_model": (
        c.CharacterLanguageModelConfig(
            cell="lstm", input_size=64, hidden_size=256, num_layers=2, dropout=0.3, head_dropout=0.3
        ),
        CharacterLanguageModel,
    ),
}


def register_templates() -> None:
    """Register every model of the table."""
    for name, (config, builder) in TEMPLATES.items():
        register_model(name, config, builder)
