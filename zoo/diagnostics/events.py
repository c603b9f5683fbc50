"""A diagnosis as TensorBoard's files; tensorboard comes with `recurrent-zoo[train]`."""

from __future__ import annotations

from pathlib import Path

from zoo.diagnostics.diagnosis import Diagnosis
from zoo.diagnostics.gates import GateSummary


def write_events(diagnosis: Diagnosis, folder: Path) -> None:
    """Write norms, radii and errors as scalars, curves through time with the step as x, and gates as histograms."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        for kind, values in (
            ("gradient_norms", diagnosis.gradient_norms),
            ("weight_norms", diagnosis.weight_norms),
            ("spectral_radii", diagnosis.spectral_radii),
            ("gradient_errors", diagnosis.gradient_errors),
        ):
            for name, value in values.items():
                writer.add_scalar(f"{kind}/{name}", value)
        for kind, curves in (
            ("gradients_through_time", diagnosis.gradients_through_time),
            ("hidden_norms", diagnosis.hidden_norms),
        ):
            for name, curve in curves.items():
                for t, value in enumerate(curve, start=1):
                    writer.add_scalar(f"{kind}/{name}", value, t)
        for name, gate in diagnosis.gates.items():
            _add_histogram(writer, f"gates/{name}", gate)


def _add_histogram(writer: object, tag: str, gate: GateSummary) -> None:
    """Write the counts as they are. TensorBoard asks for the sum of squares too, which the middles of the bins give."""
    number = sum(gate.counts)
    middles = [(low + high) / 2 for low, high in zip(gate.edges, gate.edges[1:], strict=False)]
    writer.add_histogram_raw(  # type: ignore[attr-defined]
        tag,
        min=gate.edges[0],
        max=gate.edges[-1],
        num=number,
        sum=gate.mean * number,
        sum_squares=sum(count * middle**2 for count, middle in zip(gate.counts, middles, strict=True)),
        bucket_limits=gate.edges[1:],
        bucket_counts=gate.counts,
    )
