"""Prefix beam search for CTC: against all paths, with an n-gram, in C++; and the n-gram by its definition."""

from __future__ import annotations

import math
from itertools import groupby, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.program import BAD_DATA, Program
from support.small_models import build_small
from torch import Tensor

import zoo
from zoo.artifact import torchscript

TEXTS = [[0, 1, 0, 1], [1, 0, 1], [0, 0], []]


def best_of_all(log_probs: Tensor, ngram: Tensor | None, weight: float, bonus: float) -> tuple[list[int], float]:
    """Return the best labels of (T, labels), from 0, and their score, by adding up every path there is."""
    chances: dict[tuple[int, ...], float] = {}
    for path in product(range(log_probs.size(1)), repeat=len(log_probs)):
        labels = tuple(label for label, _ in groupby(path) if label)
        chance = math.exp(sum(float(log_probs[t, label]) for t, label in enumerate(path)))
        chances[labels] = chances.get(labels, 0.0) + chance

    def score(labels: tuple[int, ...]) -> float:
        total = math.log(chances[labels]) + bonus * len(labels)
        if ngram is not None:
            padded = [0] * (ngram.dim() - 1) + [*labels, 0]
            parts = (tuple(padded[k : k + ngram.dim()]) for k in range(len(labels) + 1))
            total += weight * sum(float(ngram[part]) for part in parts)
        return total

    best = max(chances, key=score)
    return [label - 1 for label in best], score(best)


@pytest.mark.parametrize(("order", "weight", "bonus"), [(0, 1.0, 0.0), (0, 1.0, 0.5), (1, 0.7, 0.4), (3, 1.5, -0.2)])
def test_a_wide_beam_finds_the_best_of_all(order: int, weight: float, bonus: float) -> None:
    ngram = zoo.make_ngram(TEXTS, 3, order) if order else None
    outputs = 1.5 * torch.randn(12, 6, 3, generator=torch.Generator().manual_seed(0))
    labels, scores = zoo.search_ctc(outputs, 200, None, ngram, weight, bonus)
    lengths = (labels >= 0).sum(1)
    assert labels.size(1) == lengths.max()
    for row, output in enumerate(outputs):
        best, score = best_of_all(output.double().log_softmax(1), ngram, weight, bonus)
        assert labels[row, : lengths[row]].tolist() == best
        assert float(scores[row]) == pytest.approx(score, abs=1e-9)


def test_paths_are_added_up() -> None:
    """Two steps of 0.6 for the blank: the likeliest path is empty with 0.36, but three paths spell the label."""
    output = torch.tensor([[[0.6, 0.4], [0.6, 0.4]]]).log()
    assert zoo.decode_ctc(output).shape == (1, 0)
    labels, scores = zoo.search_ctc(output, 2)
    assert labels.tolist() == [[0]]
    assert float(scores.exp()) == pytest.approx(0.64)


def test_a_narrow_beam_gives_up_prefixes() -> None:
    outputs = torch.randn(30, 8, 4, generator=torch.Generator().manual_seed(0))
    narrow, wide = (zoo.search_ctc(outputs, beam_size)[1] for beam_size in (1, 50))
    assert (narrow <= wide + 1e-9).all()
    assert (narrow < wide - 1e-3).any()


def test_padding_and_company_change_nothing() -> None:
    outputs, lengths = torch.randn(3, 12, 5, generator=torch.Generator().manual_seed(0)), torch.tensor([12, 1, 7])
    labels, scores = zoo.search_ctc(outputs, 4, lengths)
    for row, length in enumerate(lengths):
        alone, score = zoo.search_ctc(outputs[row : row + 1, :length], 4)
        assert labels[row].tolist() == alone[0].tolist() + [-1] * (labels.size(1) - alone.size(1))
        assert torch.equal(score, scores[row : row + 1])
    silent = torch.tensor([5.0, 0.0, 0.0]).log_softmax(0).expand(2, 4, 3)
    assert zoo.search_ctc(silent, 4)[0].shape == (2, 0)


def probability(before: list[int], label: int) -> float:
    """Return P(label | the labels before it) by Witten and Bell's recursion, over padded texts."""
    order = len(before) + 1
    padded = [[0, 0, *[k + 1 for k in other], 0] for other in TEXTS]
    windows = [p[k - order + 1 : k + 1] for p in padded for k in range(2, len(p))]
    after = [window[-1] for window in windows if window[:-1] == before]
    shorter = probability(before[1:], label) if before else 1 / 3
    if not after:
        return shorter
    return (after.count(label) + len(set(after)) * shorter) / (len(after) + len(set(after)))


def test_an_n_gram_is_witten_and_bells() -> None:
    table = zoo.make_ngram(TEXTS, 3, 3)
    assert table.shape == (3, 3, 3)
    torch.testing.assert_close(table.exp().sum(-1), torch.ones(3, 3))
    for first, second, label in product(range(3), repeat=3):
        expected = math.log(probability([first, second], label))
        assert float(table[first, second, label]) == pytest.approx(expected, abs=1e-6)


def test_cpp_finds_the_same(program: Program, artifact: Path, tmp_path: Path) -> None:
    model: Any = build_small("gru_ctc", num_labels=4)
    model.head.weight *= 20
    zoo.save_artifact(model, artifact)
    inputs, lengths = torch.randn(3, 20, 12), torch.tensor([20, 5, 13])
    files = {"input": inputs, "lengths": lengths, "ngram": zoo.make_ngram(TEXTS, 4, 2)}
    for name, tensor in files.items():
        np.save(tmp_path / f"{name}.npy", tensor.numpy())
    output, labels = tmp_path / "output.npy", tmp_path / "labels.npy"
    program.succeed(artifact, tmp_path / "input.npy", "--lengths", tmp_path / "lengths.npy", "-o", output)
    for rest in (["int:3"], ["int:3", tmp_path / "lengths.npy", tmp_path / "ngram.npy", "float:0.5", "float:0.25"]):
        program.succeed(artifact, "--method", "search", output, *rest, "-o", labels)
        given = (3,) if len(rest) == 1 else (3, lengths, files["ngram"], 0.5, 0.25)
        expected, scores = model.search(torch.from_numpy(np.load(output)), *given)
        assert np.array_equal(np.load(tmp_path / "labels.0.npy"), expected)
        np.testing.assert_allclose(np.load(tmp_path / "labels.1.npy"), scores, rtol=1e-12)
    outcome = program(artifact, "--method", "search", output, "int:0")
    assert (outcome.status, "beam_size must be at least 1; got 0" in outcome.error) == (BAD_DATA, True)


def test_python_and_torchscript_find_the_same() -> None:
    scripted = torchscript.script(build_small("gru_ctc"))
    outputs = torch.randn(4, 30, 11, generator=torch.Generator().manual_seed(0))
    for got, expected in zip(scripted.search(outputs, 8), zoo.search_ctc(outputs, 8), strict=True):
        assert torch.equal(got, expected)


def test_what_makes_no_sense_is_refused() -> None:
    output = torch.zeros(1, 2, 4)
    with pytest.raises(ValueError, match="beam_size must be at least 1; got 0"):
        zoo.search_ctc(output, 0)
    for weights in ((math.nan, 0.0), (1.0, math.inf)):
        with pytest.raises(ValueError, match="ngram_weight and label_bonus must be finite"):
            zoo.search_ctc(output, 2, None, None, *weights)
    with pytest.raises(ValueError, match="each dimension of the n-gram must have size 4"):
        zoo.search_ctc(output, 2, None, zoo.make_ngram(TEXTS, 3, 2))
    for sequences, sizes, words in (
        ([[0, 2]], (3, 2), r"labels must be whole numbers in 0\.\.1, got 2"),
        ([[0.5]], (3, 2), r"labels must be whole numbers in 0\.\.1, got 0\.5"),
        (["ab"], (3, 2), "each sequence must be a list of labels, got 'ab'"),
        ([0, 1], (3, 2), "each sequence must be a list of labels, got 0"),
        (TEXTS, (3, 0), "an n-gram needs whole numbers order >= 1 and num_labels >= 2, got 0 and 3"),
        (TEXTS, (3.0, 2), "an n-gram needs whole numbers .* got 2 and 3.0"),
        (TEXTS, (100, 10), "a table of 100\\^10 numbers, expected at most 134,217,728; give a smaller order"),
    ):
        with pytest.raises(zoo.ArgumentError, match=words):
            zoo.make_ngram(sequences, *sizes)  # type: ignore[arg-type]
