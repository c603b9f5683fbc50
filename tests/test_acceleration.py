"""zoo.accelerate: PyTorch's recurrent modules in every form a scripted file has them, before and after the pass."""

from __future__ import annotations

import pytest
import torch
from support.accelerated import EVERY_LAYER, Padded, check, script
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import zoo


class PaddedWithState(Padded):
    def forward(self, input: Tensor, hx: Tensor):
        return self.rnn(input, hx)


class PaddedWithLSTMState(Padded):
    def forward(self, input: Tensor, h_0: Tensor, c_0: Tensor):
        return self.rnn(input, (h_0, c_0))


class Packed(Padded):
    def forward(self, input: Tensor, lengths: Tensor):
        packed = pack_padded_sequence(input, lengths, batch_first=True, enforce_sorted=False)
        output, state = self.rnn(packed)
        return pad_packed_sequence(output, batch_first=True)[0], state


@EVERY_LAYER
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_every_constructor_argument(layer, options, num_layers, bidirectional, bias, batch_first):
    dropout = 0.4 if num_layers > 1 else 0.0
    rnn = layer(
        7, 11, num_layers, bias=bias, batch_first=batch_first, dropout=dropout, bidirectional=bidirectional, **options
    )
    for shape in ((3, 5, 7), (1, 1, 7), (5, 7)):  # the last is unbatched
        check(Padded(rnn), torch.randn(shape), layers=num_layers)


@EVERY_LAYER
def test_state_comes_in_and_goes_out(layer, options):
    rnn = layer(6, 9, 2, **options)
    h_0, c_0 = torch.randn(2, 4, options.get("proj_size", 9)), torch.randn(2, 4, 9)
    input = torch.randn(5, 4, 6)
    if layer is nn.LSTM:
        check(PaddedWithLSTMState(rnn), input, h_0, c_0, layers=2)
        check(PaddedWithLSTMState(rnn), input[:, 0], h_0[:, 0], c_0[:, 0], layers=2)
    else:
        check(PaddedWithState(rnn), input, h_0, layers=2)
        check(PaddedWithState(rnn), input[:, 0], h_0[:, 0], layers=2)


@EVERY_LAYER
@pytest.mark.parametrize("bidirectional", [False, True])
def test_packed_sequences_in_any_order(layer, options, bidirectional):
    rnn = layer(6, 9, 2, batch_first=True, bidirectional=bidirectional, **options)
    check(Packed(rnn), torch.randn(4, 8, 6), torch.tensor([3, 8, 1, 5]), layers=2)


@pytest.mark.parametrize("shape", [(0, 4, 6), (5, 0, 6)], ids=["no_steps", "no_rows"])
def test_empty_inputs_are_taken_or_refused_as_before(shape):
    scripted = script(Padded(nn.GRU(6, 9)))
    accelerated = zoo.accelerate(scripted)
    try:
        expected = scripted(torch.randn(shape))
    except RuntimeError:
        with pytest.raises(RuntimeError):
            accelerated(torch.randn(shape))
    else:
        torch.testing.assert_close(accelerated(torch.randn(shape)), expected)


@pytest.mark.parametrize("input", [torch.randn(5, 4, 7), torch.randn(5), torch.randn(5, 4, 6).double()])
def test_wrong_inputs_are_refused_as_before(input):
    accelerated = zoo.accelerate(script(Padded(nn.LSTM(6, 9))))
    with pytest.raises((RuntimeError, torch.jit.Error)):
        accelerated(input)


def test_a_transposed_input_and_an_expanded_state():
    rnn = nn.GRU(6, 9)
    check(PaddedWithState(rnn), torch.randn(4, 5, 6).transpose(0, 1), torch.randn(1, 1, 9).expand(1, 4, 9))


class Stateful(nn.Module):
    """An own check before the layers': what only the module asks has to stay."""

    def __init__(self, rnn: nn.RNNBase) -> None:
        super().__init__()
        self.rnn = rnn

    def forward(self, input: Tensor, h_0: Tensor) -> Tensor:
        if input.size(0) != 5:
            raise ValueError("five steps")
        return self.rnn(input, h_0)[0]


@pytest.mark.parametrize("layer", [nn.GRU, nn.RNN])
@pytest.mark.parametrize("batch_first", [False, True])
def test_wrong_shapes_stay_errors_though_they_are_asked_for_once(layer, batch_first):
    good = torch.randn(5, 5, 6), torch.randn(2, 5, 8)
    accelerated = check(Stateful(layer(6, 8, 2, batch_first=batch_first)), *good, layers=2)
    assert "Expected hidden size" not in str(accelerated.graph), "nn.RNNBase's own questions should be gone"
    assert "five steps" in str(accelerated.graph)
    for wrong in (
        (torch.randn(4, 5, 6), good[1]),
        (torch.randn(5, 5, 7), good[1]),
        (torch.randn(5, 5, 6, 1), good[1]),
        (good[0], torch.randn(2, 5, 9)),
        (good[0], torch.randn(2, 4, 8)),
        (good[0], torch.randn(1, 5, 8)),
        (good[0], torch.randn(2, 8)),
    ):
        with pytest.raises((RuntimeError, torch.jit.Error)), torch.no_grad():
            accelerated(*wrong)
    assert accelerated(torch.randn(5, 6), torch.randn(2, 8)).shape == (5, 8)  # unbatched


@pytest.mark.parametrize("options", [{}, {"proj_size": 5}, {"bidirectional": True}])
def test_wrong_states_of_an_lstm_stay_errors(options):
    class Given(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(6, 8, **options)

        def forward(self, input: Tensor, h_0: Tensor, c_0: Tensor) -> Tensor:
            return self.rnn(input, (h_0, c_0))[0]

    rows, size = 2 if "bidirectional" in options else 1, options.get("proj_size", 8)
    input, h_0, c_0 = torch.randn(5, 3, 6), torch.randn(rows, 3, size), torch.randn(rows, 3, 8)
    accelerated = check(Given(), input, h_0, c_0)
    assert "Expected hidden[0] size" not in str(accelerated.graph)
    for wrong in ((h_0[:, :2], c_0), (h_0, c_0[:, :2]), (h_0, c_0[..., :7]), (h_0[..., :4], c_0)):
        with pytest.raises((RuntimeError, torch.jit.Error)), torch.no_grad():
            accelerated(input, *wrong)
