"""PyTorch's own cells one step at a time, for stacks that do something between the steps."""

from __future__ import annotations

from typing import List

from torch import Tensor, nn

from zoo.config import RecurrentConfig


class TorchLSTMCell(nn.Module):
    """`nn.LSTMCell`, which `zoo.init` knows by its class."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.rnn = nn.LSTMCell(input_size, hidden_size, bias)

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        h, c = self.rnn(input, (state[0], state[1]))
        return [h, c]


class TorchHiddenCell(nn.Module):
    """`nn.GRUCell` or `nn.RNNCell`, whose only state is its output."""

    def __init__(self, rnn: nn.Module) -> None:
        super().__init__()
        self.rnn = rnn

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        return [self.rnn(input, state[0])]


def make_torch_cell(config: RecurrentConfig, input_size: int) -> nn.Module:
    """Return one step of an `nn.LSTM`, `nn.GRU` or `nn.RNN`."""
    if config.cell == "lstm":
        return TorchLSTMCell(input_size, config.hidden_size, config.bias)
    if config.cell == "gru":
        return TorchHiddenCell(nn.GRUCell(input_size, config.hidden_size, config.bias))
    return TorchHiddenCell(nn.RNNCell(input_size, config.hidden_size, config.bias, config.nonlinearity))
