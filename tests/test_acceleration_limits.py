"""Layers and calls beyond what the engine takes: LibTorch runs the first, and the second go in parts."""

from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import pytest
import torch
from support.accelerated import CLOSE, Padded, check, script
from support.saved_module import assert_close
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

import zoo
from zoo.acceleration import AccelerationError

TOO_WIDE = 32769


class Wide(nn.Module):
    """One layer that is too wide for the engine, and one that is not."""

    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        self.wide, self.narrow = kind(TOO_WIDE, 3, batch_first=True), kind(3, 4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.narrow(self.wide(x)[0])[0]


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_layer_that_is_too_wide_stays_libtorchs(kind: type[nn.RNNBase], saved: Any) -> None:
    module, x = Wide(kind), torch.randn(1, 2, TOO_WIDE)
    accelerated = check(module, x, layers=1, left=1)
    assert (
        "expected input_size and hidden_size between 1 and 32768, got 32769"
        in (accelerated.acceleration["left"][0]["reason"])
    )
    file = saved(module)
    assert "got 32769" in file.program.succeed("info", file.path).stdout
    assert_close(file.run(x), {"output": module(x)})
    with pytest.raises(AccelerationError, match=r"no recurrent layer could be fused .*between 1 and 32768"):
        zoo.accelerate(script(Padded(module.wide)))


class Deep(nn.Module):
    """More layers than packed weights can hold, with the weights of one."""

    def __init__(self, num_layers: int) -> None:
        super().__init__()
        self.weights = nn.ParameterList([torch.randn(3, 3) * 0.5, torch.randn(3, 3) * 0.5])
        self.num_layers = num_layers

    def forward(self, x: Tensor) -> Tensor:
        weights = [self.weights[0], self.weights[1]] * self.num_layers
        return torch.rnn_tanh(
            x, torch.zeros(self.num_layers, 1, 3), weights, False, self.num_layers, 0.0, False, False, True
        )[0]


def test_a_stack_that_is_too_deep_stays_libtorchs() -> None:
    module, x = Deep(1025), torch.randn(1, 2, 3)
    traced = torch.jit.trace(module.eval(), x)
    with pytest.raises(AccelerationError, match=r"no recurrent layer could be fused .*impossible header"):
        zoo.accelerate(traced)


class OneSetOfWeights(nn.Module):
    """The same tensors as two layers, as two directions of one, and as one layer with biases."""

    def __init__(self) -> None:
        super().__init__()
        a, b = nn.GRU(4, 4, bias=False), nn.GRU(4, 4, bias=False)
        self.w = nn.ParameterList([a.weight_ih_l0, a.weight_hh_l0, b.weight_ih_l0, b.weight_hh_l0])

    def forward(self, x: Tensor, h: Tensor) -> Tuple[Tensor, Tensor]:
        w = [self.w[0], self.w[1], self.w[2], self.w[3]]
        two_layers = torch.gru(x, h, w, False, 2, 0.0, False, False, True)[0]
        both_directions = torch.gru(x, h, w, False, 1, 0.0, False, True, True)[0]
        return two_layers, both_directions


def test_one_set_of_weights_serves_two_kinds_of_stack(saved: Any) -> None:
    module, x, h = OneSetOfWeights(), torch.randn(2, 5, 4), torch.randn(2, 2, 4)
    check(module, x, h, layers=3)
    expected = module(x, h)
    assert_close(saved(module).run(x, h), {"0": expected[0], "1": expected[1]})


MANY = 2**19 + 40  # more rows than the engine runs at a time, and not a multiple


class Rows(nn.Module):
    """Two small layers in both directions, so that states of many rows have several places."""

    def __init__(self, batch_first: bool) -> None:
        super().__init__()
        self.rnn = nn.LSTM(1, 2, 2, bidirectional=True, batch_first=batch_first)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        y, (h, c) = self.rnn(x)
        return y, h, c


@pytest.mark.parametrize("batch_first", [True, False])
def test_more_rows_than_the_engine_runs_at_a_time(batch_first: bool) -> None:
    module = Rows(batch_first)
    accelerated = zoo.accelerate(script(module))
    x = torch.randn(MANY, 2, 1) if batch_first else torch.randn(2, MANY, 1)
    for actual, expected in zip(accelerated(x), module(x), strict=True):
        torch.testing.assert_close(actual, expected, **CLOSE)


class Sequences(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(1, 2, 2, bidirectional=True)

    def forward(self, data: Tensor, sizes: Tensor) -> Tuple[Tensor, Tensor]:
        y, h = self.rnn(PackedSequence(data, sizes, None, None))
        return y.data, h


def test_more_rows_of_a_packed_sequence() -> None:
    module = Sequences()
    accelerated = zoo.accelerate(script(module))
    sizes = torch.tensor([MANY, MANY - 30, 2**16 + 5, 9])  # steps that end inside each part, and before it
    data = torch.randn(int(sizes.sum()), 1)
    for actual, expected in zip(accelerated(data, sizes), module(data, sizes), strict=True):
        torch.testing.assert_close(actual, expected, **CLOSE)


def test_more_rows_of_a_stream(program: Any, artifact: Any, tmp_path: Any) -> None:
    """The stream of an artifact reaches the engine without its operators."""
    model = zoo.build("gru_tagger", input_size=1, hidden_size=2, num_layers=1, num_classes=2).eval()
    zoo.save_artifact(model, artifact)
    x = torch.randn(MANY, 3, 1)
    np.save(tmp_path / "x.npy", x.numpy())
    output = program.output(artifact, tmp_path / "x.npy", "--stream", 2, folder=tmp_path)
    torch.testing.assert_close(torch.from_numpy(output), model(x)[0], **CLOSE)
