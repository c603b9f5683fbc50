"""Scripted modules before and after zoo.accelerate."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import zoo
from zoo.artifact.torchscript import without_notices

CLOSE = {"atol": 2e-6, "rtol": 1e-5}


def script(module: nn.Module) -> torch.jit.ScriptModule:
    with without_notices():
        return torch.jit.script(module.eval())


def check(module: nn.Module, *inputs: object, layers: int = 1, left: int = 0) -> torch.jit.ScriptModule:
    """The accelerated module gives what the scripted one gives, and as many layers were fused as expected."""
    scripted = script(module)
    accelerated = zoo.accelerate(scripted)
    report = accelerated.acceleration
    assert report["fused_layers"] == layers
    assert sum(one["calls"] for one in report["left"]) == left
    with torch.no_grad():
        for _ in range(3):  # the executor compiles anew in the first runs
            torch.testing.assert_close(accelerated(*inputs), scripted(*inputs), **CLOSE)
    return accelerated


class Padded(nn.Module):
    """A bare recurrent module does not script with a forward that saves."""

    def __init__(self, rnn: nn.RNNBase) -> None:
        super().__init__()
        self.rnn = rnn

    def forward(self, input: Tensor):
        return self.rnn(input)


LAYERS = [
    pytest.param(nn.LSTM, {}, id="lstm"),
    pytest.param(nn.LSTM, {"proj_size": 5}, id="lstm_projected"),
    pytest.param(nn.GRU, {}, id="gru"),
    pytest.param(nn.RNN, {}, id="rnn_tanh"),
    pytest.param(nn.RNN, {"nonlinearity": "relu"}, id="rnn_relu"),
]
EVERY_LAYER = pytest.mark.parametrize(("layer", "options"), LAYERS)
