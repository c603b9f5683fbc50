"""The interfaces of PyTorch's recurrent layers and cells, around a core that has the weights.

A recipe makes the core: a module that holds the weights in its own format. The frame does what is the same for every
format: default states, packed sequences, inputs without a batch.

    core of an LSTM          forward(input, h, c, batch_sizes | None) -> output, h_n, c_n
    core of a GRU or an RNN  forward(input, h, batch_sizes | None) -> output, h_n
    core of a cell           the same without batch_sizes and output
"""

# No `from __future__ import annotations`: TorchScript reads the types of overloads from real annotations.
from typing import Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence


def reorder_rows(state: Tensor, order: Optional[Tensor]) -> Tensor:
    """Return (L, B, H) with the rows of the batch in another order; None keeps it."""
    return state if order is None else state.index_select(1, order)


class LSTMFrame(nn.Module):
    """Takes and gives what `nn.LSTM` does."""

    def __init__(self, core: nn.Module, layer: nn.LSTM) -> None:
        super().__init__()
        self.core = core
        self.state_rows = layer.num_layers * (2 if layer.bidirectional else 1)
        self.hidden_size = layer.hidden_size
        self.output_size = layer.proj_size or layer.hidden_size
        self.batch_dim = 0 if layer.batch_first else 1

    @torch._jit_internal._overload_method
    def forward(
        self, input: Tensor, hx: Optional[Tuple[Tensor, Tensor]] = None
    ) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        pass

    @torch._jit_internal._overload_method
    def forward(  # noqa: F811
        self, input: PackedSequence, hx: Optional[Tuple[Tensor, Tensor]] = None
    ) -> Tuple[PackedSequence, Tuple[Tensor, Tensor]]:
        pass

    def forward(self, input, hx=None):  # noqa: F811
        if isinstance(input, PackedSequence):
            data, batch_sizes, order, order_back = input
            h, c = self.states(hx, int(batch_sizes[0]), data)
            output, h_n, c_n = self.core(data, reorder_rows(h, order), reorder_rows(c, order), batch_sizes)
            packed = PackedSequence(output, batch_sizes, order, order_back)
            return packed, (reorder_rows(h_n, order_back), reorder_rows(c_n, order_back))
        if input.dim() == 2:  # one row, without a dimension for the batch
            if hx is not None:
                hx = (hx[0].unsqueeze(1), hx[1].unsqueeze(1))
            h, c = self.states(hx, 1, input)
            output, h_n, c_n = self.core(input.unsqueeze(self.batch_dim), h, c, None)
            return output.squeeze(self.batch_dim), (h_n.squeeze(1), c_n.squeeze(1))
        h, c = self.states(hx, input.size(self.batch_dim), input)
        output, h_n, c_n = self.core(input, h, c, None)
        return output, (h_n, c_n)

    def states(self, hx: Optional[Tuple[Tensor, Tensor]], batch_size: int, like: Tensor) -> Tuple[Tensor, Tensor]:
        """Return the states (L, B, H) as given, or zeros."""
        if hx is not None:
            return hx
        h = torch.zeros([self.state_rows, batch_size, self.output_size], dtype=like.dtype, device=like.device)
        c = torch.zeros([self.state_rows, batch_size, self.hidden_size], dtype=like.dtype, device=like.device)
        return h, c


class HiddenFrame(nn.Module):
    """Takes and gives what `nn.GRU` and `nn.RNN` do."""

    def __init__(self, core: nn.Module, layer: nn.RNNBase) -> None:
        super().__init__()
        self.core = core
        self.state_rows = layer.num_layers * (2 if layer.bidirectional else 1)
        self.hidden_size = layer.hidden_size
        self.batch_dim = 0 if layer.batch_first else 1

    @torch._jit_internal._overload_method
    def forward(self, input: Tensor, hx: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        pass

    @torch._jit_internal._overload_method
    def forward(  # noqa: F811
        self, input: PackedSequence, hx: Optional[Tensor] = None
    ) -> Tuple[PackedSequence, Tensor]:
        pass

    def forward(self, input, hx=None):  # noqa: F811
        if isinstance(input, PackedSequence):
            data, batch_sizes, order, order_back = input
            h = self.start(hx, int(batch_sizes[0]), data)
            output, h_n = self.core(data, reorder_rows(h, order), batch_sizes)
            return PackedSequence(output, batch_sizes, order, order_back), reorder_rows(h_n, order_back)
        if input.dim() == 2:  # one row, without a dimension for the batch
            h = self.start(None if hx is None else hx.unsqueeze(1), 1, input)
            output, h_n = self.core(input.unsqueeze(self.batch_dim), h, None)
            return output.squeeze(self.batch_dim), h_n.squeeze(1)
        return self.core(input, self.start(hx, input.size(self.batch_dim), input), None)

    def start(self, hx: Optional[Tensor], batch_size: int, like: Tensor) -> Tensor:
        """Return the state (L, B, H) as given, or zeros."""
        if hx is not None:
            return hx
        return torch.zeros([self.state_rows, batch_size, self.hidden_size], dtype=like.dtype, device=like.device)


class LSTMCellFrame(nn.Module):
    """Takes and gives what `nn.LSTMCell` does."""

    def __init__(self, core: nn.Module, hidden_size: int) -> None:
        super().__init__()
        self.core = core
        self.hidden_size = hidden_size

    def forward(self, input: Tensor, hx: Optional[Tuple[Tensor, Tensor]] = None) -> Tuple[Tensor, Tensor]:
        rows = input.unsqueeze(0) if input.dim() == 1 else input
        if hx is None:
            zeros = torch.zeros([rows.size(0), self.hidden_size], dtype=input.dtype, device=input.device)
            h, c = zeros, zeros
        else:
            h, c = hx[0].reshape(-1, self.hidden_size), hx[1].reshape(-1, self.hidden_size)
        h, c = self.core(rows, h, c)
        return (h.squeeze(0), c.squeeze(0)) if input.dim() == 1 else (h, c)


class HiddenCellFrame(nn.Module):
    """Takes and gives what `nn.GRUCell` and `nn.RNNCell` do."""

    def __init__(self, core: nn.Module, hidden_size: int) -> None:
        super().__init__()
        self.core = core
        self.hidden_size = hidden_size

    def forward(self, input: Tensor, hx: Optional[Tensor] = None) -> Tensor:
        rows = input.unsqueeze(0) if input.dim() == 1 else input
        if hx is None:
            h = torch.zeros([rows.size(0), self.hidden_size], dtype=input.dtype, device=input.device)
        else:
            h = hx.reshape(-1, self.hidden_size)
        h = self.core(rows, h)
        return h.squeeze(0) if input.dim() == 1 else h
