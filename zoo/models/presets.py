"""The registered models: every family with every task, at recommended sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from zoo import config as c
from zoo.models.classifier import SequenceClassifier
from zoo.models.encoder import Encoder
from zoo.models.forecaster import Forecaster
from zoo.models.tagger import SequenceTagger
from zoo.models.transcriber import Transcriber
from zoo.registry import register_model

# The fields that make a family. Residual connections help from three layers on.
FAMILIES: dict[str, dict[str, Any]] = {
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "rnn": {"cell": "rnn"},
    "rnn_relu": {"cell": "rnn", "nonlinearity": "relu"},
    "residual_lstm": {"cell": "lstm", "residual": True, "num_layers": 3, "dropout": 0.2},
    "residual_gru": {"cell": "gru", "residual": True, "num_layers": 3, "dropout": 0.2},
    "residual_rnn": {"cell": "rnn", "residual": True, "num_layers": 3, "dropout": 0.2},
}

# The configuration and the builder that make a task: a new task is one entry. `input_size` depends on the data, so
# users override it; 80 is the usual number of mel bands.
TASKS: dict[str, tuple[c.RecurrentConfig, Callable[[Any], nn.Module]]] = {
    "classifier": (
        c.ClassifierConfig(input_size=16, hidden_size=128, num_layers=2, dropout=0.3, pooling="mean"),
        SequenceClassifier,
    ),
    "tagger": (
        c.TaggerConfig(input_size=100, hidden_size=128, num_layers=2, dropout=0.3, num_classes=17),
        SequenceTagger,
    ),
    "forecaster": (
        c.ForecasterConfig(input_size=7, hidden_size=128, num_layers=2, dropout=0.2, horizon=24, num_variables=7),
        Forecaster,
    ),
    "ctc": (
        c.CTCConfig(input_size=80, hidden_size=512, num_layers=3, dropout=0.2, num_labels=29),
        Transcriber,
    ),
    "language_model": (
        c.LanguageModelConfig(input_size=128, hidden_size=512, num_layers=2, dropout=0.3, vocab_size=256),
        SequenceTagger,
    ),
    "encoder": (c.EncoderConfig(input_size=64, hidden_size=256, num_layers=2, dropout=0.2), Encoder),
}


def register_presets() -> None:
    """Register every `<family>_<task>`."""
    for family, traits in FAMILIES.items():
        for task, (config, builder) in TASKS.items():
            register_model(f"{family}_{task}", config.replace(**traits), builder)
