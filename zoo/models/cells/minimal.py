"""GRU and LSTM whose gates see the input only, so that all steps can be computed at once (Feng et al. 2024).

"Were RNNs All We Needed?", sections 3.1.3 and 3.2.3. h_t is linear in h_{t-1}: training scans over the steps, and a
stream goes step by step.
"""

from __future__ import annotations

from typing import List, Optional, Tuple

from torch import Tensor, nn
from torch.nn import functional

from zoo.models.cells.scan import scan_linear
from zoo.models.cells.weights import make_bias, make_matrix


class MinimalGRUCell(nn.Module):
    """z = sigmoid(W_z x), n = W_n x, h' = (1 - z) * n + z * h; z is PyTorch's, which is the paper's 1 - z."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "min_gru", hidden_size, bias
        self.weight_ih = make_matrix(2 * hidden_size, input_size, hidden_size)
        self.bias_ih = make_bias(2 * hidden_size, bias)

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        keep, add = self.coefficients(input)
        return [keep * state[0] + add]

    def parallel(self, input: Tensor, valid: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        keep, add = self.coefficients(input)
        h = scan_linear(keep, add, state[0], valid)  # (B, T, H)
        return h, [h[:, -1]]

    def coefficients(self, input: Tensor) -> Tuple[Tensor, Tensor]:
        """Return keep and add of h' = keep * h + add, each (..., H), for input (..., I)."""
        z, n = functional.linear(input, self.weight_ih, self.bias_ih).chunk(2, dim=-1)
        z = z.sigmoid()
        return z, (1 - z) * n


class MinimalLSTMCell(nn.Module):
    """i, f = sigmoid(W x), g = W_g x, h' = f / (f + i) * h + i / (f + i) * g."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "min_lstm", hidden_size, bias
        self.weight_ih = make_matrix(3 * hidden_size, input_size, hidden_size)
        self.bias_ih = make_bias(3 * hidden_size, bias)

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        keep, add = self.coefficients(input)
        return [keep * state[0] + add]

    def parallel(self, input: Tensor, valid: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        keep, add = self.coefficients(input)
        h = scan_linear(keep, add, state[0], valid)  # (B, T, H)
        return h, [h[:, -1]]

    def coefficients(self, input: Tensor) -> Tuple[Tensor, Tensor]:
        """Return keep and add of h' = keep * h + add, each (..., H), for input (..., I)."""
        i, f, g = functional.linear(input, self.weight_ih, self.bias_ih).chunk(3, dim=-1)
        # f / (f + i) is the sigmoid of log f - log i, which is not 0 / 0 where both gates are closed.
        keep = (functional.logsigmoid(f) - functional.logsigmoid(i)).sigmoid()
        return keep, (1 - keep) * g
