"""CNN-LSTM: convolutions against a loop over the steps, chunks against the whole, centred ones, and C++."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.program import Program
from support.real_input import real_batch
from support.small_models import build_small
from torch import Tensor

import zoo

CNN: dict[str, Any] = {"conv_channels": 6, "conv_size": 3, "conv_layers": 2}
CHUNKS = (1, 2, 7, 16)


def convolve_by_hand(convolution: Any, steps: Tensor, before: int) -> Tensor:
    """Return relu(sum over k of W_k x_{t + k - before} + b) for each step of (T, I); outside lie zeros."""
    weight, bias = convolution.weight, convolution.bias
    rows = []
    for t in range(len(steps)):
        total = bias.clone()
        for k in range(weight.size(2)):
            if 0 <= t + k - before < len(steps):
                total += weight[:, :, k] @ steps[t + k - before]
        rows.append(total.relu())
    return torch.stack(rows)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_stack_reads_convolved_steps(bidirectional: bool) -> None:
    model: Any = build_small("cnn_lstm_encoder", **CNN, bidirectional=bidirectional)
    inputs, lengths = real_batch(model.config)
    output, _ = model(inputs, lengths)
    for row, length in enumerate(lengths):
        steps = inputs[row, :length]
        for stage in model.backbone.convolutions.stages:
            steps = convolve_by_hand(stage.convolution, steps, 1 if bidirectional else 2)
        stack = model.backbone.stack
        expected, _ = stack(steps.unsqueeze(0), None, stack.zero_state(1, steps))
        torch.testing.assert_close(output[row, :length], expected[0], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", ["cnn_lstm_classifier", "cnn_gru_tagger", "cnn_lstm_language_model"])
def test_chunks_give_what_the_whole_gives(name: str) -> None:
    model = build_small(name, **CNN)
    inputs, lengths = real_batch(model.config)
    for given in (None, lengths):
        whole, whole_state = model(inputs, given)
        for chunk in CHUNKS:
            state, outputs = model.initial_state(4), []
            for first in range(0, 29, chunk):
                part = inputs[:, first : first + chunk]
                left = None if given is None else (given - first).clamp(0, part.size(1))
                output, state = model(part, left, state)
                outputs.append(output)
            got = torch.cat(outputs, dim=1) if whole.dim() == 3 else outputs[-1]
            torch.testing.assert_close(got, whole, atol=1e-6, rtol=1e-6)
            for a, b in zip(state, whole_state, strict=True):
                torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6)


def test_a_stream_without_its_tail_is_another_one() -> None:
    """The mutant: chunks whose convolutions begin at zeros again."""
    model = build_small("cnn_gru_tagger", **CNN)
    inputs, _ = real_batch(model.config)
    whole, _ = model(inputs)
    _, state = model(inputs[:, :10])
    forgetful = [
        torch.zeros_like(part) if name.startswith("tail") else part
        for name, part in zip(model.state_names, state, strict=True)
    ]
    later, _ = model(inputs[:, 10:], None, forgetful)
    assert (later - whole[:, 10:]).abs().max() > 1e-3


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("batch_first", [True, False])
def test_padding_never_changes_a_result(bidirectional: bool, batch_first: bool) -> None:
    model = build_small("cnn_lstm_classifier", **CNN, bidirectional=bidirectional, batch_first=batch_first)
    inputs, lengths = real_batch(model.config)
    garbage = inputs.clone()
    for row, length in enumerate(lengths):
        garbage[row, length:] = float("nan")
    scores, state = model(garbage if batch_first else garbage.transpose(0, 1), lengths)
    for row, length in enumerate(lengths):
        alone = inputs[row : row + 1, :length]
        expected, expected_state = model(alone if batch_first else alone.transpose(0, 1))
        torch.testing.assert_close(scores[row : row + 1], expected, atol=1e-6, rtol=1e-6)
        for a, b in zip(state, expected_state, strict=True):
            torch.testing.assert_close(a[:, row : row + 1], b, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("cnn_lstm_classifier", {}),
        ("cnn_lstm_tagger", {"bidirectional": True}),
        ("cnn_gru_forecaster", {"batch_first": False, "standardize": True}),
        ("lstm_seq2seq", {"conv_channels": 6}),
    ],
)
def test_cpp_gives_the_python_numbers(name: str, options: dict[str, Any], program: Program, artifact: Path) -> None:
    overrides = {**CNN, **options} if name.startswith("cnn") else options
    zoo.save_artifact(build_small(name, **overrides), artifact)
    program.succeed("verify", artifact)


@pytest.mark.parametrize(
    ("name", "overrides", "words"),
    [
        ("lstm_tagger", {"conv_layers": 2}, "conv_size and conv_layers need conv_channels >= 1"),
        ("cnn_lstm_tagger", {"conv_size": 4, "bidirectional": True}, "conv_size must be odd with bidirectional=True"),
        ("cnn_lstm_tagger", {"conv_layers": 0}, "conv_layers must be a whole number >= 1, got 0"),
        ("gru_classifier_fsdd", {"conv_layers": 2}, "conv_layers must be 1, got 2"),
        ("lstm_tagger_wnut17", {"conv_channels": 8}, "conv_channels must be 0, got 8"),
        ("segrnn_forecaster_etth1_96", {"conv_channels": 8}, "leave the other settings out"),
    ],
)
def test_what_does_not_go_together_is_refused(name: str, overrides: dict[str, Any], words: str) -> None:
    with pytest.raises(zoo.ConfigError, match=words):
        zoo.build(name, **overrides)
