"""What the given input does not show is found with other values: silence, equal rows, states of zeros."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from support.program import BAD_DATA
from support.saved_module import assert_close, run_feed
from support.streaming_models import Bidirectional, StateArgument, SwappedStates
from torch import Tensor, nn


def after_silence() -> Tensor:
    return torch.cat([torch.zeros(1, 60, 6), torch.randn(1, 140, 6)], 1)


class Padded(nn.Module):
    """A convolution that sees the next step."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(6, 6, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.transpose(1, 2)).relu().transpose(1, 2)


class Forgetful(nn.Module):
    """A GRU whose state no argument takes."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


class Centred(nn.Module):
    """Takes away the mean of the steps, or of the rows."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        return (x - x.mean(self.axis, keepdim=True)).tanh()


class Tokens(nn.Module):
    """Takes tokens, of which 0 fills."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 6, padding_idx=0)
        self.rnn = nn.GRU(6, 8, batch_first=True, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(self.embedding(x))[0]


def without_bias(module: nn.Module) -> nn.Module:
    for name, parameter in module.named_parameters():
        if "bias" in name:
            nn.init.zeros_(parameter)
    return module


@pytest.mark.parametrize(
    "make",
    [Padded, Forgetful, lambda: Centred(1), lambda: without_bias(Bidirectional())],
    ids=["convolution", "no_state", "mean", "bidirectional"],
)
@pytest.mark.parametrize("silence", ["first", "everywhere"])
def test_silence_proves_no_chunks(make: Any, silence: str, saved: Any) -> None:
    file, x = saved(make()), after_silence()
    if silence == "everywhere":
        x *= 0  # zeros of both signs
    file.refuse(BAD_DATA, "chunks do not give what the whole gives", x, flags=("--stream", 20))


def test_filling_tokens_prove_no_chunks(saved: Any) -> None:
    tokens = torch.cat([torch.zeros(1, 60, dtype=torch.int64), torch.randint(1, 20, (1, 140))], 1)
    saved(Tokens()).refuse(BAD_DATA, "chunks do not give what the whole gives", tokens, flags=("--stream", 20))


@pytest.mark.parametrize("first", ["zeros", "equal"])
def test_rows_that_are_alike_prove_no_batches(first: str, saved: Any) -> None:
    x = torch.randn(20, 10, 6)
    x[:8] = 0 if first == "zeros" else x[0]
    saved(Centred(0)).refuse(BAD_DATA, "batches do not give what the whole gives", x, flags=("--batch-size", 3))


def test_states_of_zeros_prove_no_links(embedding: Path, saved: Any) -> None:
    file, zeros = saved(without_bias(SwappedStates())), torch.zeros(1, 1, 8)
    inputs = (after_silence(), zeros, zeros)
    file.refuse(BAD_DATA, "(--state RESULT:ARGUMENT)", *inputs, flags=("--stream", 20))
    done = run_feed(embedding / "feed", file, "-", *inputs)
    assert done.returncode == BAD_DATA
    assert "the first chunk does not tell which results are the next states" in done.stderr


class Lengths(nn.Module):
    """Takes lengths from the longest on, and refuses values below zero."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        if bool((x < 0).any()) or bool((lengths[1:] > lengths[:-1]).any()):
            raise ValueError("unfit")
        return self.rnn(x)[0] * (torch.arange(x.size(1)) < lengths[:, None]).unsqueeze(-1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_silence_does_not_refuse_what_is_right(dtype: torch.dtype, saved: Any) -> None:
    torch.set_default_dtype(dtype)
    try:
        file, x = saved(StateArgument()), after_silence().to(dtype)
    finally:
        torch.set_default_dtype(torch.float32)
    for given in (x, 0 * x):
        inputs = (given, torch.zeros(1, 1, 8, dtype=dtype))
        assert_close(file.run(*inputs, flags=("--stream", 20)), file.run(*inputs))


def test_a_model_that_takes_few_values_is_cut(saved: Any) -> None:
    x = torch.rand(20, 10, 6)
    x[:8] = 0
    file, inputs = saved(Lengths()), (x, torch.arange(20, 0, -1).clamp(max=10))
    assert_close(file.run(*inputs, flags=("--batch-size", 3)), file.run(*inputs))


class Cell(nn.Module):
    """An LSTM cell that gives a score for each chunk. The states come back as `order` says."""

    def __init__(self, order: str, only: int = 0) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(6, 8)
        self.order, self.only = order, only

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if self.only > 0 and x.size(1) != self.only:
            raise ValueError("another size")
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
        if self.order == "ch":
            return h.sum(1).sigmoid(), c, h
        return h.sum(1).sigmoid(), h, c


class Packed(nn.Module):
    """The same with both states in one argument, and apart among the results."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(6, 8)

    def forward(self, x: Tensor, hc: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h, c = hc[0], hc[1]
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
        return h.sum(1).sigmoid(), h, c


class Speaker(nn.Module):
    """A result of the form of an argument that is no state; with `only`, chunks of one size."""

    def __init__(self, only: int = 0) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 8)
        self.only = only

    def forward(self, x: Tensor, speaker: Tensor) -> Tensor:
        if self.only > 0 and x.size(1) != self.only:
            raise ValueError("another size")
        return (self.linear(x.mean(1)) + speaker).tanh()


class OneState(nn.Module):
    """forward(x, h) -> (score, h), for chunks of 4 steps."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True)

    def forward(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        if x.size(1) != 4:
            raise ValueError("another size")
        y, h = self.rnn(x, h)
        return y[:, -1].sum(1).sigmoid(), h


EVERY = ("--every-chunk",)
ASK = "nothing tells which results are the next states; say which, or that none is (--state RESULT:ARGUMENT)"


def steps(rows: int = 2) -> Tensor:
    return torch.randn(rows, 24, 6)


def scores(module: nn.Module, x: Tensor, size: int, *states: Tensor, swapped: bool = False) -> Tensor:
    """The first result of each chunk, with the others carried."""
    results = []
    for part in x.split(size, 1):
        score, *states = module(part, *states)
        states = states[::-1] if swapped else states
        results.append(score)
    return torch.stack(results)


@pytest.mark.parametrize("only", [0, 4], ids=["any_size", "one_size"])
def test_every_chunk_takes_no_state_for_another(only: int, saved: Any) -> None:
    module = Cell("ch", only)
    file, inputs = saved(module), (steps(), torch.randn(2, 8), torch.randn(2, 8))
    file.refuse(BAD_DATA, ASK, *inputs, flags=("--stream", 4, *EVERY))
    told = file.run(*inputs, flags=("--stream", 4, *EVERY, "--state", "1:2,2:1"))["0"]
    torch.testing.assert_close(told, scores(module, inputs[0], 4, *inputs[1:], swapped=True))


@pytest.mark.parametrize("size", [1, 4])
def test_every_chunk_loses_no_state_of_another_form(size: int, saved: Any) -> None:
    saved(Packed()).refuse(BAD_DATA, ASK, steps(), torch.randn(2, 2, 8), flags=("--stream", size, *EVERY))


def test_every_chunk_carries_what_is_proved(saved: Any) -> None:
    module = Cell("hc")
    file, inputs = saved(module), (steps(), torch.randn(2, 8), torch.randn(2, 8))
    for size in (1, 4):
        got = file.run(*inputs, flags=("--stream", size, *EVERY))["0"]
        torch.testing.assert_close(got, scores(module, inputs[0], size, *inputs[1:]))


@pytest.mark.parametrize("only", [0, 4], ids=["any_size", "one_size"])
def test_the_only_result_is_no_state(only: int, saved: Any) -> None:
    module = Speaker(only)
    file, inputs = saved(module), (steps(), torch.randn(2, 8))
    expected = torch.stack([module(part, inputs[1]) for part in inputs[0].split(4, 1)])
    for flags in (EVERY, (*EVERY, "--state", "none")):
        torch.testing.assert_close(file.run(*inputs, flags=("--stream", 4, *flags))["output"], expected)


def test_a_state_without_proof_is_taken_aloud(saved: Any) -> None:
    module, inputs = OneState(), (steps(), torch.randn(1, 2, 8))
    file = saved(module)
    got = file.run(*inputs, flags=("--stream", 4, *EVERY))["0"]
    torch.testing.assert_close(got, scores(module, inputs[0], 4, inputs[1]))
    done = file.program(file.path, *file.words(*inputs), "--stream", 4, *EVERY)
    assert done.error.endswith("warning: states are found by their shapes, as the model takes no other chunk: 1:1")


class Encoder(nn.Module):
    """A convolution that sees both sides, before a GRU."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.rnn = nn.Conv1d(6, 6, 5, padding=2), nn.GRU(6, 8, batch_first=True)

    def forward(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        return self.rnn(self.conv(x.transpose(1, 2)).transpose(1, 2), h)


def test_states_that_are_said_are_compared_all_the_same(saved: Any) -> None:
    flags = ("--stream", 4, "--state", "1:1")
    for module, words in (
        (Encoder(), "warning: chunks do not give what the whole gives: result"),
        (StateArgument(), ""),
    ):
        file = saved(module)
        done = file.program.succeed(file.path, *file.words(steps(1), torch.randn(1, 1, 8)), *flags)
        assert (words in done.error) if words else (done.stderr == ""), done


class Unbatched(nn.Module):
    """forward(x) -> y, without rows."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


def test_steps_without_rows_are_cut_where_they_are_said(saved: Any) -> None:
    file, x = saved(Unbatched()), torch.randn(60, 6)
    file.refuse(BAD_DATA, "name the axis of the steps (--time-axis)", x, flags=("--stream", 2))


class Layers(nn.Module):
    """An LSTM of two layers, with or without its state as an argument."""

    def __init__(self, takes_state: bool) -> None:
        super().__init__()
        self.rnn, self.head = nn.LSTM(6, 16, 2, batch_first=True), nn.Linear(16, 3)
        self.takes_state = takes_state

    def forward(self, x: Tensor, h: Tensor | None = None, c: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        if self.takes_state and h is not None and c is not None:
            y, (h, c) = self.rnn(x, (h, c))
        else:
            y, (h, c) = self.rnn(x)
        return self.head(y), h, c


class Score(Layers):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0])


class Pointwise(nn.Module):
    """No step sees another."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(6, 16), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.a(x).relu())


def quantized(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(module.eval(), {nn.LSTM, nn.Linear}, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float16, torch.qint8], ids=["float16", "int8"])
def test_rounding_hides_no_lost_state(dtype: torch.dtype, saved: Any) -> None:
    for seed in range(4):
        torch.manual_seed(seed)
        file = saved(quantized(Score(False), dtype))
        for size in (1, 6):
            file.refuse(BAD_DATA, "chunks do not give what the whole gives", steps(), flags=("--stream", size))


@pytest.mark.parametrize("dtype", [torch.float16, torch.qint8], ids=["float16", "int8"])
def test_rounding_refuses_nothing_right(dtype: torch.dtype, saved: Any) -> None:
    for seed in range(4):
        torch.manual_seed(seed)
        file = saved(quantized(Pointwise(), dtype))
        for size in (1, 6):
            file.run(steps(), flags=("--stream", size))
        file = saved(quantized(Layers(True), dtype))
        file.run(steps(), torch.zeros(2, 2, 16), torch.zeros(2, 2, 16), flags=("--stream", 6))
