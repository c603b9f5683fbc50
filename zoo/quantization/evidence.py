"""How much the inputs say that a recipe learns from, and those on which its error is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from zoo.artifact.golden import Sample, SampleError, draw_samples
from zoo.artifact.signature import Signature
from zoo.config.tensor_spec import BATCH, SEQ_LEN
from zoo.quantization.recipe import RecipeError
from zoo.quantization.shift import FloatReference

# Steps of all calibration inputs: fewer give no range and no mean; with fewer than `ENOUGH` others may well be outside.
LEAST, ENOUGH = 16, 256
# Of the deviation of the outputs over drawn inputs: samples with less say little of an error.
LEAST_VARIATION = 0.1


def doubt_calibration(calibration: Sequence[Sample], signature: Signature) -> list[str]:
    """Return why ranges that these inputs give may not hold for others, in words; nothing where they are enough.

    Raises:
        RecipeError: they have next to no steps.
    """
    batch_dim, time_dim = (signature.inputs[0].dims.index(name) for name in (BATCH, SEQ_LEN))
    rows = sum(sample.input.size(batch_dim) for sample in calibration)
    steps = sum(
        sample.input.size(batch_dim) * sample.input.size(time_dim)
        if sample.lengths is None
        else int(sample.lengths.sum())
        for sample in calibration
    )
    has = f"calibration has {steps} step{'s' if steps > 1 else ''} in {rows} sequence{'s' if rows > 1 else ''}"
    if steps < LEAST:
        raise RecipeError(f"{has}, expected at least {LEAST} steps, and better {ENOUGH}; give more real inputs")
    if steps < ENOUGH or rows == 1:
        return [f"{has}: other inputs may be outside of what so few show; give {ENOUGH} steps or more in several"]
    return []


def doubt_samples(model: torch.nn.Module, reference: FloatReference) -> list[str]:
    """Return, in words, that the outputs hardly vary over the samples; nothing where they do.

    An error is measured against the range and the deviation of the outputs: of a silent recording both are near 0.

    Args:
        model: in float.
        reference: of the samples.
    """
    dim = reference.signature.inputs[0].dims.index(SEQ_LEN)
    if all(_is_still(sample, dim) for sample in reference.samples):
        return ["every sample has the same input at all steps, which says little of other inputs: give real ones"]
    try:
        drawn = FloatReference(model, draw_samples(reference.signature), reference.signature)
    except SampleError:
        return []
    share = _vary(reference) / max(_vary(drawn), torch.finfo(torch.float64).tiny)
    if not share < LEAST_VARIATION:
        return []
    return [
        f"over these samples the outputs vary by {share:.2%} of what they do over drawn inputs, and the error is a "
        "share of that: give samples in which more happens"
    ]


def _is_still(sample: Sample, dim: int) -> bool:
    """Return whether an input of several steps is the same at each."""
    first = sample.input.narrow(dim, 0, 1)
    return sample.input.size(dim) > 1 and bool((sample.input == first).all())


def _vary(reference: FloatReference) -> float:
    """Return the mean deviation of the numbers of an output from row to row and step to step; NaN for one of them."""
    size = reference.signature.outputs[0].dims[-1]
    rows = reference.outputs.reshape(-1, size if isinstance(size, int) else 1)
    return float(rows.std(0).mean()) if len(rows) > 1 else math.nan
