"""Model configurations: frozen, validated once, and the only place where the sizes of a model are decided."""

from __future__ import annotations

from zoo.config.cells import CELLS, CellSpec
from zoo.config.faults import ConfigError
from zoo.config.forecasting import SegmentForecasterConfig
from zoo.config.precision import BYTES_PER_WEIGHT, Precision
from zoo.config.recurrent import Nonlinearity, RecurrentConfig
from zoo.config.seq2seq import PronouncerConfig, Seq2SeqConfig
from zoo.config.speech import SpeechClassifierConfig, SpeechConfig, SpeechCTCConfig, SpeechDetectorConfig
from zoo.config.tasks import (
    ClassifierConfig,
    CTCConfig,
    EncoderConfig,
    ForecasterConfig,
    HeadConfig,
    LanguageModelConfig,
    Pooling,
    RegressorConfig,
    TaggerConfig,
)
from zoo.config.tensor_spec import BATCH, SEQ_LEN, TensorSpec
from zoo.config.text import UNKNOWN, CharacterLanguageModelConfig, WordTaggerConfig

__all__ = [
    "BATCH",
    "BYTES_PER_WEIGHT",
    "CELLS",
    "SEQ_LEN",
    "UNKNOWN",
    "CTCConfig",
    "CellSpec",
    "CharacterLanguageModelConfig",
    "ClassifierConfig",
    "ConfigError",
    "EncoderConfig",
    "ForecasterConfig",
    "HeadConfig",
    "LanguageModelConfig",
    "Nonlinearity",
    "Pooling",
    "Precision",
    "PronouncerConfig",
    "RecurrentConfig",
    "RegressorConfig",
    "SegmentForecasterConfig",
    "Seq2SeqConfig",
    "SpeechCTCConfig",
    "SpeechClassifierConfig",
    "SpeechConfig",
    "SpeechDetectorConfig",
    "TaggerConfig",
    "TensorSpec",
    "WordTaggerConfig",
]
