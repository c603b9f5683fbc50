"""Models whose own rounding is larger than 1e-6 of their range, as real ones have it, and decoders that pick tokens."""

from typing import List, Optional, Tuple

import torch
from torch import Tensor, nn

import zoo


def sharpen(module: nn.Module, scale: float) -> nn.Module:
    """Make weights as large as training makes them; then rounding grows from step to step."""
    for parameter in module.parameters():
        if parameter.dim() > 1:
            parameter.mul_(scale)
    return module


class AttentiveTagger(nn.Module):
    """A BiLSTM tagger with self-attention over all steps."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(12, 48, 2, batch_first=True, bidirectional=True)
        self.query, self.head = nn.Linear(96, 96), nn.Linear(192, 9)
        self.input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 12))
        self.takes_lengths = False

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        y = self.rnn(input)[0]
        weights = torch.softmax(self.query(y) @ y.transpose(1, 2), 2)  # (batch, seq_len, seq_len)
        nothing: List[Tensor] = []
        return self.head(torch.cat([y, weights @ y], 2)), nothing


class Denoiser(nn.Module):
    """A mask over spectra of a large range, in decibels, with the state carried."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(40, 96, 2, batch_first=True)
        self.mask = nn.Linear(96, 40)
        self.input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 40))
        self.takes_lengths = False

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        h = self.initial_state(input.size(0))[0] if state is None else state[0]
        y, h = self.rnn(torch.log(input.abs() + 1e-4), h)
        return input * torch.exp(self.mask(y)), [h]

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [torch.zeros(2, batch_size, 96)]


class Float32Tagger(nn.Module):
    """A tagger with float32 written into its code, so that it does not run in float64."""

    def __init__(self) -> None:
        super().__init__()
        self.model = AttentiveTagger()
        self.input_spec = self.model.input_spec
        self.takes_lengths = False

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        output, state_n = self.model(input.float(), lengths, state)
        return output, state_n


class ForgetfulDenoiser(nn.Module):
    """A mutant: the state that comes in is ignored."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        output, state_n = self.model(input, lengths, None)
        return output, state_n

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return [torch.zeros(2, batch_size, 96)]


class GreedyDecoder(nn.Module):
    """Writes tokens until every row of the batch has ended, so its rows are not independent."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.GRU(12, 32, batch_first=True)
        self.cell, self.embedding = nn.GRUCell(8, 32), nn.Embedding(11, 8)
        self.head = nn.Linear(32, 11)
        self.input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 12))
        self.takes_lengths = False

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        h = self.encoder(input)[1][0]
        token = torch.zeros(input.size(0), dtype=torch.long)
        ended = torch.zeros(input.size(0), dtype=torch.bool)
        tokens: List[Tensor] = []
        while len(tokens) < 20 and not bool(ended.all()):
            h = self.cell(self.embedding(token), h)
            token = self.head(h).argmax(1)
            ended = ended | (h[:, 0] > 0.3)
            tokens.append(token)
        nothing: List[Tensor] = []
        return torch.stack(tokens, 1), nothing


class StreamingDecoder(nn.Module):
    """Writes one token a step and reads it at the next step, so that its state holds a token."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.cell, self.head = nn.LSTMCell(20, 32), nn.Linear(32, 11)
        self.input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 12))
        self.takes_lengths = False

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        h, c, token = self.initial_state(input.size(0)) if state is None else state
        h, c = h[0], c[0]
        tokens: List[Tensor] = []
        for x in input.unbind(1):
            h, c = self.cell(torch.cat([x, self.embedding(token[0])], 1), (h, c))
            token = self.head(h).argmax(1).unsqueeze(0)
            tokens.append(token[0])
        return torch.stack(tokens, 1), [h.unsqueeze(0), c.unsqueeze(0), token]

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        zeros = torch.zeros(1, batch_size, 32)
        return [zeros, zeros, torch.zeros(1, batch_size, dtype=torch.long)]
