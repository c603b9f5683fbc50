"""Small TorchScript modules with state as an argument, as a result, or inside, as streaming models have it."""

from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn


class StateArgument(nn.Module):
    """forward(x, h) -> (y, h)."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True)

    def forward(self, x: Tensor, h: Tensor) -> Tuple[Tensor, Tensor]:
        return self.rnn(x, h)


class StateArgumentInTime(StateArgument):
    """The same with the steps first."""

    def forward(self, x: Tensor, h: Tensor) -> Tuple[Tensor, Tensor]:
        y, h = self.rnn(x.transpose(0, 1), h)
        return y.transpose(0, 1), h


class TwoStateArguments(nn.Module):
    """forward(x, h, c) -> (y, h, c); h and c have one shape."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(6, 8, batch_first=True)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        y, (h, c) = self.rnn(x, (h, c))
        return y, h, c


class SwappedStates(TwoStateArguments):
    """The states come back in another order."""

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        y, (h, c) = self.rnn(x, (h, c))
        return y, c, h


class OptionalTuple(TwoStateArguments):
    """forward(x, state=None) -> (y, state)."""

    def forward(self, x: Tensor, state: Optional[Tuple[Tensor, Tensor]] = None) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        return self.rnn(x, state)


class ListOfStates(nn.Module):
    """forward(x, states: list) -> (y, states: list)."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.GRU(6, 8, batch_first=True), nn.GRU(8, 8, batch_first=True)

    def forward(self, x: Tensor, states: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        y, a = self.first(x, states[0])
        y, b = self.second(y, states[1])
        return y, [a, b]


class DictOfStates(TwoStateArguments):
    """forward(x, {"h", "c"}) -> {"y", "state"}."""

    def forward(self, x: Tensor, state: Dict[str, Tensor]) -> Tuple[Tensor, Dict[str, Tensor]]:
        y, (h, c) = self.rnn(x, (state["h"], state["c"]))
        return y, {"h": h, "c": c}


class Masked(nn.Module):
    """A second sequence that has to be cut too."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True)

    def forward(self, x: Tensor, mask: Tensor, h: Tensor) -> Tuple[Tensor, Tensor]:
        return self.rnn(x * mask.unsqueeze(-1), h)


class Conditioned(nn.Module):
    """A second argument that is no state: it never comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True)

    def forward(self, x: Tensor, speaker: Tensor, h: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        y, h = self.rnn(x, h)
        return y + speaker.unsqueeze(1), h


class Bidirectional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 4, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


class Scores(nn.Module):
    """Class scores after the last step, with the state inside."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.rnn, self.head = nn.GRU(6, 8, batch_first=True), nn.Linear(8, classes)
        self.register_buffer("h", torch.zeros(1, 1, 8))

    def forward(self, x: Tensor) -> Tensor:
        y, self.h = self.rnn(x, self.h)
        return self.head(y[:, -1])

    @torch.jit.export
    def reset(self) -> None:
        self.h = torch.zeros(1, 1, 8)


class ScoresOfAll(Scores):
    """Scores of the mean over the steps of one call: the last chunk's are not the whole's."""

    def forward(self, x: Tensor) -> Tensor:
        y, self.h = self.rnn(x, self.h)
        return self.head(y.mean(1))


class VoiceActivity(nn.Module):
    """One probability for each chunk of 512 samples, and no other size, as the commonest detectors have it."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.head = nn.LSTMCell(16, 8), nn.Linear(8, 1)
        self.h, self.c = torch.zeros(1, 8), torch.zeros(1, 8)

    def forward(self, x: Tensor, rate: int) -> Tensor:
        if x.size(1) != 512:
            raise ValueError("the detector takes 512 samples")
        features = x.view(x.size(0), 16, 32).abs().mean(2) * (rate / 16000)
        self.h, self.c = self.rnn(features, (self.h, self.c))
        return torch.sigmoid(self.head(self.h))

    @torch.jit.export
    def reset_states(self) -> None:
        self.h, self.c = torch.zeros(1, 8), torch.zeros(1, 8)


class Attention(nn.Module):
    """A result that grows along two axes."""

    def forward(self, x: Tensor) -> Tensor:
        return x @ x.transpose(1, 2)


class Halves(nn.Module):
    """One result for every two steps: shorter than its chunk."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True)

    def forward(self, x: Tensor, h: Tensor) -> Tuple[Tensor, Tensor]:
        y, h = self.rnn(x, h)
        return y[:, 1::2], h
