"""Modules with hooks, flags of training mode, running statistics and autocast."""

from typing import Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from support.foreign.aliases import Keeper
from support.foreign.case import FEATURES, STATISTICS, Case, Plain


def halve(module: nn.Module, inputs: Tuple[Tensor]) -> Tuple[Tensor]:
    return (inputs[0] * 0.5,)


def negate(module: nn.Module, inputs: Tuple[Tensor], output: Tensor) -> Tensor:
    return -output


def with_hooks() -> nn.Module:
    module = Plain()
    module.register_forward_pre_hook(halve)
    module.register_forward_hook(negate)
    return module


class InnerHooks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = with_hooks()

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


class Normalized(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.BatchNorm1d(FEATURES), nn.BatchNorm1d(FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.first(x.transpose(1, 2)) * 3 + 1).transpose(1, 2)
        return self.rnn(x)[0]


def normalizing_in_training_mode() -> nn.Module:
    module = Normalized().eval()
    module.first.train()
    module.second.train()
    return module


def with_a_wrapper_in_training_mode() -> nn.Module:
    """A flag that nobody reads."""
    module = InnerHooks().eval()
    module.inner.train()
    return module


class FunctionalStatistics(Plain):
    """Running statistics that change in eval mode too."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("var", torch.ones(FEATURES))

    def forward(self, x: Tensor) -> Tensor:
        F.batch_norm(x.transpose(1, 2), self.mean, self.var, training=True)
        return self.rnn(x + self.mean)[0]


class UnusedStatistics(FunctionalStatistics):
    """The flag is an attribute, and nobody uses the result."""

    def __init__(self) -> None:
        super().__init__()
        self.update = True

    def forward(self, x: Tensor) -> Tensor:
        F.batch_norm(x.transpose(1, 2), self.mean, self.var, training=self.update)
        return self.rnn(x + self.mean)[0]


class OwnAutocast(Plain):
    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scale = torch.mm(x[0], x[0].t()).sum()
        return self.rnn(x)[0] * scale.float()


def with_pre_hook() -> nn.Module:
    module = Plain()
    module.register_forward_pre_hook(halve)
    return module


class InnerPreHookOfAKeeper(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.keeper = Keeper()
        self.keeper.register_forward_pre_hook(halve)

    def forward(self, x: Tensor) -> Tensor:
        return self.keeper(x) + self.keeper(x)


class AsksForItsMode(Plain):
    """`forward` reads the training flag."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.rnn(x)[0]
        if self.training:
            return y * 0.0
        return y


class AsksAChildForItsMode(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.child = AsksForItsMode()

    def forward(self, x: Tensor) -> Tensor:
        return self.child(x) + 1


def with_child_in_training_mode() -> nn.Module:
    module = AsksAChildForItsMode().eval()
    module.child.train()
    return module


class DropoutLeftOn(Plain):
    """Everything is dropped, so that the result can be compared."""

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0] + F.dropout(x, 1.0, True).sum()


CASES: dict[str, Case] = {
    "hooks": Case(with_hooks, refusal="hooks"),
    "inner_hooks": Case(InnerHooks, 1),
    "training_submodule": Case(normalizing_in_training_mode, refusal=STATISTICS),
    "training_wrapper": Case(with_a_wrapper_in_training_mode, 1),
    "normalized": Case(Normalized, 1),
    "functional_statistics": Case(FunctionalStatistics, refusal=STATISTICS),
    "unused_statistics": Case(UnusedStatistics, refusal=STATISTICS),
    "autocast": Case(OwnAutocast, refusal="torch.autocast"),
    "pre_hook": Case(with_pre_hook, refusal="hooks"),
    "inner_pre_hook": Case(InnerPreHookOfAKeeper, 1),
    "asks_for_its_mode": Case(AsksForItsMode, 1),
    "asks_a_child_for_its_mode": Case(AsksAChildForItsMode, 1),
    "child_in_training_mode": Case(with_child_in_training_mode, 1),
    "dropout_left_on": Case(DropoutLeftOn, 1),
}
