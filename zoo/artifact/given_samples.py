"""Samples that a caller gives: they fit the model, or the error says what does not."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from zoo.artifact.golden import Sample, SampleError, draw_samples
from zoo.artifact.signature import Signature
from zoo.config.tensor_spec import BATCH, SEQ_LEN, TensorSpec


def choose_samples(samples: Sequence[Sample] | None, signature: Signature) -> list[Sample]:
    """Return the samples that are given, or drawn ones where there are none.

    Raises:
        SampleError: a sample does not fit the model.
    """
    if samples is None:
        return draw_samples(signature)
    check_samples("samples", samples, signature)
    return list(samples)


def check_samples(title: str, samples: Sequence[Sample], signature: Signature) -> None:
    """Refuse samples that do not fit a model.

    Args:
        title: what an error calls them.
        samples: at least one, and not all of their rows are of length 0.
        signature: the model's interface.

    Raises:
        SampleError: with the first that does not fit.
    """
    if not isinstance(samples, Sequence) or isinstance(samples, str):
        raise SampleError(f"{title} is a {type(samples).__name__}, expected a list of zoo.Sample(name, tensor)")
    if not samples:
        raise SampleError(f"{title} is empty; give at least one real input")
    for k, sample in enumerate(samples):
        if not isinstance(sample, Sample) or not isinstance(sample.input, Tensor):
            given = sample if not isinstance(sample, Sample) else sample.input
            raise SampleError(f"{title}[{k}] is a {type(given).__name__}, expected zoo.Sample(name, tensor)")
        fault = _input_fault(sample.input, signature.inputs[0]) or _lengths_fault(sample, signature)
        if fault:
            raise SampleError(f"{title}[{k}], {sample.name!r}: {fault}")
    if not any(sample.lengths is None or bool(sample.lengths.any()) for sample in samples):
        raise SampleError(f"{title} must have at least one row with a step, every length is 0")


def _input_fault(input: Tensor, spec: TensorSpec) -> str | None:
    expected = f"expected {spec.dtype} {_title(spec.dims)}"
    fits = input.dim() == len(spec.dims) and all(
        size == dim if isinstance(dim, int) else size >= 1 for size, dim in zip(input.shape, spec.dims, strict=True)
    )
    if not fits:
        return f"the input has the shape {_title(input.shape)}, {expected}"
    if input.dtype != getattr(torch, spec.dtype):
        return f"the input is {str(input.dtype).removeprefix('torch.')}, {expected}"
    if input.device.type != "cpu":
        return f"the input lies on {input.device}, expected the CPU; call .cpu() first"
    if not torch.isfinite(input).all():
        return "the input holds NaN or Inf, expected finite numbers"
    if spec.range is not None:
        (low, high), (least, most) = spec.range, (int(input.min()), int(input.max()))
        if not low <= least <= most <= high:
            return f"the input has tokens {least} to {most}, expected {low} to {high}"
    return None


def _lengths_fault(sample: Sample, signature: Signature) -> str | None:
    lengths, dims = sample.lengths, signature.inputs[0].dims
    if lengths is None:
        return None
    if not signature.takes_lengths:
        return "the model takes no lengths; leave them out"
    rows, steps = (sample.input.size(dims.index(dim)) for dim in (BATCH, SEQ_LEN))
    if not isinstance(lengths, Tensor) or lengths.dtype != torch.int64 or lengths.shape != (rows,):
        given = (
            f"{str(lengths.dtype).removeprefix('torch.')} of shape {_title(lengths.shape)}"
            if isinstance(lengths, Tensor)
            else type(lengths).__name__
        )
        return f"the lengths are {given}, expected int64 of shape {_title([rows])}, one for each row"
    if not 0 <= int(lengths.min()) <= int(lengths.max()) <= steps:
        return f"the lengths are {lengths.tolist()[:8]}, expected 0 to the {steps} steps of the input"
    return None


def _title(dims: Sequence[object]) -> str:
    return f"({', '.join(map(str, dims))})"
