"""Configurations refuse what no model can be built from, and name every fault at once."""

import dataclasses
import json

import numpy as np
import pytest

from zoo.config import (
    ClassifierConfig,
    ConfigError,
    LanguageModelConfig,
    PronouncerConfig,
    RecurrentConfig,
    WordTaggerConfig,
)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"cell": "transformer"}, "cell must be one of lstm, gru, rnn"),
        ({"cell": ["gru"]}, "cell must be one of lstm, gru, rnn"),
        ({"hidden_size": np.int64(0)}, "hidden_size must be a whole number >= 1, got 0"),
        ({"hidden_size": np.float32(64)}, "hidden_size must be a whole number >= 1, got 64.0"),
        ({"dropout": float("nan"), "num_layers": 2}, "dropout must be in [0, 1)"),
        ({"hidden_size": 0}, "hidden_size must be a whole number >= 1, got 0"),
        ({"hidden_size": 2.5}, "hidden_size must be a whole number"),
        ({"num_layers": True}, "num_layers must be a whole number"),
        ({"proj_size": 128}, "proj_size must be smaller than hidden_size=128, got 128"),
        ({"cell": "gru", "proj_size": 8}, "proj_size is for lstm only"),
        ({"dropout": 0.3}, "dropout acts between layers, so it needs num_layers >= 2"),
        ({"dropout": 1.0, "num_layers": 2}, "dropout must be in [0, 1)"),
        ({"residual": True}, "residual adds from the second layer on"),
        ({"highway": True}, "highway joins from the second layer on"),
        ({"highway": True, "residual": True, "num_layers": 2}, "residual and highway both say how layers are joined"),
        ({"locked_dropout": True, "num_layers": 2}, "locked_dropout says how dropout acts, so it needs dropout > 0"),
        ({"zoneout": 0.1, "proj_size": 8}, "zoneout takes no proj_size, got zoneout=0.1 and proj_size=8"),
        ({"zoneout": 1.0}, "zoneout must be in [0, 1)"),
        ({"batch_norm": 1}, "batch_norm must be True or False"),
        ({"columns": 2}, "columns=2 is for cell='grid_lstm' only, got cell='lstm'"),
        ({"cell": "grid_lstm", "columns": 3}, "input_size must be a multiple of columns=3, got 16"),
        ({"cell": "grid_lstm", "columns": 8, "hidden_size": 12}, "hidden_size must be a multiple of columns=8, got 12"),
        ({"num_clocks": 4}, "num_clocks=4 is for cell='clockwork_rnn' only, got cell='lstm'"),
        ({"cell": "clockwork_rnn", "hidden_size": 6}, "num_clocks must be at most 24 and at most hidden_size=6, got 8"),
        ({"cell": "clockwork_rnn", "num_clocks": 25}, "num_clocks must be at most 24 and at most hidden_size=128"),
        ({"nonlinearity": "relu"}, "is for cell='rnn' only"),
        ({"nonlinearity": "gelu", "cell": "rnn"}, "nonlinearity must be tanh or relu"),
        ({"bidirectional": "yes"}, "bidirectional must be True or False"),
        ({"vocab_size": 0}, "vocab_size must be a whole number >= 1"),
        ({"vocab_size": 9, "standardize": True}, "standardize is for float features"),
    ],
)
def test_impossible_configs_are_refused(fields: dict[str, object], fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RecurrentConfig(**fields)
    assert fault in str(caught.value)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        ClassifierConfig(hidden_size=-1, num_classes=0, head_dropout=2.0, pooling="median")
    for part in ("hidden_size", "num_classes", "head_dropout", "pooling"):
        assert part in str(caught.value)


def test_a_language_model_needs_tokens_and_one_direction() -> None:
    with pytest.raises(ConfigError, match="a language model reads tokens"):
        LanguageModelConfig(vocab_size=None)
    with pytest.raises(ConfigError, match="may not see the token it predicts"):
        LanguageModelConfig(bidirectional=True)


def test_configs_are_frozen_and_replace_validates() -> None:
    config = RecurrentConfig(hidden_size=8)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.hidden_size = 9
    assert config.replace(hidden_size=9).hidden_size == 9
    with pytest.raises(ConfigError, match="has no hiden_size; its fields are cell, input_size"):
        config.replace(hiden_size=9)
    with pytest.raises(ConfigError, match="num_layers"):
        config.replace(num_layers=0)
    assert RecurrentConfig(**config.to_dict()) == config


def test_scalars_of_numpy_are_numbers() -> None:
    config = RecurrentConfig(
        hidden_size=np.int64(64), num_layers=np.int32(2), dropout=np.float32(0.125), bidirectional=np.bool_(True)
    )
    assert config == RecurrentConfig(hidden_size=64, num_layers=2, dropout=0.125, bidirectional=True)
    assert json.loads(json.dumps(config.to_dict())) == config.to_dict()


def test_names_are_strings() -> None:
    for config, field in ((WordTaggerConfig, "tags"), (PronouncerConfig, "phonemes")):
        for value in (3, "abc", (1, 2)):
            with pytest.raises(ConfigError, match=f"{field} must be a tuple of names"):
                config(**{field: value})


def test_what_acts_between_layers_lapses_with_one_layer_unless_it_is_given() -> None:
    config = RecurrentConfig(num_layers=2, dropout=0.3, locked_dropout=True, residual=True)
    one = config.replace(num_layers=1)
    assert (one.dropout, one.locked_dropout, one.residual, one.highway) == (0, False, False, False)
    assert config.replace(num_layers=3).dropout == 0.3
    with pytest.raises(ConfigError, match="dropout acts between layers, so it needs num_layers >= 2"):
        config.replace(num_layers=1, dropout=0.3)
