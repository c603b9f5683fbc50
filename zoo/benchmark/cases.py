"""What is timed: recurrent layers of a cell and a size, on an input of a size."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.config.cells import CELLS
from zoo.config.precision import BYTES_PER_WEIGHT, Precision

_HIDDEN = (32, 64, 128, 256, 512, 1024)
_BATCH = (4, 16, 64)
_SEQ_LEN = (1, 10, 1000)


@dataclass(frozen=True)
class Case:
    """A stack of recurrent layers and the size of its input.

    Args:
        cell: a key of `CELLS`.
        hidden_size: units of each layer.
        num_layers: in the stack.
        batch_size: rows of the input.
        seq_len: steps of the input.
        input_size: features of a step; 0 stands for `hidden_size`, as if another layer lay below.
    """

    cell: str
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
        return f"{self.cell}-{self.features}to{self.hidden_size}{layers}-batch{self.batch_size}-steps{self.seq_len}"

    @property
    def recurrent_weights(self) -> int:
        """The number in one layer. Biases are counted neither here nor below."""
        return CELLS[self.cell].num_gates * self.hidden_size**2

    @property
    def input_weights(self) -> int:
        """The number in all layers."""
        columns = self.features + (self.num_layers - 1) * self.hidden_size
        return CELLS[self.cell].num_gates * self.hidden_size * columns

    @property
    def multiply_adds(self) -> int:
        """The number in one call: each weight is used once for each row and step."""
        weights = self.num_layers * self.recurrent_weights + self.input_weights
        return self.batch_size * self.seq_len * weights

    def bytes_read(self, precision: Precision) -> int:
        """Return the least bytes of weights that a call reads: recurrent ones at every step, input ones once."""
        weights = self.seq_len * self.num_layers * self.recurrent_weights + self.input_weights
        return weights * BYTES_PER_WEIGHT[precision]

    def working_set(self, precision: Precision) -> int:
        """Return the bytes of weights that are read repeatedly: of all layers for a step, of one for a sequence."""
        weights = self.recurrent_weights
        if self.seq_len == 1:
            weights = self.num_layers * self.recurrent_weights + self.input_weights
        return weights * BYTES_PER_WEIGHT[precision]


def sweep() -> list[Case]:
    """Return the cases in which hidden size, layers, batch or sequence length varies, for each cell."""
    cases = [Case(cell, hidden, seq_len=steps) for cell in CELLS for steps in (1, 100) for hidden in _HIDDEN]
    cases += [Case(cell, 128, num_layers=2) for cell in CELLS]
    cases += [Case(cell, 128, batch_size=batch) for cell in CELLS for batch in _BATCH]
    cases += [Case(cell, 128, seq_len=steps) for cell in CELLS for steps in _SEQ_LEN]
    return list(dict.fromkeys(cases))


def quick_sweep() -> list[Case]:
    """Return small cases of each cell, enough to see that everything works."""
    return [Case(cell, 64, seq_len=steps) for cell in CELLS for steps in (1, 20)]
