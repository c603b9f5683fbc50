"""What is timed: recurrent layers of a kind and size, on an input of a size."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("lstm", "gru", "rnn")
NUM_GATES = {"lstm": 4, "gru": 3, "rnn": 1}
WEIGHT_BYTES = {"fp32": 4, "bf16": 2, "int8": 1}

_HIDDEN = (32, 64, 128, 256, 512, 1024)
_BATCH = (4, 16, 64)
_SEQ_LEN = (1, 10, 1000)


@dataclass(frozen=True)
class Case:
    """A stack of recurrent layers and the size of its input.

    Attributes:
        input_size: features of a step; 0 stands for as many as there are units, as in a layer upon another.
    """

    kind: str
    hidden_size: int
    num_layers: int = 1
    batch_size: int = 1
    seq_len: int = 100
    input_size: int = 64

    @property
    def features(self) -> int:
        return self.input_size or self.hidden_size

    @property
    def name(self) -> str:
        layers = f"x{self.num_layers}" if self.num_layers > 1 else ""
        return f"{self.kind}-{self.features}to{self.hidden_size}{layers}-batch{self.batch_size}-steps{self.seq_len}"

    @property
    def recurrent_weights(self) -> int:
        """Of one layer; biases are not counted here or below."""
        return NUM_GATES[self.kind] * self.hidden_size**2

    @property
    def input_weights(self) -> int:
        """Of all layers."""
        columns = self.features + (self.num_layers - 1) * self.hidden_size
        return NUM_GATES[self.kind] * self.hidden_size * columns

    @property
    def multiply_adds(self) -> int:
        """Of one call: each row and step meets each weight once."""
        weights = self.num_layers * self.recurrent_weights + self.input_weights
        return self.batch_size * self.seq_len * weights

    def bytes_read(self, precision: str) -> int:
        """Weights that one call has to read at least: recurrent ones at every step, input ones once."""
        weights = self.seq_len * self.num_layers * self.recurrent_weights + self.input_weights
        return weights * WEIGHT_BYTES[precision]

    def working_set(self, precision: str) -> int:
        """Bytes of weights that are read again and again: of all layers for a step, of one for a sequence."""
        weights = self.recurrent_weights
        if self.seq_len == 1:
            weights = self.num_layers * self.recurrent_weights + self.input_weights
        return weights * WEIGHT_BYTES[precision]


def sweep() -> list[Case]:
    """Each of hidden size, layers, batch and sequence length in turn, for each kind."""
    cases = [Case(kind, hidden, seq_len=steps) for kind in KINDS for steps in (1, 100) for hidden in _HIDDEN]
    cases += [Case(kind, 128, num_layers=2) for kind in KINDS]
    cases += [Case(kind, 128, batch_size=batch) for kind in KINDS for batch in _BATCH]
    cases += [Case(kind, 128, seq_len=steps) for kind in KINDS for steps in _SEQ_LEN]
    return list(dict.fromkeys(cases))


def quick_sweep() -> list[Case]:
    """A small case of each kind, to see that everything works."""
    return [Case(kind, 64, seq_len=steps) for kind in KINDS for steps in (1, 20)]
