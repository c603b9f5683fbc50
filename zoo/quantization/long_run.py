"""The error of a quantized model over a long sequence: errors that a state carries can grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact.golden import Sample
from zoo.artifact.signature import Signature, run_contract
from zoo.config.tensor_spec import BATCH, SEQ_LEN
from zoo.quantization.shift import FloatReference, OutputShift

LONG = 10_000  # steps
CHUNK = 500


@torch.no_grad()
def measure_long_run(
    reference: FloatReference, model: nn.Module, quantized: nn.Module, steps: int = LONG
) -> OutputShift:
    """Run one sequence, which repeats the samples, in both models, and compare their outputs.

    A model that streams gets it in chunks, with the state carried.

    Args:
        reference: has the samples and the model's interface.
        model: the float model.
        quantized: the same model, quantized.
        steps: the length of the sequence.
    """
    signature = reference.signature
    input = repeat_samples(reference.samples, signature, steps)
    expected, got = (_run(module, input, signature) for module in (model, quantized))
    return reference.compare(expected, got)


def repeat_samples(samples: Sequence[Sample], signature: Signature, steps: int) -> Tensor:
    """Return one row of so many steps: the rows of the samples without their padding, again and again."""
    batch_dim, time_dim = (signature.inputs[0].dims.index(name) for name in (BATCH, SEQ_LEN))
    parts: list[Tensor] = []
    for sample in samples:
        for row in range(sample.input.size(batch_dim)):
            length = sample.input.size(time_dim) if sample.lengths is None else int(sample.lengths[row])
            parts.append(sample.input.narrow(batch_dim, row, 1).narrow(time_dim, 0, length))
    once = torch.cat(parts, time_dim)
    times = -(-steps // max(1, once.size(time_dim)))
    return torch.cat([once] * times, time_dim).narrow(time_dim, 0, steps)


def _run(module: Any, input: Tensor, signature: Signature) -> Tensor:
    chunks = input.split(CHUNK, signature.inputs[0].dims.index(SEQ_LEN)) if signature.streamable else [input]
    state: list[Tensor] | None = None
    outputs = []
    for chunk in chunks:
        output, state = run_contract(module, chunk, None, state)
        outputs.append(output.double().flatten())
    return torch.cat(outputs)
