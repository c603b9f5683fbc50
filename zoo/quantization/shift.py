"""How far a quantized model's outputs are from those of the float model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from zoo.artifact.golden import GoldenSample, Sample, record, valid_values
from zoo.artifact.signature import Signature
from zoo.artifact.tolerances import ErrorLimit

# Fewer values have no meaningful spread, and then their size is the measure; `cpp_runner verify` does the same.
FEW = 16


@dataclass(frozen=True)
class OutputShift:
    """The error over all output values, without padded steps.

    Args:
        max_abs: the largest difference.
        rms: root mean square difference.
        max_of_range: the largest difference over the range (maximum - minimum) of the float outputs.
        rms_of_std: root mean square difference over the standard deviation of the float outputs. Where there are fewer
            than 16 outputs or all are equal, both are over the largest absolute value instead.
    """

    max_abs: float
    rms: float
    max_of_range: float
    rms_of_std: float

    def exceeds(self, limit: ErrorLimit) -> bool:
        return not (self.max_of_range <= limit.max_of_range and self.rms_of_std <= limit.rms_of_std)

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


class FloatReference:
    """What the float model gives for the samples; quantized versions of it are measured against this."""

    def __init__(self, model: nn.Module, samples: Sequence[Sample], signature: Signature) -> None:
        self.samples, self.signature = samples, signature
        self.golden = record(model, samples)
        self.outputs = self._outputs(self.golden)
        self.output_range, self.deviation = _spread(self.outputs)

    def measure(self, quantized: nn.Module) -> OutputShift:
        """Run the samples in a quantized model and return the error of its outputs."""
        differences = self._outputs(record(quantized, self.samples)) - self.outputs
        largest, rms = float(differences.abs().max()), float(differences.square().mean().sqrt())
        return OutputShift(largest, rms, _ratio(largest, self.output_range), _ratio(rms, self.deviation))

    def allowed_of(self, share: float) -> dict[str, float]:
        """Return a share of the range of each output and state, by name."""
        allowed = {self.signature.outputs[0].name: share * self.output_range}
        for i, part in enumerate(self.signature.state):
            values = torch.cat([sample.state[i].double().flatten() for sample in self.golden])
            allowed[part.name] = share * _spread(values)[0]
        return allowed

    def _outputs(self, golden: Sequence[GoldenSample]) -> Tensor:
        return torch.cat([valid_values(g.output, g.sample, self.signature) for g in golden])


def _spread(values: Tensor) -> tuple[float, float]:
    """Return range and standard deviation, or the largest absolute value for both."""
    span, size = float(values.max() - values.min()), float(values.abs().max())
    return (size, size) if len(values) < FEW or span == 0 else (span, float(values.std()))


def _ratio(error: float, scale: float) -> float:
    return error / scale if scale else float(error > 0)
