"""How far a quantized model's outputs are from those of the float model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from zoo.artifact.features import FEW, count_features, count_scores, measure_sizes, share_unit
from zoo.artifact.golden import GoldenSample, Sample, record, valid_values
from zoo.artifact.signature import Signature
from zoo.artifact.tolerances import ErrorLimit


@dataclass(frozen=True)
class FeatureShift:
    """The largest errors of single features, each for its own size.

    Args:
        index: of the feature with the largest root mean square difference, in the last dimension of the outputs.
        max_of_range: the largest difference over the feature's range.
        rms_of_std: the largest root mean square difference of a feature over its deviation.
    """

    index: int
    max_of_range: float
    rms_of_std: float


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
        changed: share of the outputs that are others; None where they are no whole numbers.
        worst: the same for the worst feature; None where there is one feature, or outputs are whole numbers.
    """

    max_abs: float
    rms: float
    max_of_range: float
    rms_of_std: float
    agreement: float | None = None
    kl: float | None = None
    changed: float | None = None
    worst: FeatureShift | None = None

    @property
    def snr_db(self) -> float | None:
        """Signal-to-noise ratio in decibels; None where nothing moved."""
        return -20 * math.log10(self.rms_of_std) if self.rms_of_std > 0 else None

    def exceeds(self, limit: ErrorLimit) -> bool:
        """Return whether the outputs as a whole or one feature of them is beyond a limit."""
        if self.changed is not None:
            return not self.changed <= limit.rms_of_std
        within = self.max_of_range <= limit.max_of_range and self.rms_of_std <= limit.rms_of_std
        return not (within and self.feature_share(limit) <= 1)

    def feature_share(self, limit: ErrorLimit) -> float:
        """Return how much the worst feature takes of what a limit allows it."""
        if self.worst is None:
            return 0.0
        share = max(self.worst.max_of_range / limit.max_of_range, self.worst.rms_of_std / limit.rms_of_std)
        return share / limit.of_feature

    def describe(self, limit: ErrorLimit, where: str = "", *, several: bool = False) -> str:
        """Return what a recipe did, with the limits: what follows its name in a sentence.

        Args:
            limit: the recipe's.
            where: as " over 100 steps", if it is not the samples.
            several: whether the subject of the sentence is in the plural.
        """
        ending = "" if several else "s"
        if self.changed is not None:
            return (
                f"change{ending} {self.changed:.1%} of the outputs{where}, which are whole numbers (limit "
                f"{limit.rms_of_std:.1%})"
            )
        said = (
            f"move{ending} the outputs{where} by {self.max_of_range:.2%} of their range (limit "
            f"{limit.max_of_range:.0%}), rms {self.rms_of_std:.2%} of their deviation (limit {limit.rms_of_std:.1%})"
        )
        if self.worst is not None and self.feature_share(limit) > 1:
            said += (
                f", and single features by up to {self.worst.max_of_range:.1%} of their own range (limit "
                f"{limit.of_feature * limit.max_of_range:.0%}), rms up to {self.worst.rms_of_std:.1%} of their own "
                f"deviation (limit {limit.of_feature * limit.rms_of_std:.0%}; feature {self.worst.index})"
            )
        return said

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
            "changed": self.changed,
        }
        return {name: figure for name, figure in figures.items() if figure is not None}


def measure_shift(expected: Tensor, got: Tensor, num_scores: int = 0) -> OutputShift:
    """Compare flat outputs as a whole.

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


def measure_worst_feature(expected: Tensor, got: Tensor, *, shared: bool) -> FeatureShift:
    """Return the largest errors of single features.

    Args:
        expected: the float model's outputs, (values, features).
        got: those of the quantized one.
        shared: whether the features are in one unit.
    """
    sizes, off = measure_sizes(expected, shared=shared), (got - expected).abs()
    of_deviation = off.square().mean(0).sqrt() / sizes.deviation
    worst = int(of_deviation.argmax())
    return FeatureShift(worst, float((off.amax(0) / sizes.range).max()), float(of_deviation[worst]))


def spread(values: Tensor) -> tuple[float, float]:
    """Return range and standard deviation, or the largest absolute value for both."""
    span, size = float(values.max() - values.min()), float(values.abs().max())
    return (size, size) if len(values) < FEW or span == 0 else (span, float(values.std()))


class FloatReference:
    """What the float model gives for the samples; quantized versions of it are measured against this."""

    def __init__(self, model: nn.Module, samples: Sequence[Sample], signature: Signature) -> None:
        self.samples, self.signature = samples, signature
        output = signature.outputs[0]
        scores, self.num_features = count_scores(getattr(model, "config", None)), count_features(output)
        self.num_scores = scores if output.dims[-1] == scores else 0
        self.golden = record(model, samples)
        self.outputs = self._outputs(self.golden)
        self.whole_numbers = not output.dtype.startswith("float")
        self.shared = share_unit(model, self.num_features)

    def measure(self, quantized: nn.Module) -> OutputShift:
        """Run the samples in a quantized model and return the error of its outputs."""
        return self.compare(self.outputs, self._outputs(record(quantized, self.samples)))

    def compare(self, expected: Tensor, got: Tensor) -> OutputShift:
        """Compare flat outputs of the float model, for any inputs, with those of a quantized one."""
        shift = measure_shift(expected, got, self.num_scores)
        if self.whole_numbers:
            return replace(shift, changed=float((got != expected).double().mean()))
        if self.num_features == 1:
            return shift
        expected, got = (values.view(-1, self.num_features) for values in (expected, got))
        return replace(shift, worst=measure_worst_feature(expected, got, shared=self.shared))

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
