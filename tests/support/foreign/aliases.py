"""Modules that hold one thing under two names."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from support.foreign.attributes import StateInBuffer, StateInBufferInPlace
from support.foreign.case import FEATURES, SHARED, UNITS, Case, Plain


class Keeper(StateInBuffer):
    """A submodule with state."""


class OneModuleTwice(nn.Module):
    def __init__(self, keeper: Callable[[], nn.Module] = Keeper) -> None:
        super().__init__()
        self.a = keeper()
        self.b = self.a

    def forward(self, x: Tensor) -> Tensor:
        return self.a(x) + 2 * self.b(x)


class OneModuleTwiceInAList(nn.Module):
    def __init__(self, keeper: Callable[[], nn.Module] = Keeper) -> None:
        super().__init__()
        one = keeper()
        self.layers = nn.ModuleList([one, one])

    def forward(self, x: Tensor) -> Tensor:
        y = torch.zeros(1)
        for layer in self.layers:
            y = layer(x) - 2 * y
        return y


class StateSharedByTwo(nn.Module):
    """An encoder writes the state in place that a decoder reads."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = StateInBufferInPlace(), Keeper()
        self.decoder.h = self.encoder.h

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(x) + self.decoder(x)


class ViewOfABuffer(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("both", torch.zeros(2, 1, 2, UNITS))
        self.register_buffer("h", self.both[1])

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.h)
        self.both[1].copy_(h)
        return y


class ScaledTiedWeights(nn.Module):
    """A weight that another layer has too, scaled in place in every call."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(FEATURES, FEATURES, batch_first=True)
        self.project = nn.Linear(FEATURES, 3 * FEATURES, bias=False)
        self.project.weight = self.rnn.weight_ih_l0

    def forward(self, x: Tensor) -> Tensor:
        self.project.weight.mul_(0.5)
        return self.rnn(x)[0] + self.project(x).mean()


class TiedEmbedding(nn.Module):
    """A language model whose embedding and output layer are one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, FEATURES)
        self.rnn = nn.GRU(FEATURES, FEATURES, batch_first=True)
        self.head = nn.Linear(FEATURES, 11)
        self.head.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        tokens = (x[:, :, 0] * 100).long().remainder(11)
        return self.head(self.rnn(self.embedding(tokens))[0])


class TiedWeights(ScaledTiedWeights):
    """Shared, and never written: nothing is in the way."""

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0] + self.project(x).mean()


CASES: dict[str, Case] = {
    "twice": Case(OneModuleTwice, 1),  # TorchScript makes two of it
    "twice_scripted": Case(lambda: OneModuleTwice(lambda: torch.jit.script(Keeper())), refusal="held twice"),
    "twice_in_place": Case(lambda: OneModuleTwice(StateInBufferInPlace), refusal=SHARED),
    "twice_without_state": Case(lambda: OneModuleTwice(Plain), 1),
    "twice_in_a_list": Case(OneModuleTwiceInAList, 1),
    "twice_scripted_in_a_list": Case(
        lambda: OneModuleTwiceInAList(lambda: torch.jit.script(Keeper())), refusal="held twice"
    ),
    "state_of_two": Case(StateSharedByTwo, refusal=SHARED),
    "view": Case(ViewOfABuffer, refusal=SHARED),
    "scaled_tied_weights": Case(ScaledTiedWeights, refusal=SHARED),
    "tied_embedding": Case(TiedEmbedding, 1),
    "tied_weights": Case(TiedWeights, 1),
}
