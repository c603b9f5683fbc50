"""Poolings: rows without a step, and attention's weights over the valid steps and the same mean from chunks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.program import Program
from support.small_models import build_small
from torch import Tensor, nn

import zoo
from zoo.config.tasks import POOLINGS

ATTENTIONS = ["additive_attention", "dot_product_attention"]


def make_input() -> tuple[Tensor, Tensor]:
    return torch.randn(3, 21, 12, generator=torch.Generator().manual_seed(0)), torch.tensor([21, 1, 13])


def enlarge_scores(model: Any, largest: float) -> None:
    """Multiply the last weights so that the largest score of `make_input()` is this."""
    scores = model.pooling.scores
    last = scores.query if hasattr(scores, "query") else scores.vector
    features, _ = model.backbone(*make_input(), None)
    last.weight *= largest / scores(features).max()


@pytest.mark.parametrize("pooling", ATTENTIONS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_pooled_vector_is_the_mean_by_the_weights(pooling: str, bidirectional: bool) -> None:
    model = build_small("gru_classifier", pooling=pooling, bidirectional=bidirectional)
    enlarge_scores(model, 5.0)
    inputs, lengths = make_input()
    weights = zoo.attention_weights(model, inputs, lengths)  # (B, T)
    torch.testing.assert_close(weights.sum(1), torch.ones(3))
    assert weights[0].std() > 1e-3  # uniform weights would pass all that follows
    assert not weights[1, 1:].any()
    assert not weights[2, 13:].any()
    features, _ = model.backbone(inputs, lengths, None)
    expected = model.head(torch.einsum("bt,btf->bf", weights, features))
    torch.testing.assert_close(model(inputs, lengths)[0], expected)


def test_the_scores_are_those_of_the_papers() -> None:
    inputs, _ = make_input()
    additive = build_small("gru_classifier", pooling="additive_attention")
    features, _ = additive.backbone(inputs, None, None)
    scores = additive.pooling.scores
    expected = torch.tanh(features @ scores.hidden.weight.T + scores.hidden.bias) @ scores.vector.weight.T
    torch.testing.assert_close(zoo.attention_weights(additive, inputs), expected.softmax(1).squeeze(2))
    dot = build_small("gru_classifier", pooling="dot_product_attention")
    features, _ = dot.backbone(inputs, None, None)
    query, key = dot.pooling.scores.query.weight, dot.pooling.scores.key.weight
    whole = nn.functional.scaled_dot_product_attention(query, features @ key.T, features)  # (B, 1, F)
    torch.testing.assert_close(dot(inputs)[0], dot.head(whole.squeeze(1)))


@pytest.mark.parametrize("pooling", ATTENTIONS)
def test_chunks_give_the_whole_also_where_scores_are_large(pooling: str) -> None:
    """exp(100) is beyond float32: the running softmax has to subtract the largest score."""
    model: Any = build_small("lstm_classifier", pooling=pooling)
    inputs, lengths = make_input()
    enlarge_scores(model, 200.0)
    whole = model(inputs, lengths)
    state = model.initial_state(3)
    for first in range(0, 21, 4):
        output, state = model(inputs[:, first : first + 4], (lengths - first).clamp(0, min(4, 21 - first)), state)
    torch.testing.assert_close(output, whole[0], atol=1e-5, rtol=1e-5)
    assert state[-3].max() > 150
    for got, want in zip(state, whole[1], strict=True):
        torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-3)


@pytest.mark.autograd
def test_attention_finds_the_step_that_decides() -> None:
    """The class is the sign of the one step that is marked: only its weight may be large."""
    torch.manual_seed(0)
    model: Any = zoo.build("gru_classifier", input_size=2, hidden_size=16, num_classes=2, num_layers=1, dropout=0.0,
                           pooling="additive_attention").train()  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(150):
        inputs, marked, target = marked_steps(64)
        loss = nn.functional.cross_entropy(model(inputs)[0], target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    inputs, marked, target = marked_steps(200)
    model.eval()
    with torch.no_grad():
        assert (model(inputs)[0].argmax(1) == target).float().mean() > 0.95
        weights = zoo.attention_weights(model, inputs)
    assert (weights.argmax(1) == marked).float().mean() > 0.9


def marked_steps(rows: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return input (rows, 20, 2) with noise and a mark, the marked step, and whether the noise is positive there."""
    noise, marked = torch.randn(rows, 20), torch.randint(0, 20, (rows,))
    mark = nn.functional.one_hot(marked, 20).float()
    target = (noise.gather(1, marked.unsqueeze(1)).squeeze(1) > 0).long()
    return torch.stack([noise, mark], dim=2), marked, target


def test_a_model_without_attention_is_refused() -> None:
    with pytest.raises(ValueError, match=r"pooling='mean'.*additive_attention, dot_product_attention"):
        zoo.attention_weights(build_small("gru_classifier", pooling="mean"), make_input()[0])
    with pytest.raises(ValueError, match="SequenceTagger has no pooling"):
        zoo.attention_weights(build_small("gru_tagger"), make_input()[0])


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_row_without_a_step_keeps_its_state(pooling: str, program: Program, artifact: Path, tmp_path: Path) -> None:
    """Python, ONNX Runtime and C++ agree on it; a golden sample may have such a row."""
    model: Any = build_small("lstm_classifier", pooling=pooling)
    inputs, lengths = make_input()[0], torch.tensor([0, 21, 3])
    output, state = model(inputs, lengths)
    torch.testing.assert_close(output[0], model.head.bias)
    torch.testing.assert_close(output[1:], model(inputs[1:], lengths[1:])[0])
    for got, start in zip(state, model.initial_state(3), strict=True):
        torch.testing.assert_close(got[:, 0], start[:, 0])
    before, carried = model(inputs)
    after, kept = model(inputs, torch.zeros(3, dtype=torch.int64), carried)
    torch.testing.assert_close(after, before)
    torch.testing.assert_close(kept, carried)

    samples = [zoo.Sample("a row without a step", inputs, lengths)]
    zoo.save_artifact(model, artifact, samples=samples)
    program.succeed("verify", artifact)
    np.save(tmp_path / "input.npy", inputs.numpy())
    np.save(tmp_path / "lengths.npy", lengths.numpy())
    for way in ([], ["--engine", "aten"], ["--stream", 4], ["--batch-size", 1]):
        got = program.output(
            artifact, tmp_path / "input.npy", "--lengths", tmp_path / "lengths.npy", *way, folder=tmp_path
        )
        np.testing.assert_allclose(got, output.numpy(), atol=1e-6, rtol=1e-6)
    zoo.export_onnx(model, tmp_path / "model.onnx", samples=samples)
    loaded = zoo.load_onnx(tmp_path / "model.onnx")
    torch.testing.assert_close(loaded(inputs, lengths)[0], output, atol=1e-6, rtol=1e-5)
