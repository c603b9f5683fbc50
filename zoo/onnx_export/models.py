"""Whole models: backbone, head, and what a task does after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from zoo.models.backbone import Backbone
from zoo.models.character_language_model import CharacterLanguageModel
from zoo.models.classifier import SequenceClassifier
from zoo.models.convolutional import ConvolutionalBackbone
from zoo.models.encoder import Encoder
from zoo.models.forecaster import Forecaster
from zoo.models.front_end import TokenFrontEnd
from zoo.models.regressor import SequenceRegressor, StepRegressor
from zoo.models.segment_forecaster import SegmentForecaster
from zoo.models.speech import SpeechBackbone
from zoo.models.tagger import SequenceTagger
from zoo.models.transcriber import Transcriber
from zoo.models.word_tagger import WordTagger
from zoo.onnx_export.attention import add_whole_stack, whole_final
from zoo.onnx_export.convolutions import add_convolutions
from zoo.onnx_export.features import add_ctc_labels, add_front_end, add_linear, add_pooling, add_units
from zoo.onnx_export.graph import Graph, OnnxError
from zoo.onnx_export.segments import add_segment_forecaster
from zoo.onnx_export.speech import add_speech_backbone
from zoo.onnx_export.steps import mask_padding
from zoo.onnx_export.words import add_word_features

Results = tuple[str, list[str]]  # the output, and the states after the last steps
# What a model gives beside its contract, by the name of the output.
Extras = dict[str, str]


def add_model(graph: Graph, model: nn.Module, input: str, lengths: str, states: list[str]) -> tuple[Results, Extras]:
    """Add a model of the zoo.

    Args:
        graph: where it goes.
        model: one that `check_writable` accepts, in eval mode, on the CPU.
        input: in the model's layout.
        lengths: int64 (B,).
        states: in the order of the model's `state_names`.

    Raises:
        OnnxError: a part of it cannot be expressed in ONNX.
    """
    return WRITERS[type(model)](graph, model, input, lengths, states)


def _add_backbone(graph: Graph, name: str, module: Any, input: str, lengths: str, states: list[str]) -> Results:
    """Add a backbone: the input, in the caller's layout, becomes features (B, T, F), 0 at padded steps."""
    if not module.batch_first:
        tokens = isinstance(getattr(module, "front_end", None), TokenFrontEnd)
        input = graph.op("Transpose", input, perm=[1, 0] if tokens else [1, 0, 2])
    if isinstance(module, SpeechBackbone):
        return add_speech_backbone(graph, name, module, input, lengths, states)
    if not isinstance(module, Backbone | ConvolutionalBackbone):
        raise OnnxError(f"{name} is {type(module).__name__}, which has no ONNX form here")
    features = add_front_end(graph, f"{name}.front_end", module.front_end, input, lengths)
    if isinstance(module, Backbone):
        return add_whole_stack(graph, f"{name}.stack", module.stack, features, lengths, states)
    count = module.num_tails
    features = mask_padding(graph, features, lengths)
    patterns, tails = add_convolutions(
        graph, f"{name}.convolutions", module.convolutions, features, lengths, states[:count]
    )
    output, finals = add_whole_stack(graph, f"{name}.stack", module.stack, patterns, lengths, states[count:])
    return output, tails + finals


def _final(graph: Graph, backbone: Any, states: list[str]) -> str:
    before = {SpeechBackbone: 2, ConvolutionalBackbone: getattr(backbone, "num_tails", 0)}.get(type(backbone), 0)
    return whole_final(graph, "backbone.stack", backbone.stack, states[before:])


def _restore(graph: Graph, backbone: Any, output: str, lengths: str) -> str:
    output = mask_padding(graph, output, lengths)
    return output if backbone.batch_first else str(graph.op("Transpose", output, perm=[1, 0, 2]))


def _tagger(graph: Graph, model: Any, input: str, lengths: str, states: list[str], prefix: str = "") -> Any:
    features, finals = _add_backbone(graph, f"{prefix}backbone", model.backbone, input, lengths, states)
    scores = add_linear(graph, f"{prefix}head", model.head, features)
    return (_restore(graph, model.backbone, scores, lengths), finals), {}


def _language_model(graph: Graph, model: Any, input: str, lengths: str, states: list[str]) -> Any:
    return _tagger(graph, model.model, input, lengths, states, "model.")


def _encoder(graph: Graph, model: Any, input: str, lengths: str, states: list[str]) -> Any:
    features, finals = _add_backbone(graph, "backbone", model.backbone, input, lengths, states)
    return (_restore(graph, model.backbone, features, lengths), finals), {}


def _transcriber(graph: Graph, model: Any, input: str, lengths: str, states: list[str]) -> Any:
    features, finals = _add_backbone(graph, "backbone", model.backbone, input, lengths, states)
    log_probs = graph.op("LogSoftmax", add_linear(graph, "head", model.head, features), axis=2)
    extras = {"labels": add_ctc_labels(graph, log_probs, lengths)}
    return (_restore(graph, model.backbone, log_probs, lengths), finals), extras


def _step_regressor(graph: Graph, model: Any, input: str, lengths: str, states: list[str]) -> Any:
    features, finals = _add_backbone(graph, "backbone", model.backbone, input, lengths, states)
    numbers = add_units(graph, "units", model.units, add_linear(graph, "head", model.head, features))
    return (_restore(graph, model.backbone, numbers, lengths), finals), {}


def _classifier(graph: Graph, model: Any, input: str, lengths: str, states: list[str]) -> Any:
    count = model.num_states
    features, finals = _add_backbone(graph, "backbone", model.backbone, input, lengths, states[:count])
    final = _final(graph, model.backbone, finals)
    pooled, pooling_n = add_pooling(graph, "pooling", model.pooling, features, final, lengths, states[count:])
    return (add_linear(graph, "head", model.head, pooled), finals + pooling_n), {}


def _sequence_regressor(graph: Graph, model: Any, input: str, lengths: str, states: list[str]) -> Any:
    (numbers, finals), extras = _classifier(graph, model, input, lengths, states)
    return (add_units(graph, "units", model.units, numbers), finals), extras


def _forecaster(graph: Graph, model: Any, input: str, lengths: str, states: list[str]) -> Any:
    _, finals = _add_backbone(graph, "backbone", model.backbone, input, lengths, states)
    values = add_linear(graph, "head", model.head, _final(graph, model.backbone, finals))
    steps = graph.reshape(values, 0, model.horizon, model.num_variables)
    return (add_units(graph, "units", model.units, steps), finals), {}


def _word_tagger(graph: Graph, model: Any, input: str, lengths: str, states: list[str]) -> Any:
    features = add_word_features(graph, "words", model.words, mask_padding(graph, input, lengths, "int64"))
    encoded, finals = _add_backbone(graph, "backbone", model.backbone, features, lengths, states)
    return (_restore(graph, model.backbone, add_linear(graph, "head", model.head, encoded), lengths), finals), {}


def _segment_forecaster(graph: Graph, model: Any, input: str, lengths: str, states: list[str]) -> Any:
    return add_segment_forecaster(graph, model, input, lengths), {}


# By the class of a model. Each takes (graph, model, input, lengths, states) and returns results and extras.
WRITERS: dict[type[nn.Module], Callable[..., tuple[Results, Extras]]] = {
    SequenceTagger: _tagger,
    CharacterLanguageModel: _language_model,
    Encoder: _encoder,
    Transcriber: _transcriber,
    SequenceClassifier: _classifier,
    Forecaster: _forecaster,
    SequenceRegressor: _sequence_regressor,
    StepRegressor: _step_regressor,
    WordTagger: _word_tagger,
    SegmentForecaster: _segment_forecaster,
}


def check_writable(model: nn.Module) -> None:
    """Refuse a model that is none of the zoo's.

    Raises:
        OnnxError: it has no row in `WRITERS`.
    """
    if type(model) not in WRITERS:
        able = ", ".join(sorted(kind.__name__ for kind in WRITERS))
        name = getattr(model, "model_name", type(model).__name__)
        raise OnnxError(f"{name} has no ONNX form here; {able} have one")


def zero_states(model: Any) -> list[Tensor]:
    """Return the state (rows, 1, size) with which a model that cannot stream begins; none where it makes its own."""
    if isinstance(model, SegmentForecaster):
        return []
    backbone = model.backbone
    owner: Any = backbone.stack if isinstance(backbone, Backbone) else backbone
    pooling: Any = getattr(model, "pooling", None)
    start: list[Tensor] = owner.zero_state(1, backbone.like)
    return start if pooling is None else start + pooling.zero_state(1, backbone.like)
