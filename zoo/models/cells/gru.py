"""The GRU with its reset gate in another place."""

from __future__ import annotations

from typing import List, Optional

from torch import Tensor, nn
from torch.nn import functional

from zoo.models.cells.weights import make_weights


class ResetBeforeGRUCell(nn.Module):
    """n = tanh(W x + U (r * h)), with the reset gate before the product (Cho et al. 2014, equation 8).

    Keras has it with `reset_after=False`, ONNX with `linear_before_reset=0`; their z is this one's, and PyTorch's.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "reset_before_gru", hidden_size, bias
        weights = make_weights(3, input_size, hidden_size, bias)
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weights

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        h = state[0]
        gates = 2 * self.hidden_size
        from_x = functional.linear(input, self.weight_ih, self.bias_ih)  # (B, 3H)
        bias_gates: Optional[Tensor] = None
        bias_n: Optional[Tensor] = None
        if self.bias_hh is not None:
            bias_gates, bias_n = self.bias_hh[:gates], self.bias_hh[gates:]
        from_h = functional.linear(h, self.weight_hh[:gates], bias_gates)  # (B, 2H)
        r, z = (from_x[:, :gates] + from_h).sigmoid().chunk(2, dim=1)
        n = (from_x[:, gates:] + functional.linear(r * h, self.weight_hh[gates:], bias_n)).tanh()
        return [(1 - z) * n + z * h]
