"""What the files of the gallery share."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

FEATURES, UNITS = 6, 8
# Words of the reasons why a whole file stays with LibTorch.
OBJECT, SHARED, FORK, STATISTICS = "the object", "share memory", "torch.jit.fork", "running statistics"


@dataclass(frozen=True)
class Case:
    """A module and what the pass has to say of it."""

    make: Callable[[], nn.Module]
    fused: int = 0  # layers that the engine takes
    refusal: str = ""  # words of the reason why the whole file stays with LibTorch
    left: str = ""  # words of the reason why one operator stays


def step_input() -> Tensor:
    """Return (batch 2, 5 steps, FEATURES)."""
    return torch.randn(2, 5, FEATURES)


def zeros() -> Tensor:
    return torch.zeros(1, 2, UNITS)


class Plain(nn.Module):
    """One layer, and what the classes below share in their constructor."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(FEATURES, UNITS, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]
