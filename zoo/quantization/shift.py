"""How far a quantized model's outputs are from those of the float model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
        agreement: share of the steps or rows whose largest score is the same; None where outputs are no scores.
        kl: mean Kullback-Leibler divergence of the scores' softmax from the float model's, in nats; None likewise.
    """

    max_abs: float
    rms: float
    max_of_range: float
    rms_of_std: float
    agreement: float | None = None
    kl: float | None = None

    @property
    def snr_db(self) -> float | None:
        """Signal-to-noise ratio in decibels; None where nothing moved."""
        return -20 * math.log10(self.rms_of_std) if self.rms_of_std > 0 else None

    def exceeds(self, limit: ErrorLimit) -> bool:
        return not (self.max_of_range <= limit.max_of_range and self.rms_of_std <= limit.rms_of_std)

    def to_dict(self) -> dict[str, float]:
        """Return what the manifest says: the figures that there are."""
        figures = {
            "max_abs": self.max_abs,
            "rms": self.rms,
            "max_of_range": self.max_of_range,
            "rms_of_std": self.rms_of_std,
            "snr_db": self.snr_db,
            "agreement": self.agreement,
            "kl": self.kl,
        }
        return {name: figure for name, figure in figures.items() if figure is not None}


def measure_shift(expected: Tensor, got: Tensor, num_scores: int = 0) -> OutputShift:
    """Compare flat outputs.

    Args:
        expected: the float model's.
        got: those of the quantized one.
        num_scores: of how many scores each row of the outputs consists; 0 where they are no scores.
    """
    span, deviation = spread(expected)
    differences = (got - expected).abs()
    largest, rms = float(differences.max()), float(differences.square().mean().sqrt())
    agreement = kl = None
    if num_scores > 1:
        a, b = expected.view(-1, num_scores), got.view(-1, num_scores)
        agreement = float((a.argmax(1) == b.argmax(1)).double().mean())
        p, q = a.log_softmax(1), b.log_softmax(1)
        kl = max(0.0, float((p.exp() * (p - q)).sum(1).mean()))
    return OutputShift(largest, rms, _ratio(largest, span), _ratio(rms, deviation), agreement, kl)


def spread(values: Tensor) -> tuple[float, float]:
    """Return range and standard deviation, or the largest absolute value for both."""
    span, size = float(values.max() - values.min()), float(values.abs().max())
    return (size, size) if len(values) < FEW or span == 0 else (span, float(values.std()))


def count_scores(config: Any) -> int:
    """Return how many scores a model of this configuration gives a row or step; 0 where it gives other numbers."""
    for field in ("num_classes", "num_labels"):
        if isinstance(count := getattr(config, field, None), int):
            return count
    return 0


class FloatReference:
    """What the float model gives for the samples; quantized versions of it are measured against this."""

    def __init__(self, model: nn.Module, samples: Sequence[Sample], signature: Signature) -> None:
        self.samples, self.signature = samples, signature
        scores = count_scores(getattr(model, "config", None))
        self.num_scores = scores if signature.outputs[0].dims[-1] == scores else 0
        self.golden = record(model, samples)
        self.outputs = self._outputs(self.golden)

    def measure(self, quantized: nn.Module) -> OutputShift:
        """Run the samples in a quantized model and return the error of its outputs."""
        return measure_shift(self.outputs, self._outputs(record(quantized, self.samples)), self.num_scores)

    def allowed_of(self, share: float) -> dict[str, float]:
        """Return a share of the range of each output and state, by name."""
        allowed = {self.signature.outputs[0].name: share * spread(self.outputs)[0]}
        for i, part in enumerate(self.signature.state):
            values = torch.cat([sample.state[i].double().flatten() for sample in self.golden])
            allowed[part.name] = share * spread(values)[0]
        return allowed

    def _outputs(self, golden: Sequence[GoldenSample]) -> Tensor:
        return torch.cat([valid_values(g.output, g.sample, self.signature) for g in golden])


def _ratio(error: float, scale: float) -> float:
    return error / scale if scale else float(error > 0)
