"""Encoder-decoders: attention and beam search against their definitions, padding, training, and decoding in C++."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.healthy_models import sharpen
from support.program import BAD_DATA, USAGE, Program
from torch import Tensor, nn

import zoo
from zoo.models.attention import AdditiveAttention, DotProductAttention

ATTENTIONS = ["additive", "dot_product"]
LENGTHS = torch.tensor([9, 4, 7])


def build_decoder(name: str = "lstm_seq2seq", scale: float = 3.0, **overrides: Any) -> Any:
    """Build a small model whose weights are as large as training makes them, so that its labels are no ties."""
    sizes = {"hidden_size": 20, "num_layers": 1, "dropout": 0.0, "label_size": 7, "max_labels": 12}
    sizes |= {"num_labels": 11} if name.endswith("seq2seq") else {}
    sizes |= {"input_size": 12} if name.endswith("seq2seq") else {}
    return sharpen(zoo.build(name, **{**sizes, **overrides}), scale)


def make_input() -> Tensor:
    return torch.randn(3, 9, 12, generator=torch.Generator().manual_seed(0))


def follow(model: Any, row: Tensor, labels: list[int]) -> Tensor:
    """Return the log-probabilities (labels + 1, num_labels) of one row (1, T, F), label after label."""
    keys, memory, absent, state = model._read(row, None)
    steps = []
    for label in [-1, *labels]:
        log_probs, state = model.decoder(torch.tensor([[label + 1]]), keys, memory, absent, state)
        steps.append(log_probs[0, 0])
    return torch.stack(steps)


def log_probs_of(model: Any, row: Tensor, labels: list[int]) -> Tensor:
    """Return the log-probabilities of one row's labels (labels,), of which the last may be -1, the end."""
    steps = follow(model, row, labels[:-1])
    return steps.gather(1, torch.tensor(labels).unsqueeze(1) + 1).squeeze(1)


def test_dot_product_attention_is_torchs() -> None:
    attention = DotProductAttention(6, 5, 8)
    query, memory = torch.randn(2, 3, 6), torch.randn(2, 4, 5)
    absent = torch.tensor([[False, False, True, True], [False] * 4])
    expected = nn.functional.scaled_dot_product_attention(
        query @ attention.query.weight.T, memory @ attention.key.weight.T, memory, attn_mask=~absent.unsqueeze(1)
    )
    torch.testing.assert_close(attention(query, attention.keys(memory), memory, absent), expected)


def test_additive_attention_is_the_papers() -> None:
    attention = AdditiveAttention(6, 5, 8)
    query, memory = torch.randn(2, 3, 6), torch.randn(2, 4, 5)
    absent = torch.tensor([[False, False, True, True], [False] * 4])
    got = attention(query, attention.keys(memory), memory, absent)
    for row, steps in enumerate((2, 4)):
        for u in range(3):
            scores = [
                attention.vector(torch.tanh(attention.query(query[row, u]) + attention.key(h))) for h in memory[row]
            ]
            weights = torch.cat(scores[:steps]).softmax(0)
            torch.testing.assert_close(got[row, u], weights @ memory[row, :steps])


def test_a_row_without_steps_has_no_context() -> None:
    attention = DotProductAttention(6, 5, 8)
    memory = torch.zeros(1, 4, 5)  # padded steps of an encoder are 0
    context = attention(torch.randn(1, 1, 6), attention.keys(memory), memory, torch.ones(1, 4, dtype=torch.bool))
    assert torch.equal(context, torch.zeros(1, 1, 5))


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("name", ["lstm_seq2seq", "gru_seq2seq"])
def test_greedy_takes_the_likeliest_label_at_each_step(name: str, attention: str) -> None:
    model = build_decoder(name, attention=attention, decoder_layers=2)
    inputs = make_input()
    labels, state = model(inputs)
    assert labels.shape == (3, 12)
    for row in range(3):
        expected: list[int] = []
        while len(expected) < 12 and (not expected or expected[-1] >= 0):
            expected.append(int(follow(model, inputs[row : row + 1], expected)[-1].argmax()) - 1)
        assert labels[row].tolist() == expected + [-1] * (12 - len(expected))
        chances = log_probs_of(model, inputs[row : row + 1], expected)
        torch.testing.assert_close(state[0][0, row], nn.functional.pad(chances, (0, 12 - len(expected))))


def test_known_labels_at_once_give_what_they_give_one_after_the_other() -> None:
    model = build_decoder()
    inputs, labels = make_input(), torch.tensor([[3, 0, 5], [9, -1, -1], [1, 1, -1]])
    log_probs = model.log_probs(inputs, LENGTHS, labels)
    assert log_probs.shape == (3, 4, 11)
    for row, (known, length) in enumerate(([[3, 0, 5], 9], [[9], 4], [[1, 1], 7])):  # type: ignore[misc]
        expected = follow(model, inputs[row : row + 1, :length], known)
        torch.testing.assert_close(log_probs[row, : len(known) + 1], expected)


def test_a_wide_beam_finds_the_likeliest_of_all_outputs() -> None:
    model = build_decoder(scale=1.5, num_labels=3, max_labels=4)
    outputs = [[*o, -1] for n in range(4) for o in product([0, 1], repeat=n)] + [
        list(o) for o in product([0, 1], repeat=4)
    ]
    differ = 0
    for row in torch.randn(8, 5, 12, generator=torch.Generator().manual_seed(0)).split(1):
        totals = torch.stack([log_probs_of(model, row, output).sum() for output in outputs])
        best = outputs[int(totals.argmax())]
        labels, log_probs = model.search(row, 81)
        assert labels[0].tolist() == best + [-1] * (4 - len(best))
        torch.testing.assert_close(log_probs.sum(), totals.max())
        differ += not torch.equal(labels, model.search(row, 1)[0])
    assert differ, "greedy finds the same: the beam was not needed"


@pytest.mark.parametrize("beam_size", [1, 3])
def test_padding_and_company_change_nothing(beam_size: int) -> None:
    model = build_decoder(beam_size=beam_size)
    inputs = make_input()
    garbage = inputs.clone()
    for row, length in enumerate(LENGTHS):
        garbage[row, length:] = float("nan")
    labels, state = model(garbage, LENGTHS)
    for row, length in enumerate(LENGTHS):
        alone, alone_state = model(inputs[row : row + 1, :length])
        assert torch.equal(labels[row : row + 1], alone)
        torch.testing.assert_close(state[0][:, row : row + 1], alone_state[0])
    assert not torch.equal(labels, model(inputs)[0]), "lengths decide nothing here"
    model.encoder.batch_first = False
    assert torch.equal(model(garbage.transpose(0, 1), LENGTHS)[0], labels)


@pytest.mark.autograd
def test_it_learns_to_turn_a_sequence_round() -> None:
    generator = torch.Generator().manual_seed(0)
    sizes = {"input_size": 16, "hidden_size": 32, "num_layers": 1, "dropout": 0.0, "num_labels": 7}
    model: Any = zoo.build("gru_seq2seq", vocab_size=6, **sizes).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(150):
        tokens = torch.randint(0, 6, (32, 5), generator=generator)
        log_probs = model.log_probs(tokens, None, tokens.flip(1))
        target = torch.cat([tokens.flip(1) + 1, torch.zeros(32, 1, dtype=torch.int64)], 1)
        loss = nn.functional.nll_loss(log_probs.flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    tokens = torch.randint(0, 6, (50, 5), generator=generator)
    written = model.eval()(tokens)[0][:, :6]
    right = (written == torch.cat([tokens.flip(1), torch.full((50, 1), -1)], 1)).all(1)
    assert float(right.double().mean()) > 0.9


@pytest.mark.parametrize(
    ("name", "attention", "beam_size"),
    [("lstm_seq2seq", "dot_product", 1), ("gru_seq2seq", "additive", 1), ("gru_seq2seq", "dot_product", 3)],
)
def test_cpp_writes_the_same_labels(
    name: str, attention: str, beam_size: int, program: Program, artifact: Path, tmp_path: Path
) -> None:
    model = build_decoder(name, attention=attention, beam_size=beam_size, decoder_layers=2, num_layers=2)
    saved = zoo.save_artifact(model, artifact)
    assert saved.rows_independent
    report = program.succeed("verify", artifact, "--json").json
    assert [check["name"].partition(": ")[2] for check in report["checks"]] == [
        "whole",
        "rows alone",
        "stacked twice",
    ] * 4
    np.save(tmp_path / "input.npy", make_input().numpy())
    np.save(tmp_path / "lengths.npy", LENGTHS.numpy())
    got = program.output(artifact, tmp_path / "input.npy", "--lengths", tmp_path / "lengths.npy", folder=tmp_path)
    assert np.array_equal(got, model(make_input(), LENGTHS)[0])
    searched = [artifact, "--method", "search", tmp_path / "input.npy", "int:4", tmp_path / "lengths.npy"]
    program.succeed(*searched, "-o", tmp_path / "found.npy")
    labels, log_probs = model.search(make_input(), 4, LENGTHS)
    assert np.array_equal(np.load(tmp_path / "found.0.npy"), labels)
    np.testing.assert_allclose(np.load(tmp_path / "found.1.npy"), log_probs, atol=1e-5)


class FarSighted(nn.Module):
    """A mutant: attention that takes padding for steps."""

    def __init__(self, attention: DotProductAttention) -> None:
        super().__init__()
        self.attention = attention

    @torch.jit.export
    def keys(self, memory: Tensor) -> Tensor:
        return self.attention.keys(memory)

    def forward(self, query: Tensor, keys: Tensor, memory: Tensor, absent: Tensor) -> Tensor:
        return self.attention(query, keys, memory, torch.zeros_like(absent))


def test_attention_to_padding_is_found_before_a_file_is_written(artifact: Path) -> None:
    model = build_decoder()
    model.decoder.attention = FarSighted(model.decoder.attention)
    with pytest.raises(zoo.ContractError, match="something else for a row of the padded sample 'padded_batch' than"):
        zoo.save_artifact(model, artifact)
    assert not artifact.exists()


def test_what_makes_no_sense_is_refused(program: Program, artifact: Path, tmp_path: Path) -> None:
    model = build_decoder()
    with pytest.raises(ValueError, match="takes no state"):
        model(make_input(), None, [torch.zeros(1, 3)])
    with pytest.raises(RuntimeError, match="it has no state to carry on"):
        model.initial_state(1)
    with pytest.raises(ValueError, match="beam_size must be at least 1; got 0"):
        model.search(make_input(), 0)
    with pytest.raises(zoo.ConfigError, match="attention must be one of additive, dot_product, got 'dot'"):
        zoo.build("lstm_seq2seq", attention="dot")
    zoo.save_artifact(model, artifact)
    np.save(tmp_path / "input.npy", make_input().numpy())
    outcome = program(artifact, tmp_path / "input.npy", "--stream", 3)
    assert (outcome.status, "is not: it has no initial state, as where steps depend" in outcome.error) == (USAGE, True)
    outcome = program(artifact, "--method", "search", tmp_path / "input.npy", "int:0")
    assert (outcome.status, "beam_size must be at least 1; got 0" in outcome.error) == (BAD_DATA, True)


def test_words_are_pronounced_alike_in_cpp(program: Program, artifact: Path, tmp_path: Path) -> None:
    phonemes = tuple(f"P{k}" for k in range(10))
    model = build_decoder("lstm_pronouncer", num_labels=11, phonemes=phonemes)
    words = ["tomato", "Tomato", "o'clock"]
    said = [model.pronounce(word, 3) for word in words]
    assert said[0] == said[1] != said[2]
    labels, _ = model.search(torch.tensor([list(b"o'clock")]), 3)
    assert said[2] == " ".join(phonemes[k] for k in labels[0].tolist() if k >= 0)
    zoo.save_artifact(model, artifact)
    program.succeed("verify", artifact)
    for word, expected in zip(words, said, strict=True):
        program.succeed(artifact, "--method", "pronounce", f"str:{word}", "int:3", "-o", tmp_path / "said.bin")
        assert (tmp_path / "said.bin").read_text() == expected
    for word, message in (
        ("caf\N{LATIN SMALL LETTER E WITH ACUTE}", "letter 3 of the word is not ASCII"),
        ("", "at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            model.pronounce(word, 1)
        outcome = program(artifact, "--method", "pronounce", f"str:{word}", "int:1")
        assert (outcome.status, message in outcome.error) == (BAD_DATA, True)
    nameless = build_decoder("gru_pronouncer")
    zoo.save_artifact(nameless, artifact)
    assert nameless.pronounce("a", 1).split()[0] == str(int(nameless.search(torch.tensor([[97]]), 1)[0][0, 0]) + 1)
    with pytest.raises(zoo.ConfigError, match="a name for each of num_labels - 1 = 69 labels, got 10"):
        zoo.build("lstm_pronouncer", phonemes=phonemes)
