"""Model configurations: frozen, validated once, the only place where a model's sizes are decided."""

from __future__ import annotations

from zoo.config.faults import ConfigError
from zoo.config.forecasting import SegmentForecasterConfig
from zoo.config.recurrent import GATES, Kind, Nonlinearity, RecurrentConfig
from zoo.config.speech import SpeechClassifierConfig, SpeechConfig, SpeechCTCConfig, SpeechDetectorConfig
from zoo.config.tasks import (
    ClassifierConfig,
    CTCConfig,
    EncoderConfig,
    ForecasterConfig,
    HeadConfig,
    LanguageModelConfig,
    Pooling,
    TaggerConfig,
)
from zoo.config.text import CharacterLanguageModelConfig, WordTaggerConfig

__all__ = [
    "GATES",
    "CTCConfig",
    "CharacterLanguageModelConfig",
    "ClassifierConfig",
    "ConfigError",
    "EncoderConfig",
    "ForecasterConfig",
    "HeadConfig",
    "Kind",
    "LanguageModelConfig",
    "Nonlinearity",
    "Pooling",
    "RecurrentConfig",
    "SegmentForecasterConfig",
    "SpeechCTCConfig",
    "SpeechClassifierConfig",
    "SpeechConfig",
    "SpeechDetectorConfig",
    "TaggerConfig",
    "WordTaggerConfig",
]
