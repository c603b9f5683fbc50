"""The configuration that all recurrent models share."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, Self

from zoo.config.cells import CELLS, WRITTEN_CELLS, CellSpec, find_cell_spec
from zoo.config.faults import ConfigError, flag_faults, make_plain_, probability_faults, whole_number_faults
from zoo.config.tensor_spec import BATCH, SEQ_LEN, TensorSpec

Nonlinearity = Literal["tanh", "relu"]
CONV_SIZE, NUM_HEADS = 5, 4
# A clock's period is a power of 2, and float32 counts whole steps up to 2 ** 24.
NUM_CLOCKS, MOST_CLOCKS = 8, 24
# Fields that are True or False.
FLAGS = (
    "bias",
    "batch_first",
    "locked_dropout",
    "bidirectional",
    "residual",
    "highway",
    "batch_norm",
    "learned_state",
    "standardize",
)
# What acts between layers, and its value where there is one layer.
BETWEEN_LAYERS = {"dropout": 0.0, "locked_dropout": False, "residual": False, "highway": False}


@dataclass(frozen=True, kw_only=True)
class RecurrentConfig:
    """The constructor arguments of `torch.nn.LSTM/GRU/RNN`, and the input of the first layer.

    Two things differ from PyTorch: `batch_first` is True by default, and `cell` says which layer it is.

    Args:
        cell: the equation of one step: "lstm", "gru", "rnn", or a cell of `zoo.models.cells` or of your own.
        input_size: features per step of the first layer, as PyTorch means it. A model that reads float features takes
            as many from the caller. A token model (`vocab_size` is set) embeds each token into as many.
        hidden_size: units per layer and direction.
        num_layers: number of layers, each of which reads the output of the one before.
        bias: whether layers have the two bias vectors `bias_ih`, `bias_hh`.
        batch_first: input as (batch, seq_len, features); otherwise (seq_len, batch, features).
        dropout: probability between layers, in training only.
        locked_dropout: leave out the same features at every step of a sequence (Gal and Ghahramani 2016).
        zoneout: probability that a unit keeps its state from the step before, in training (Krueger et al. 2017). In
            eval mode a unit takes the mean of both, as the paper has it. LibTorch then runs the stack step by step.
        bidirectional: run each layer in both directions; such a model cannot stream.
        proj_size: size of the projected hidden state, for the LSTM only; 0 for none.
        nonlinearity: "tanh" or "relu", for the RNN only.
        columns: places of a row, for the cell "grid_lstm" only, whose steps are rows. Features and units of the places
            lie side by side, so input_size and hidden_size are multiples of it.
        num_clocks: groups of units, with the periods 1, 2, 4 and so on, for the cell "clockwork_rnn" only; at most 24,
            and at most hidden_size.
        residual: add each layer's input to its output, from the second layer on.
        highway: weigh each layer's input and output by a gate, from the second layer on (Srivastava et al. 2015).
        batch_norm: normalise each layer's input over the valid steps of a batch, in eval mode by running statistics.
        learned_state: begin a sequence with a state that is learned; otherwise it is 0.
        standardize: subtract a mean from each feature and divide by a deviation. Both are saved with the weights. They
            are 0 and 1 until `zoo.set_statistics_` sets them from training data.
        conv_channels: features that convolutions over the steps pass to the first recurrent layer; 0 for none. They
            are causal, or centred in a bidirectional model.
        conv_size: steps that a convolution sees; a centred one sees an odd number.
        conv_layers: convolutions one after the other.
        attention_window: steps that self-attention on top of the stack sees, its own and those before it; 0 for no
            attention. Not for a bidirectional model.
        num_heads: parts of the features that attend on their own.
        vocab_size: number of tokens. The model then takes int64 tokens in 0..vocab_size-1; None for float features.

    Raises:
        ConfigError: with all faults at once.
    """

    cell: str = "lstm"
    input_size: int = 16
    hidden_size: int = 128
    num_layers: int = 1
    bias: bool = True
    batch_first: bool = True
    dropout: float = 0.0
    locked_dropout: bool = False
    zoneout: float = 0.0
    bidirectional: bool = False
    proj_size: int = 0
    nonlinearity: Nonlinearity = "tanh"
    columns: int = 1
    num_clocks: int = NUM_CLOCKS
    residual: bool = False
    highway: bool = False
    batch_norm: bool = False
    learned_state: bool = False
    standardize: bool = False
    conv_channels: int = 0
    conv_size: int = CONV_SIZE
    conv_layers: int = 1
    attention_window: int = 0
    num_heads: int = NUM_HEADS
    vocab_size: int | None = None

    def __post_init__(self) -> None:
        make_plain_(self)
        faults = self.faults()
        if faults:
            raise ConfigError(f"{type(self).__name__}: " + "; ".join(faults))

    def faults(self) -> list[str]:
        """Return everything that is wrong with this configuration, one sentence each."""
        found = []
        if find_cell_spec(self.cell) is None:
            found.append(f"cell must be one of {', '.join((*CELLS, *WRITTEN_CELLS))}, got {self.cell!r}")
        for name in ("input_size", "hidden_size", "num_layers", "columns", "num_clocks"):
            found += whole_number_faults(name, getattr(self, name), 1)
        for name in ("proj_size", "conv_channels", "attention_window"):
            found += whole_number_faults(name, getattr(self, name), 0)
        found += whole_number_faults("conv_size", self.conv_size, 2)
        found += whole_number_faults("conv_layers", self.conv_layers, 1)
        found += whole_number_faults("num_heads", self.num_heads, 1)
        for name in ("dropout", "zoneout"):
            found += probability_faults(name, getattr(self, name))
        for name in FLAGS:
            found += flag_faults(name, getattr(self, name))
        if self.nonlinearity not in ("tanh", "relu"):
            found.append(f"nonlinearity must be tanh or relu, got {self.nonlinearity!r}")
        if self.vocab_size is not None:
            found += whole_number_faults("vocab_size", self.vocab_size, 1)
        # The relations compare values, so they need values of the right type.
        return found or self._contradictions()

    def _contradictions(self) -> list[str]:
        found = []
        if self.proj_size and not self.cell_spec.projects:
            able = [name for name, spec in CELLS.items() if spec.projects]
            found.append(f"proj_size is for {', '.join(able)} only, got cell={self.cell!r}")
        if self.proj_size >= self.hidden_size:
            found.append(f"proj_size must be smaller than hidden_size={self.hidden_size}, got {self.proj_size}")
        if self.nonlinearity != "tanh" and self.nonlinearity not in self.cell_spec.nonlinearities:
            able = [name for name, spec in CELLS.items() if self.nonlinearity in spec.nonlinearities]
            found.append(
                f"nonlinearity={self.nonlinearity!r} is for cell={' or '.join(map(repr, able))} only, "
                f"got cell={self.cell!r}"
            )
        if self.bias and not self.cell_spec.biases:
            found.append(f"bias must be False, because cell={self.cell!r} has no biases; got bias=True")
        if self.standardize and self.vocab_size is not None:
            found.append("standardize is for float features, and vocab_size asks for tokens; give one of them")
        if not self.conv_channels and (self.conv_size, self.conv_layers) != (CONV_SIZE, 1):
            found.append("conv_size and conv_layers need conv_channels >= 1; got conv_channels=0")
        if self.conv_channels and self.centred_convolutions and self.conv_size % 2 == 0:
            found.append(
                f"conv_size must be odd with bidirectional=True: a step lies in the middle; got {self.conv_size}"
            )
        if self.attention_window and self.bidirectional:
            found.append("attention_window looks back only, and bidirectional=True reads both ways; give one of them")
        if self.attention_window and self.output_size % self.num_heads:
            found.append(f"num_heads must divide the {self.output_size} features of a step, got {self.num_heads}")
        if not self.attention_window and self.num_heads != NUM_HEADS:
            found.append("num_heads needs attention_window >= 1; got attention_window=0")
        if self.columns > 1:
            found += self._grid_contradictions()
        if "num_clocks" in self.cell_spec.options:
            if self.num_clocks > min(MOST_CLOCKS, self.hidden_size):
                found.append(
                    f"num_clocks must be at most {MOST_CLOCKS} and at most hidden_size={self.hidden_size}, "
                    f"got {self.num_clocks}"
                )
        elif self.num_clocks != NUM_CLOCKS:
            found.append(f"num_clocks={self.num_clocks} is for cell='clockwork_rnn' only, got cell={self.cell!r}")
        if self.residual and self.highway:
            found.append("residual and highway both say how layers are joined; give one of them")
        if self.locked_dropout and not self.dropout:
            found.append("locked_dropout says how dropout acts, so it needs dropout > 0; got dropout=0")
        if self.zoneout and self.proj_size:
            found.append(f"zoneout takes no proj_size, got zoneout={self.zoneout} and proj_size={self.proj_size}")
        if self.num_layers == 1:
            if self.dropout:
                found.append("dropout acts between layers, so it needs num_layers >= 2; got num_layers=1")
            if self.residual:
                found.append("residual adds from the second layer on, so it needs num_layers >= 2; got 1")
            if self.highway:
                found.append("highway joins from the second layer on, so it needs num_layers >= 2; got 1")
        return found

    def _grid_contradictions(self) -> list[str]:
        if "columns" not in self.cell_spec.options:
            return [f"columns={self.columns} is for cell='grid_lstm' only, got cell={self.cell!r}"]
        return [
            f"{name} must be a multiple of columns={self.columns}, got {getattr(self, name)}"
            for name in ("input_size", "hidden_size")
            if getattr(self, name) % self.columns
        ]

    @property
    def cell_spec(self) -> CellSpec:
        spec = find_cell_spec(self.cell)
        assert spec is not None, "faults() finds an unknown cell"
        return spec

    @property
    def state_names(self) -> list[str]:
        """The state tensors of the recurrent stack."""
        return [*self.cell_spec.state_names, *(["window", "seen"] if self.attention_window else [])]

    @property
    def num_gates(self) -> int:
        return self.cell_spec.num_gates

    @property
    def num_directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def centred_convolutions(self) -> bool:
        """Whether a convolution sees steps on both sides."""
        return self.bidirectional

    @property
    def output_size(self) -> int:
        """Features per step that leave the stack: both directions side by side."""
        return self.num_directions * (self.proj_size or self.hidden_size)

    @property
    def input_spec(self) -> TensorSpec:
        """What the model takes: float features, or tokens where `vocab_size` is set."""
        steps: tuple[int | str, ...] = (BATCH, SEQ_LEN) if self.batch_first else (SEQ_LEN, BATCH)
        if self.vocab_size is not None:
            return TensorSpec("input", "int64", steps, range=(0, self.vocab_size - 1))
        return TensorSpec("input", "float32", (*steps, self.input_size))

    def stack_config(self, input_size: int) -> RecurrentConfig:
        """Return the configuration of the recurrent stack alone, for features of the given size."""
        shared = {field.name: getattr(self, field.name) for field in dataclasses.fields(RecurrentConfig)}
        in_front = {
            "vocab_size": None,
            "standardize": False,
            "conv_channels": 0,
            "conv_size": CONV_SIZE,
            "conv_layers": 1,
        }
        return RecurrentConfig(**{**shared, **in_front, "input_size": input_size})

    def replace(self, **overrides: Any) -> Self:
        """Return a copy with some fields changed, validated again.

        Where one layer is left, the settings between layers lapse that are not given: `dropout`, `locked_dropout`,
        `residual` and `highway`.

        Raises:
            ConfigError: a field does not exist, or a value does not fit.
        """
        names = [field.name for field in dataclasses.fields(self)]
        unknown = sorted(set(overrides) - set(names))
        if unknown:
            raise ConfigError(f"{type(self).__name__} has no {', '.join(unknown)}; its fields are {', '.join(names)}")
        lapsed = BETWEEN_LAYERS if overrides.get("num_layers", self.num_layers) == 1 < self.num_layers else {}
        return dataclasses.replace(self, **{**lapsed, **overrides})

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON values."""
        return dataclasses.asdict(self)
