"""A recurrent unit whose products need no state, so that training computes them for all steps at once."""

from __future__ import annotations

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from zoo.models.cells.weights import make_bias, make_matrix


class SimpleRecurrentUnitCell(nn.Module):
    """c' = f * c + (1 - f) * W x and h' = r * c' + (1 - r) * x: SRU (Lei et al. 2018, equations 1 to 4).

    f = sigmoid(W_f x + v_f * c) and r = sigmoid(W_r x + v_r * c); `carry_f` and `carry_r` are v_f and v_r, which start
    at 0. Where input and hidden size differ, the last x is `skip`'s product. W x has a bias too.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "sru", hidden_size, bias
        self.weight_ih = make_matrix(3 * hidden_size, input_size, hidden_size)
        self.bias_ih = make_bias(3 * hidden_size, bias)
        self.carry_f = nn.Parameter(torch.zeros(hidden_size))
        self.carry_r = nn.Parameter(torch.zeros(hidden_size))
        same = input_size == hidden_size
        self.skip = nn.Identity() if same else nn.Linear(input_size, hidden_size, bias=False)

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        products = functional.linear(input, self.weight_ih, self.bias_ih)
        h, c = self.advance(products, self.skip(input), state[1])
        return [h, c]

    def parallel(self, input: Tensor, valid: Optional[Tensor], state: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        products, skip = functional.linear(input, self.weight_ih, self.bias_ih), self.skip(input)  # (B, T, ...)
        h, c = state[0], state[1]
        outputs: List[Tensor] = []
        for t in range(input.size(1)):
            new_h, new_c = self.advance(products[:, t], skip[:, t], c)
            if valid is not None:
                takes_part = valid[:, t].unsqueeze(1)  # (B, 1)
                new_h, new_c = torch.where(takes_part, new_h, h), torch.where(takes_part, new_c, c)
            h, c = new_h, new_c
            outputs.append(h)
        return torch.stack(outputs, dim=1), [h, c]

    def advance(self, products: Tensor, skip: Tensor, c: Tensor) -> Tuple[Tensor, Tensor]:
        """Return h' and c' (B, H) from the products (B, 3H) of a step, its skipped input (B, H) and c."""
        candidate, f, r = products.chunk(3, dim=1)
        f = (f + self.carry_f * c).sigmoid()
        r = (r + self.carry_r * c).sigmoid()
        c = f * c + (1 - f) * candidate
        return r * c + (1 - r) * skip, c
