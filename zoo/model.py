"""The contract of a model: what it takes and returns, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor, nn

from zoo.artifact.tolerances import Tolerance
from zoo.config.tensor_spec import TensorSpec


@dataclass(frozen=True)
class QuantizationRecord:
    """What `zoo.quantize` did to a model; the manifest carries it.

    Args:
        recipe: the recipe's name.
        backend: PyTorch's quantized backend that packed the weights; C++ selects the same one before it loads the
            file. Empty if the recipe does not use one.
        layers: converted layers, name to original type.
        error: error of the outputs against the float model on the samples: `max_abs`, `rms`, `max_of_range`,
            `rms_of_std`, `snr_db`, for scores `agreement` and `kl`, and for whole numbers `changed`.
        replay: tolerance of C++ against Python on whole sequences.
        regrouped: tolerance of the same sums in chunks or other batches; None where `error_of` bounds it.
        error_of: absolute error that the recipe allows each output and state, by name.
        feature_error: error that the recipe allows each feature of the output, of the feature's range.
        uses_engine: whether the model calls the fused engine's operators.
        long_error: the same over a long sequence, with its `steps`; empty where none was run.
        beyond_limit: whether the error is beyond the recipe's limit, which the user allowed.
        calibrated: whether the recipe learned from calibration inputs.
        left_float: layers that the recipe spared, in this order, each with the error that was left.
        float_activations: converted layers of which only the weights are rounded: all of `bf16`, `float16` and `int4`,
            and the written-out cells of `int8`.
        float_matrices: parameters with rows and columns that the model still has in float32, each with its share of the
            bytes of all the float model's parameters.
        doubts: why the samples or the calibration inputs say little, one sentence each; none where they say enough.
        smoothed: layers whose input channels are smoothed, each with the alpha of it.
    """

    recipe: str
    backend: str
    layers: dict[str, str]
    error: dict[str, float]
    replay: Tolerance
    regrouped: Tolerance | None
    error_of: dict[str, float]
    feature_error: float = 0.0
    uses_engine: bool = False
    long_error: dict[str, float] = field(default_factory=dict)
    beyond_limit: bool = False
    left_float: dict[str, dict[str, float]] = field(default_factory=dict)
    calibrated: bool = False
    float_activations: list[str] = field(default_factory=list)
    float_matrices: dict[str, float] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    smoothed: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the manifest."""
        return {
            "recipe": self.recipe,
            "engine": self.backend,
            "operators": self.uses_engine,
            "layers": self.layers,
            "error": self.error,
            "long_error": self.long_error,
            "beyond_limit": self.beyond_limit,
            "calibrated": self.calibrated,
            "left_float": self.left_float,
            "float_activations": self.float_activations,
            "float_matrices": self.float_matrices,
            "doubts": self.doubts,
            "smoothed": self.smoothed,
        }


class RecurrentModel(Protocol):
    """The contract that every model keeps. TorchScript must be able to script it; it is never traced.

    `forward` and `initial_state` are what a user's own module has to provide. `zoo.build` and `zoo.quantize` set the
    attributes. A sequence fed in chunks of any sizes, with the state carried, gives the same as the whole sequence.
    """

    input_spec: TensorSpec
    """The input. A module that `zoo.build` did not make has to set it."""
    takes_lengths: bool
    """Whether `forward` takes lengths; True where it is missing."""
    state_names: list[str]
    """A name for each state tensor; `state_0` and so on where it is missing."""
    model_name: str
    """The registered name."""
    config: Any
    """The configuration, as in `zoo.config`; its fields depend on the model."""
    init_record: dict[str, Any] | None
    """Scheme, options and seed of the initial weights; None where weights were loaded."""
    quantization: QuantizationRecord | None
    """What `zoo.quantize` did; None for a float model. A converted layer has its part of it."""
    training_record: dict[str, Any] | None
    """What training says of the model: its task with the names of classes or columns, and its metrics; or None."""

    def forward(
        self, input: Tensor, lengths: Tensor | None = None, state: list[Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Run a sequence, or the next chunk of one.

        Args:
            input: (batch, seq_len, input_size) float or (batch, seq_len) int64 tokens. With `batch_first=False` the
                first two dimensions are swapped.
            lengths: int64 (batch,), in any order. Padding never changes a result. A row of length 0 keeps its state.
            state: what the call before returned, each tensor with the batch in dimension 1; None for the start.

        Returns:
            The output, and the state after the last step.
        """
        ...

    def initial_state(self, batch_size: int) -> list[Tensor]:
        """Return the state at the start of a sequence.

        Raises:
            RuntimeError: the model cannot stream, because a step depends on later ones.
        """
        ...


# Only Python needs these; TorchScript could not compile all of them.
ATTRIBUTES = tuple(RecurrentModel.__annotations__)

if TYPE_CHECKING:

    class Model(nn.Module, RecurrentModel):
        """A module that keeps the contract."""

        def __call__(
            self, input: Tensor, lengths: Tensor | None = None, state: list[Tensor] | None = None
        ) -> tuple[Tensor, list[Tensor]]: ...

else:
    # TorchScript code is composed, never inherited: at run time a model is any module.
    Model = nn.Module
