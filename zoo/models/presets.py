"""The registered models: every family with every task, at recommended sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from zoo import config as c
from zoo.config.cells import WRITTEN_CELLS, CellSpec, find_cell_spec
from zoo.models.cells import CELL_FACTORIES, CellFactory
from zoo.models.classifier import SequenceClassifier
from zoo.models.encoder import Encoder
from zoo.models.forecaster import Forecaster
from zoo.models.pronouncer import Pronouncer
from zoo.models.regressor import make_regressor
from zoo.models.seq2seq import Seq2Seq
from zoo.models.tagger import SequenceTagger
from zoo.models.transcriber import Transcriber
from zoo.registry import register_model

# The fields that make a family. Residual connections help from three layers on, highways from four.
FAMILIES: dict[str, dict[str, Any]] = {
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "rnn": {"cell": "rnn"},
    "rnn_relu": {"cell": "rnn", "nonlinearity": "relu"},
    "residual_lstm": {"cell": "lstm", "residual": True, "num_layers": 3, "dropout": 0.2},
    "residual_gru": {"cell": "gru", "residual": True, "num_layers": 3, "dropout": 0.2},
    "residual_rnn": {"cell": "rnn", "residual": True, "num_layers": 3, "dropout": 0.2},
    "highway_lstm": {"cell": "lstm", "highway": True, "num_layers": 4, "dropout": 0.2},
    "highway_gru": {"cell": "gru", "highway": True, "num_layers": 4, "dropout": 0.2},
    "batch_norm_lstm": {"cell": "lstm", "batch_norm": True},
    **{cell: {"cell": cell} for cell in WRITTEN_CELLS},
}

# Families with something before or after the recurrent stack. Their tests are in files of their own.
HYBRID_FAMILIES: dict[str, dict[str, Any]] = {
    "cnn_lstm": {"cell": "lstm", "conv_channels": 64},
    "cnn_gru": {"cell": "gru", "conv_channels": 64},
    "transformer_lstm": {"cell": "lstm", "attention_window": 64},
    "transformer_gru": {"cell": "gru", "attention_window": 64},
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
    "regressor": (
        c.RegressorConfig(input_size=16, hidden_size=128, num_layers=2, dropout=0.3, pooling="mean"),
        make_regressor,
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

# Tasks that two families have: their models are large, and attention does most of what another cell would do.
SEQ2SEQ = c.Seq2SeqConfig(input_size=80, hidden_size=256, num_layers=2, dropout=0.3, head_dropout=0.3)
PRONOUNCER = c.PronouncerConfig(
    input_size=64, hidden_size=192, num_layers=2, dropout=0.2, head_dropout=0.2, num_labels=70, max_labels=32
)
WHOLE_MODELS: dict[str, tuple[c.RecurrentConfig, Callable[[Any], nn.Module]]] = {
    "lstm_seq2seq": (SEQ2SEQ, Seq2Seq),
    "gru_seq2seq": (SEQ2SEQ.replace(cell="gru"), Seq2Seq),
    "lstm_pronouncer": (PRONOUNCER, Pronouncer),
    "gru_pronouncer": (PRONOUNCER.replace(cell="gru"), Pronouncer),
}


def register_family(family: str, traits: dict[str, Any]) -> None:
    """Register `<family>_<task>` for every task, with the fields that make the family."""
    for task, (config, builder) in TASKS.items():
        register_model(f"{family}_{task}", config.replace(**traits), builder)


def register_presets() -> None:
    """Register every `<family>_<task>`, and the whole models."""
    for family, traits in {**FAMILIES, **HYBRID_FAMILIES}.items():
        register_family(family, traits)
    for name, (config, builder) in WHOLE_MODELS.items():
        register_model(name, config, builder)


def register_cell(name: str, spec: CellSpec, factory: CellFactory) -> None:
    """Make a cell of your own a family: `build("<name>_<task>")` for every task, and `cell=name` in a configuration.

    Args:
        name: letters, digits and underscores; not a cell yet.
        spec: names of its gates and of its state tensors, and whether it has biases. It cannot have `nonlinearities`
            or a projection.
        factory: makes the module from (input_size, hidden_size, bias); `zoo.models.cells` describes the module.

    Raises:
        ConfigError: the name is taken or has other characters, or the spec has options that a cell of one's own
            cannot have. Building a model raises it where the cell's biases are not as the spec says.
    """
    if not name.isidentifier():
        raise c.ConfigError(f"a cell's name is letters, digits and underscores, got {name!r}")
    if find_cell_spec(name) is not None or name in {**FAMILIES, **HYBRID_FAMILIES}:
        raise c.ConfigError(f"cell {name!r} is registered already; choose another name")
    if spec.nonlinearities or spec.projects or not spec.state_names:
        raise c.ConfigError(f"cell {name!r} needs state_names, and takes no nonlinearities and no projects; got {spec}")
    WRITTEN_CELLS[name] = spec
    CELL_FACTORIES[name] = factory
    register_family(name, {"cell": name, "bias": spec.biases})
