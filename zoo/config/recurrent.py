"""What every recurrent model's configuration shares."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, Self

from zoo.config.faults import ConfigError, probability_faults, whole_number_faults

Kind = Literal["lstm", "gru", "rnn"]
Nonlinearity = Literal["tanh", "relu"]

GATES: dict[str, int] = {"lstm": 4, "gru": 3, "rnn": 1}


@dataclass(frozen=True, kw_only=True)
class RecurrentConfig:
    """What every recurrent model shares: `torch.nn.LSTM/GRU/RNN`'s constructor arguments, and what feeds them.

    Args:
        kind: the recurrence, "lstm", "gru" or "rnn".
        input_size: features per step fed to the first layer; the embedding's width where `vocab_size` is set.
        hidden_size: units per layer and direction.
        num_layers: layers stacked on one another.
        bias: whether layers have the two bias vectors `bias_ih`, `bias_hh`.
        batch_first: input as (batch, seq_len, features); otherwise (seq_len, batch, features).
        dropout: probability between layers, in training only.
        bidirectional: run each layer in both directions; such a model cannot stream.
        proj_size: LSTM only, size of the projected hidden state; 0 for none.
        nonlinearity: RNN only, "tanh" or "relu".
        residual: add each layer's input to its output, from the second layer on.
        standardize: subtract a mean from each feature and divide by a deviation; they travel with the weights and
            are 0 and 1 until `model.backbone.front_end.set_statistics` sets them from training data.
        vocab_size: take int64 tokens in 0..vocab_size-1 and embed them; None for float features.

    Raises:
        ConfigError: with all faults at once.
    """

    kind: Kind = "lstm"
    input_size: int = 16
    hidden_size: int = 128
    num_layers: int = 1
    bias: bool = True
    batch_first: bool = True
    dropout: float = 0.0
    bidirectional: bool = False
    proj_size: int = 0
    nonlinearity: Nonlinearity = "tanh"
    residual: bool = False
    standardize: bool = False
    vocab_size: int | None = None

    def __post_init__(self) -> None:
        faults = self.faults()
        if faults:
            raise ConfigError(f"{type(self).__name__}: " + "; ".join(faults))

    def faults(self) -> list[str]:
        """Say everything that is wrong with this configuration, one sentence each."""
        found = []
        if self.kind not in GATES:
            found.append(f"kind must be one of {', '.join(GATES)}, got {self.kind!r}")
        for name in ("input_size", "hidden_size", "num_layers"):
            found += whole_number_faults(name, getattr(self, name), 1)
        found += whole_number_faults("proj_size", self.proj_size, 0)
        found += probability_faults("dropout", self.dropout)
        for name in ("bias", "batch_first", "bidirectional", "residual", "standardize"):
            if not isinstance(getattr(self, name), bool):
                found.append(f"{name} must be True or False, got {getattr(self, name)!r}")
        if self.nonlinearity not in ("tanh", "relu"):
            found.append(f"nonlinearity must be tanh or relu, got {self.nonlinearity!r}")
        if self.vocab_size is not None:
            found += whole_number_faults("vocab_size", self.vocab_size, 1)
        if found:
            return found  # the relations below compare values of the right type only
        if self.proj_size and self.kind != "lstm":
            found.append(f"proj_size is for lstm only, got kind={self.kind!r}")
        if self.proj_size >= self.hidden_size:
            found.append(f"proj_size must be smaller than hidden_size={self.hidden_size}, got {self.proj_size}")
        if self.nonlinearity != "tanh" and self.kind != "rnn":
            found.append(f"nonlinearity={self.nonlinearity!r} is for kind='rnn' only, got kind={self.kind!r}")
        if self.standardize and self.vocab_size is not None:
            found.append("standardize is for float features, and vocab_size asks for tokens; give one of them")
        if self.num_layers == 1:
            if self.dropout:
                found.append("dropout acts between layers, so it needs num_layers >= 2; got num_layers=1")
            if self.residual:
                found.append("residual adds from the second layer on, so it needs num_layers >= 2; got 1")
        return found

    @property
    def num_directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def num_gates(self) -> int:
        return GATES[self.kind]

    @property
    def output_size(self) -> int:
        """Features per step that leave the stack: both directions side by side."""
        return self.num_directions * (self.proj_size or self.hidden_size)

    def replace(self, **overrides: Any) -> Self:
        """Return a copy with some fields changed, validated again.

        Raises:
            ConfigError: for a field that this configuration has not, or a value that does not fit.
        """
        names = [field.name for field in dataclasses.fields(self)]
        unknown = sorted(set(overrides) - set(names))
        if unknown:
            raise ConfigError(f"{type(self).__name__} has no {', '.join(unknown)}; its fields are {', '.join(names)}")
        return dataclasses.replace(self, **overrides)

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON values."""
        return dataclasses.asdict(self)
