"""Transformer-LSTM: attention over a window of the stack's outputs, by its definition, in chunks, and in C++."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.program import Program
from support.real_input import real_batch
from support.small_models import build_small
from torch import Tensor, nn

import zoo

HYBRID: dict[str, Any] = {"attention_window": 6, "num_heads": 2}
CHUNKS = (1, 2, 7, 16)


def build_hybrid(name: str, **overrides: Any) -> Any:
    """Build a small hybrid whose attention is far from even."""
    model: Any = build_small(name, **{**HYBRID, **overrides})
    model.backbone.stack.attention.query_key_value.weight *= 4
    model.backbone.stack.attention.block = 5  # so that sequences of 29 steps have several
    return model


def attend_by_hand(attention: Any, x: Tensor, window: int) -> Tensor:
    """Return the outputs (T, F) of whole steps (T, F) by torch's own attention, head by head."""
    size = x.size(1)
    q, k, v = attention.query_key_value(attention.norm(x)).split(size, 1)
    distance = torch.arange(len(x)).unsqueeze(1) - torch.arange(len(x))
    seen = (distance >= 0) & (distance < window)
    heads = [
        nn.functional.scaled_dot_product_attention(q[:, part], k[:, part], v[:, part], attn_mask=seen)
        for part in torch.arange(size).view(attention.num_heads, -1)
    ]
    x = x + attention.output(torch.cat(heads, dim=1))
    return x + attention.feed_forward(x)


@pytest.mark.parametrize("window", [1, 6, 40])
@pytest.mark.parametrize("options", [{}, {"residual": True}])
def test_attention_is_torchs_over_the_window(window: int, options: dict[str, Any]) -> None:
    model = build_hybrid("transformer_lstm_encoder", attention_window=window, **options)
    inputs, lengths = real_batch(model.config)
    output, state = model(inputs, lengths)
    stack = model.backbone.stack.stack
    for row, length in enumerate(lengths):
        steps = inputs[row : row + 1, :length]
        features, _ = stack(steps, None, stack.zero_state(1, steps))
        expected = attend_by_hand(model.backbone.stack.attention, features[0], window)
        torch.testing.assert_close(output[row, :length], expected, atol=2e-6, rtol=1e-5)
        assert not output[row, length:].any()
        assert state[-1][0, row] == min(int(length), window)
    final = model.backbone.final(state)
    last = output[torch.arange(4), lengths - 1]
    torch.testing.assert_close(final, last, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    "name", ["transformer_lstm_classifier", "transformer_gru_tagger", "transformer_lstm_forecaster"]
)
def test_chunks_give_what_the_whole_gives(name: str) -> None:
    model = build_hybrid(name)
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
            got = torch.cat(outputs, dim=1) if name.endswith("tagger") else outputs[-1]
            torch.testing.assert_close(got, whole, atol=1e-6, rtol=1e-6)
            for a, b in zip(state, whole_state, strict=True):
                torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("lost", ["window", "seen"])
def test_a_stream_that_loses_its_window_is_another_one(lost: str) -> None:
    """The mutants: chunks that attend to nothing before them, or to zeros."""
    model = build_hybrid("transformer_lstm_tagger")
    inputs, _ = real_batch(model.config)
    whole, _ = model(inputs)
    _, state = model(inputs[:, :10])
    kept = [
        torch.zeros_like(part) if name == lost else part for name, part in zip(model.state_names, state, strict=True)
    ]
    assert (model(inputs[:, 10:], None, kept)[0] - whole[:, 10:]).abs().max() > 1e-3


def test_padding_never_changes_a_result() -> None:
    model = build_hybrid("transformer_gru_classifier", pooling="last")
    inputs, lengths = real_batch(model.config)
    garbage = inputs.clone()
    for row, length in enumerate(lengths):
        garbage[row, length:] = float("nan")
    scores, state = model(garbage, lengths)
    for row, length in enumerate(lengths):
        expected, expected_state = model(inputs[row : row + 1, :length])
        torch.testing.assert_close(scores[row : row + 1], expected, atol=1e-6, rtol=1e-6)
        for a, b in zip(state, expected_state, strict=True):
            torch.testing.assert_close(a[:, row : row + 1], b, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("transformer_lstm_classifier", {"pooling": "last"}),
        ("transformer_gru_tagger", {"batch_first": False, "conv_channels": 8}),
    ],
)
def test_cpp_gives_the_python_numbers(name: str, options: dict[str, Any], program: Program, artifact: Path) -> None:
    zoo.save_artifact(build_small(name, **HYBRID, **options), artifact)
    program.succeed("verify", artifact)


def test_memory_does_not_grow_with_the_length_of_a_stream(program: Program, artifact: Path, tmp_path: Path) -> None:
    model = build_small("transformer_gru_classifier", **HYBRID, input_size=1, hidden_size=8, num_layers=1)
    zoo.save_artifact(model, artifact)
    peaks = []
    for steps in (20_000, 200_000):
        np.save(tmp_path / "input.npy", np.zeros((1, steps, 1), dtype=np.float32))
        pid = os.spawnv(
            os.P_NOWAIT, program.path, [program.path, str(artifact), str(tmp_path / "input.npy"), "--stream", "2000"]
        )
        _, status, usage = os.wait4(pid, 0)
        assert status == 0
        peaks.append(usage.ru_maxrss * 1024)
    # The input itself grows by 720,000 bytes, and the outputs of all steps would take 5.8 million.
    assert peaks[1] - peaks[0] < 4_000_000


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"bidirectional": True}, "attention_window looks back only, and bidirectional=True reads both ways"),
        ({"num_heads": 3}, "num_heads must divide the 128 features of a step, got 3"),
        ({"attention_window": 0, "num_heads": 2}, "num_heads needs attention_window >= 1"),
        ({"attention_window": -1}, "attention_window must be a whole number >= 0, got -1"),
    ],
)
def test_what_does_not_go_together_is_refused(overrides: dict[str, Any], words: str) -> None:
    with pytest.raises(zoo.ConfigError, match=words):
        zoo.build("transformer_lstm_tagger", **overrides)
