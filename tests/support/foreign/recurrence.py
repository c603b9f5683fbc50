"""Modules that write recurrence, weights and results in other forms."""

from typing import Dict, List, Tuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from support.foreign.case import FEATURES, UNITS, Case, Plain


class Cells(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(FEATURES, UNITS)

    def forward(self, x: Tensor) -> Tensor:
        h, c = torch.zeros(x.size(0), 8), torch.zeros(x.size(0), 8)
        steps: List[Tensor] = []
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
            steps.append(h)
        return torch.stack(steps, 1)


class Packed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(FEATURES, UNITS, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        lengths = torch.tensor([5, 3])
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0]


class Functional(Plain):
    """torch.gru with the weights of a layer, after a check of the user's own."""

    def forward(self, x: Tensor) -> Tensor:
        if x.size(-1) != 6:
            raise ValueError("this model wants six features")
        w = [self.rnn.weight_ih_l0, self.rnn.weight_hh_l0, self.rnn.bias_ih_l0, self.rnn.bias_hh_l0]
        return torch.gru(x, torch.zeros(1, x.size(0), 8), w, True, 1, 0.0, False, False, True)[0]


class WeightsFromAMethod(Functional):
    """Weights that a hypernetwork makes anew in every call."""

    def forward(self, x: Tensor) -> Tensor:
        scale = x.mean()
        w = [self.rnn.weight_ih_l0 * scale, self.rnn.weight_hh_l0, self.rnn.bias_ih_l0, self.rnn.bias_hh_l0]
        return torch.gru(x, torch.zeros(1, x.size(0), 8), w, True, 1, 0.0, False, False, True)[0]


class ChangingWeights(Plain):
    def forward(self, x: Tensor) -> Tensor:
        self.rnn.weight_hh_l0.mul_(0.9)
        return self.rnn(x)[0]


class Double(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = self.rnn.double()

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x.double())[0].float()


class DictResult(Plain):
    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        y, h = self.rnn(x)
        return {"y": y, "h": h}


class NestedResult(Plain):
    def forward(self, x: Tensor) -> Tuple[Tensor, List[Tensor]]:
        y, h = self.rnn(x)
        return y, [h, x]


CASES: dict[str, Case] = {
    "plain": Case(Plain, 1),
    "cells": Case(Cells, 1),
    "packed": Case(Packed, 1),
    "functional": Case(Functional, 1),
    "made_weights": Case(WeightsFromAMethod, left="may change"),
    "changing_weights": Case(ChangingWeights, left="not in a list of constants"),
    "double": Case(Double, left="Double"),
    "dict_result": Case(DictResult, 1),
    "nested_result": Case(NestedResult, 1),
}
