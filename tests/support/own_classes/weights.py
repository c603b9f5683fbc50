"""Classes of users: weights of other types, computed from others, or out of PyTorch's sight."""

import warnings
from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

from support.own_classes.forms import OneTensor


class Double(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        self.double()


class Half(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        self.half()


class OldWeightNorm(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        with warnings.catch_warnings():  # people still have such models
            warnings.simplefilter("ignore", FutureWarning)
            self.head = weight_norm(self.head)


class OldSpectralNorm(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        self.head = spectral_norm(self.head)


class NewWeightNorm(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        parametrizations.weight_norm(self.rnn, "weight_hh_l0")
        parametrizations.orthogonal(self.head)


class Symmetric(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight.triu() + weight.triu(1).transpose(-1, -2)


class OwnParametrization(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.square = nn.Linear(4, 4)
        parametrize.register_parametrization(self.square, "weight", Symmetric())

    def forward(self, x: Tensor) -> Tensor:
        return self.square(x)


class ListedLayers(nn.Module):
    """Keeps layers where PyTorch does not look for them."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(5, 3)
        self.layers = [nn.GRU(4, 5, batch_first=True), self.head]
        self.others = {"scale": (nn.Parameter(torch.ones(3)),)}

    def forward(
        self, x: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        return self.head(self.layers[0](x)[0]) * self.others["scale"][0], []


class Pruned(OneTensor):
    def __init__(self) -> None:
        super().__init__()
        prune.l1_unstructured(self.head, "weight", 0.5)
        prune.random_unstructured(self.rnn, "weight_hh_l0", 0.5)
