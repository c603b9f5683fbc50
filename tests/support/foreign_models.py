"""Small TorchScript modules as people bring them: state anywhere, aliases, forks, hooks, flags, checks, containers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

FEATURES, UNITS = 6, 8


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


# State in objects of script classes ---------------------------------------------------------------------------------


@torch.jit.script
class Memory:
    def __init__(self, h: Tensor):
        self.h = h

    def put(self, h: Tensor) -> None:
        self.h = h


@torch.jit.script
class Nested:
    def __init__(self, memory: Memory):
        self.memory = memory


@torch.jit.script
class Journal:
    def __init__(self, first: Tensor):
        self.all = [first]


@torch.jit.script
class Counter:
    def __init__(self):
        self.steps = 0


@torch.jit.script
class Settings:
    def __init__(self, scale: float):
        self.scale = scale


class StateInObjectByMethod(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory(zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.memory.h)
        self.memory.put(h)
        return y


class StateInObjectByAttribute(StateInObjectByMethod):
    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.memory.h)
        self.memory.h = h
        return y


class StateInObjectInPlace(StateInObjectByMethod):
    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.memory.h)
        self.memory.h.copy_(h)
        return y


class StateInNestedObject(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.nested = Nested(Memory(zeros()))

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.nested.memory.h)
        self.nested.memory.put(h)
        return y


class StateInListOfObject(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal(zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.journal.all[-1])
        self.journal.all.append(h)
        return y


class CountInObject(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.counter = Counter()

    def forward(self, x: Tensor) -> Tensor:
        self.counter.steps += 1
        return self.rnn(x)[0] * self.counter.steps


class SettingsInObject(Plain):
    """An object that nobody changes."""

    def __init__(self) -> None:
        super().__init__()
        self.settings = Settings(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0] * self.settings.scale


# State in attributes ------------------------------------------------------------------------------------------------


class StateInBuffer(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("h", zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, self.h = self.rnn(x, self.h)
        return y


class StateInBufferInPlace(StateInBuffer):
    def forward(self, x: Tensor) -> Tensor:
        y, h = self.rnn(x, self.h)
        self.h.copy_(h)
        return y


class StateInOptional(Plain):
    h: Optional[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.h = None

    def forward(self, x: Tensor) -> Tensor:
        y, self.h = self.rnn(x, self.h)
        return y


class StateInList(Plain):
    h: List[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.h = [zeros()]

    def forward(self, x: Tensor) -> Tensor:
        y, self.h[0] = self.rnn(x, self.h[0])
        return y


class StateInDict(Plain):
    h: Dict[str, Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.h = {"rnn": zeros()}

    def forward(self, x: Tensor) -> Tensor:
        y, self.h["rnn"] = self.rnn(x, self.h["rnn"])
        return y


class StateInTuple(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(FEATURES, UNITS, batch_first=True)
        self.state = (zeros(), zeros())

    def forward(self, x: Tensor) -> Tensor:
        y, self.state = self.rnn(x, self.state)
        return y


class CountInAttribute(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.rnn(x)[0] * self.calls


# One thing under two names ------------------------------------------------------------------------------------------


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


# Forks --------------------------------------------------------------------------------------------------------------


class Ensemble(nn.Module):
    """A list of futures, as in PyTorch's tutorial on parallelism."""

    def __init__(self) -> None:
        super().__init__()
        self.members = nn.ModuleList([Plain() for _ in range(3)])

    def forward(self, x: Tensor) -> Tensor:
        futures: List[torch.jit.Future[Tensor]] = []
        for member in self.members:
            futures.append(torch.jit.fork(member, x))
        total = torch.zeros(1)
        for future in futures:
            total = total + torch.jit.wait(future)
        return total


class WaitInBranch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = Plain(), Plain()

    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.left, x)
        right = self.right(x)
        if float(x.sum()) > 1e6:
            return right
        return torch.jit.wait(future) - right


class WaitInLoop(WaitInBranch):
    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.left, x)
        y = self.right(x)
        for i in range(x.size(0)):
            y = y + torch.jit.wait(future) * i
        return y


class ForkedState(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.keeper, self.other = Keeper(), Plain()

    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.keeper, x)
        return self.other(x) + torch.jit.wait(future)


class ForkedStateInPlace(ForkedState):
    def __init__(self) -> None:
        super().__init__()
        self.keeper = StateInBufferInPlace()


class ForkThatWritesItsInput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = Plain()

    def double(self, x: Tensor) -> Tensor:
        return x.mul_(2)

    def forward(self, x: Tensor) -> Tensor:
        y = x.clone()
        future = torch.jit.fork(self.double, y)
        torch.jit.wait(future)
        return self.rnn(y)


class PureFork(WaitInBranch):
    def forward(self, x: Tensor) -> Tensor:
        future = torch.jit.fork(self.left, x)
        right = self.right(x)
        return torch.jit.wait(future) - right


# Hooks --------------------------------------------------------------------------------------------------------------


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


# Flags, statistics, autocast ----------------------------------------------------------------------------------------


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


# Recurrence in other forms ------------------------------------------------------------------------------------------


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


OBJECT, SHARED, FORK, STATISTICS = "the object", "share memory", "torch.jit.fork", "running statistics"
CASES: dict[str, Case] = {
    "plain": Case(Plain, 1),
    "object_by_method": Case(StateInObjectByMethod, refusal=OBJECT),
    "object_by_attribute": Case(StateInObjectByAttribute, refusal=OBJECT),
    "object_in_place": Case(StateInObjectInPlace, refusal=OBJECT),
    "object_nested": Case(StateInNestedObject, refusal=OBJECT),
    "object_with_list": Case(StateInListOfObject, refusal=OBJECT),
    "object_with_count": Case(CountInObject, refusal=OBJECT),
    "object_with_settings": Case(SettingsInObject, 1),
    "buffer": Case(StateInBuffer, 1),
    "buffer_in_place": Case(StateInBufferInPlace, 1),
    "optional": Case(StateInOptional, 1),
    "list": Case(StateInList, 1),
    "dict": Case(StateInDict, 1),
    "tuple": Case(StateInTuple, 1),
    "count": Case(CountInAttribute, 1),
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
    "ensemble": Case(Ensemble, refusal=FORK),
    "wait_in_branch": Case(WaitInBranch, refusal=FORK),
    "wait_in_loop": Case(WaitInLoop, refusal=FORK),
    "forked_state": Case(ForkedState, refusal=FORK),
    "forked_state_in_place": Case(ForkedStateInPlace, refusal=FORK),
    "forked_write": Case(ForkThatWritesItsInput, refusal=FORK),
    "pure_fork": Case(PureFork, 2),
    "hooks": Case(with_hooks, refusal="hooks"),
    "inner_hooks": Case(InnerHooks, 1),
    "training_submodule": Case(normalizing_in_training_mode, refusal=STATISTICS),
    "training_wrapper": Case(with_a_wrapper_in_training_mode, 1),
    "normalized": Case(Normalized, 1),
    "functional_statistics": Case(FunctionalStatistics, refusal=STATISTICS),
    "unused_statistics": Case(UnusedStatistics, refusal=STATISTICS),
    "autocast": Case(OwnAutocast, refusal="torch.autocast"),
    "cells": Case(Cells, 1),
    "packed": Case(Packed, 1),
    "functional": Case(Functional, 1),
    "made_weights": Case(WeightsFromAMethod, left="may change"),
    "changing_weights": Case(ChangingWeights, left="not in a list of constants"),
    "double": Case(Double, left="Double"),
    "dict_result": Case(DictResult, 1),
    "nested_result": Case(NestedResult, 1),
}
