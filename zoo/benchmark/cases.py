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
    """A stack of recurrent layers whose input has as many features as it has units, and the size of its input."""

    kind: str
    hidden_size: int
    num_layers: int = 1
    batch_size: int = 1
    seq_len: int = 100

    @property
    def name(self) -> str:
        layers = f"x{self.num_layers}" if self.num_layers > 1 else ""
        return f"{self.kind}-{self.hidden_size}{layers}-batch{self.batch_size}-steps{self.seq_len}"

    @property
    def matrix_size(self) -> int:
        """Weights of one of a layer's two matrices, biases not counted."""
        return NUM_GATES[self.kind] * self.hidden_size**2

    @property
    def multiply_adds(self) -> int:
        """Of one call: each row and step meets each weight once."""
        return self.batch_size * self.seq_len * self.num_layers * 2 * self.matrix_size

    def bytes_read(self, precision: str) -> int:
        """Weights that one call has to read at least: recurrent ones at every step, input ones once."""
        return self.num_layers * (self.seq_len + 1) * self.matrix_size * WEIGHT_BYTES[precision]

    def working_set(self, precision: str) -> int:
        """Bytes of weights that are read again and again: of all layers for a step, of one for a sequence."""
        matrices = 2 * self.num_layers if self.seq_len == 1 else 1
        return matrices * self.matrix_size * WEIGHT_BYTES[precision]


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
