"""The trained models, named `<family>_<task>_<data set>`: configurations, and weights where they are shipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from zoo import config as c
from zoo.models.character_language_model import CharacterLanguageModel
from zoo.models.classifier import SequenceClassifier
from zoo.models.presets import PRONOUNCER
from zoo.models.pronouncer import Pronouncer
from zoo.models.segment_forecaster import SegmentForecaster
from zoo.models.tagger import SequenceTagger
from zoo.models.transcriber import Transcriber
from zoo.models.word_tagger import WordTagger
from zoo.registry import register_model

PRETRAINED = Path(__file__).parents[1] / "pretrained"

# The same sizes for both, so that the training of the second can start from the first.
ENGLISH_TAGGER = c.WordTaggerConfig(
    cell="lstm",
    input_size=64,
    hidden_size=160,
    num_layers=2,
    bidirectional=True,
    dropout=0.4,
    head_dropout=0.4,
    input_dropout=0.3,
    character_size=32,
    character_hidden_size=96,
)

DIGITS = c.SpeechClassifierConfig(
    cell="gru", hidden_size=96, num_layers=2, dropout=0.2, head_dropout=0.2, num_classes=10, pooling="mean"
)

SPEECH = c.SpeechDetectorConfig(
    cell="gru",
    input_size=256,
    window_size=384,
    hidden_size=64,
    num_layers=2,
    dropout=0.1,
    conv_channels=48,
    num_classes=1,
    power_floor=1e-9,
)

# The experiment of the same name in zoo/training/experiments trains each.
TRAINED: dict[str, tuple[Any, Callable[[Any], nn.Module]]] = {
    "gru_classifier_japanese_vowels": (
        c.ClassifierConfig(
            cell="gru",
            input_size=12,
            hidden_size=64,
            bidirectional=True,
            standardize=True,
            head_dropout=0.3,
            num_classes=9,
            pooling="last",
        ),
        SequenceClassifier,
    ),
    "gru_classifier_names": (
        # Each name is read as UTF-8 bytes.
        c.ClassifierConfig(
            cell="gru",
            vocab_size=256,
            input_size=32,
            hidden_size=256,
            bidirectional=True,
            head_dropout=0.3,
            num_classes=18,
            pooling="max",
        ),
        SequenceClassifier,
    ),
    "cnn_lstm_classifier_languages": (
        # Each text is read as UTF-8 bytes.
        c.ClassifierConfig(
            cell="lstm",
            vocab_size=256,
            input_size=48,
            conv_channels=256,
            conv_size=7,
            hidden_size=128,
            bidirectional=True,
            head_dropout=0.1,
            num_classes=23,
            pooling="mean",
        ),
        SequenceClassifier,
    ),
    "gru_classifier_fsdd": (DIGITS, SequenceClassifier),
    # In any room, at any level, by unseen speakers; the last class is what is no digit.
    "gru_classifier_spoken_digits": (
        DIGITS.replace(hidden_size=128, num_classes=11, power_floor=1e-9),
        SequenceClassifier,
    ),
    "gru_ctc_fsdd": (
        c.SpeechCTCConfig(cell="gru", hidden_size=96, num_layers=2, dropout=0.2, head_dropout=0.2, num_labels=11),
        Transcriber,
    ),
    "gru_detector_fsdd": (
        c.SpeechDetectorConfig(cell="gru", hidden_size=96, num_layers=2, dropout=0.2, num_classes=10),
        SequenceTagger,
    ),
    # Whether somebody spoke in the 32 ms before the last ones, at 8 and 16 kHz.
    "gru_detector_speech": (SPEECH, SequenceTagger),
    "gru_detector_speech_16k": (
        SPEECH.replace(sample_rate=16000, input_size=512, window_size=768, num_mels=40),
        SequenceTagger,
    ),
    "lstm_tagger_ud_ewt": (ENGLISH_TAGGER.replace(word_dropout=0.15, num_words=8831, num_classes=17), WordTagger),
    "lstm_tagger_wnut17": (ENGLISH_TAGGER.replace(word_dropout=0.1, num_words=3700, num_classes=13), WordTagger),
    **{
        f"segrnn_forecaster_etth1_{horizon}": (
            c.SegmentForecasterConfig(
                input_size=7,
                num_variables=7,
                # All chosen on validation data.
                hidden_size=192 if horizon == 96 else 256,
                segment_size=24 if horizon == 96 else 48,
                horizon=horizon,
                highway_window=0 if horizon == 96 else 336,
                highway_period=24,
                seasonal_share={336: 0.2, 720: 0.35}.get(horizon, 0.0),
                standardize=True,
                head_dropout=0.5,
            ),
            SegmentForecaster,
        )
        for horizon in (96, 192, 336, 720)
    },
    "lstm_pronouncer_cmudict": (PRONOUNCER.replace(num_labels=70, beam_size=3), Pronouncer),
    "lstm_language_model_shakespeare": (
        c.CharacterLanguageModelConfig(
            cell="lstm", input_size=64, hidden_size=272, num_layers=2, dropout=0.3, head_dropout=0.3
        ),
        CharacterLanguageModel,
    ),
}


def register_trained() -> None:
    """Register every model of the table; without shipped weights, `pretrained=True` is refused."""
    for name, (config, builder) in TRAINED.items():
        folder = PRETRAINED / name
        register_model(name, config, builder, pretrained=str(folder) if folder.is_dir() else None)
