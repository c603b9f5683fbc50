"""Golden samples: a few inputs, with the outputs and final states that the Python model gives for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zoo.artifact.signature import Signature, random_input, run_contract
from zoo.config.tensor_spec import BATCH, SEQ_LEN
from zoo.errors import ZooError
from zoo.models.padding import step_mask

Run = tuple[Tensor, list[Tensor]]
SEED = 20130610
LONGEST = 33  # steps of the samples that every model has


class SampleError(ZooError, ValueError):
    """Samples do not fit a model, or it gives no finite numbers for them."""


@dataclass(frozen=True)
class Sample:
    """An input, with lengths if it is padded.

    Args:
        name: as in the manifest.
        input: in the model's layout.
        lengths: int64 (batch,) or None.
    """

    name: str
    input: Tensor
    lengths: Tensor | None = None


@dataclass(frozen=True)
class GoldenSample:
    """A sample and what the Python model gave."""

    sample: Sample
    output: Tensor
    state: list[Tensor]


def draw_samples(signature: Signature) -> list[Sample]:
    """Draw one step, one sequence, a batch, and a padded batch whose padding is as random as the rest.

    All are longer where the model needs more steps than one.
    """
    generator = torch.Generator().manual_seed(SEED)
    spec = signature.inputs[0]
    samples = [
        Sample("one_step" if spec.min_steps == 1 else "fewest_steps", random_input(spec, 1, 1, generator)),
        Sample("sequence", random_input(spec, 1, 19, generator)),
        Sample("batch", random_input(spec, 2, LONGEST, generator)),
    ]
    if signature.takes_lengths:
        lengths = torch.tensor([5, 23, 1, 16]) + spec.min_steps - 1
        samples.append(Sample("padded_batch", random_input(spec, 4, 23, generator), lengths))
    return samples


@torch.no_grad()
def record(module: Any, samples: Sequence[Sample], run: Callable[..., Run] = run_contract) -> list[GoldenSample]:
    """Run every sample.

    Args:
        module: keeps the contract.
        samples: its inputs.
        run: calls it; `run_named` where an error of the module's own code has to say which input it met.

    Raises:
        SampleError: an output is NaN or infinite, so nothing can be compared with it.
    """
    recorded = []
    for sample in samples:
        output, state = run(module, sample.input, sample.lengths)
        for tensor in (output, *state):
            if not torch.isfinite(tensor).all():
                raise SampleError(
                    f"the model gives NaN or Inf for sample {sample.name!r}; check its weights and the sample"
                )
        recorded.append(GoldenSample(sample, output, state))
    return recorded


def valid_steps(output: Tensor, sample: Sample, signature: Signature) -> Tensor:
    """Return an output without padded steps; its last dimension stays the last."""
    dims = signature.outputs[0].dims
    if sample.lengths is None or SEQ_LEN not in dims:
        return output
    output = output.movedim((dims.index(BATCH), dims.index(SEQ_LEN)), (0, 1))
    return output[step_mask(sample.lengths, output.size(1))]


def valid_values(output: Tensor, sample: Sample, signature: Signature) -> Tensor:
    """Return the values of an output as flat float64, without padded steps."""
    return valid_steps(output, sample, signature).double().flatten()


@torch.no_grad()
def worst_difference(module: Any, golden: Sequence[GoldenSample]) -> float:
    """Return the largest absolute difference between a module's outputs and states and the recorded ones.

    It is infinite where a shape differs, or where the module gives NaN or Inf.
    """
    worst = 0.0
    for sample in golden:
        output, state = run_contract(module, sample.sample.input, sample.sample.lengths)
        for got, expected in zip((output, *state), (sample.output, *sample.state), strict=True):
            if got.shape != expected.shape:
                return math.inf
            if got.numel():
                distance = float((got.double() - expected.double()).abs().max())
                worst = max(worst, distance if math.isfinite(distance) else math.inf)  # max() would skip NaN
    return worst


def to_npy(tensor: Tensor) -> bytes:
    """Return a tensor as the content of a `.npy` file."""
    buffer = BytesIO()
    np.save(buffer, np.ascontiguousarray(tensor.detach().cpu().numpy()), allow_pickle=False)
    return buffer.getvalue()


def to_files(
    golden: Sequence[GoldenSample], state_names: Sequence[str]
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Return the manifest's list of samples, and the `.npy` files that it names."""
    entries: list[dict[str, Any]] = []
    files: dict[str, bytes] = {}

    def add(name: str, tensor: Tensor) -> str:
        path = f"golden/{len(entries)}_{name}.npy"
        files[path] = to_npy(tensor)
        return path

    for sample in golden:
        entries.append(
            {
                "name": sample.sample.name,
                "input": add("input", sample.sample.input),
                "lengths": None if sample.sample.lengths is None else add("lengths", sample.sample.lengths),
                "output": add("output", sample.output),
                "state": [add(f"state_{name}", tensor) for name, tensor in zip(state_names, sample.state, strict=True)],
            }
        )
    return entries, files
