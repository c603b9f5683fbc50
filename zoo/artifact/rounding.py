"""How far a model's own rounding moves its results: the measure by which `verify` judges the C++ numbers.

Two runs of one model that add in another order differ by about the rounding of each. So the tolerance of an output or a
state is a multiple of its rounding, which is measured when the model is saved: float32 against float64, rows alone
against rows in a batch, chunks against the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact.golden import GoldenSample, Sample
from zoo.artifact.parametrization import copy_module
from zoo.artifact.signature import Signature, random_input, run_contract
from zoo.config.tensor_spec import BATCH, SEQ_LEN
from zoo.quantized_parts import find_quantization

# Two runs may differ by the rounding of each, and other processors show more of it than the golden samples do here.
FACTOR = 4.0
# Of the range of an output or state: no rounding excuses more, and a mutant has to pass this.
CEILING = 5e-5
FLOOR = 1e-6
CHUNKS = (1, 7, 16)  # as `cpp_runner verify` takes them


@dataclass(frozen=True)
class Rounding:
    """What was measured.

    Args:
        worst_of: the largest difference that rounding made, by name of an output or state.
        range_of: maximum - minimum of the golden values, by name.
        rows_independent: whether a row gives the same alone and in a batch.
        steady: whether rows, batches and chunks give the same but for rounding.
    """

    worst_of: dict[str, float]
    range_of: dict[str, float]
    rows_independent: bool
    steady: bool

    def allowed_of(self) -> dict[str, float]:
        """Return the absolute tolerance of each output and state, by name."""
        return {
            name: max(FLOOR, min(FACTOR * worst, CEILING * self.range_of[name]))
            for name, worst in self.worst_of.items()
        }


class _Measure:
    """Collects how far runs of one model are apart."""

    def __init__(self, signature: Signature) -> None:
        self.specs = [signature.outputs[0], *signature.state]
        self.worst_of = {spec.name: 0.0 for spec in self.specs}
        self.range_of = {spec.name: 0.0 for spec in self.specs}

    def note_range(self, values: Sequence[Tensor]) -> None:
        for spec, tensor in zip(self.specs, values, strict=True):
            if tensor.numel():
                span = float(tensor.double().max() - tensor.double().min())
                self.range_of[spec.name] = max(self.range_of[spec.name], span)

    def note(self, run: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
        """Note the distances that rounding explains; return whether it explains all of them."""
        explained = True
        for spec, got, wanted in zip(self.specs, run, expected, strict=True):
            if got.shape != wanted.shape:
                explained = False
                continue
            distance = float((got.double() - wanted.double()).abs().max()) if got.numel() else 0.0
            # Tokens and counts are right or wrong.
            most = max(FLOOR, CEILING * self.range_of[spec.name]) if wanted.is_floating_point() else 0.0
            if distance <= most:
                self.worst_of[spec.name] = max(self.worst_of[spec.name], distance)
            else:
                explained = False
        return explained


@torch.no_grad()
def measure_rounding(model: Any, golden: Sequence[GoldenSample], signature: Signature) -> Rounding:
    """Run the golden samples in float64, in chunks, twice over and row by row, and compare with what was recorded.

    An output or state that differs by more than `CEILING` of its range does not count, since this is not rounding.
    A model that cannot run in float64 runs in float32 with each weight moved to the next number, which is as far as
    rounding moves it. A quantized model does neither, since its tolerance is its recipe's.

    Args:
        model: eager, in eval mode, on the CPU.
        golden: its samples, with outputs and states.
        signature: its interface.
    """
    measure = _Measure(signature)
    for sample in golden:
        measure.note_range([sample.output, *sample.state])
    precise, neighbour = (None, None) if _is_quantized(model) else (_in_float64(model), _move_weights(model))
    rows_independent = steady = True
    for sample in golden:
        recorded = [sample.output, *sample.state]
        if precise is not None and (run := _run_in_float64(precise, sample)) is not None:
            measure.note(run, recorded)
        elif neighbour is not None:
            output, state = run_contract(neighbour, sample.sample.input, sample.sample.lengths)
            measure.note([output, *state], recorded)
        if signature.streamable and sample.sample.lengths is None:
            for chunk in CHUNKS:
                steady &= measure.note(_run_in_chunks(model, sample.sample.input, chunk, signature), recorded)
        independent = _compare_rows(model, sample, signature, measure)
        # A padded batch may also differ because padding is seen, which is a fault of the model.
        rows_independent &= independent or sample.sample.lengths is not None
        steady &= independent
    input = random_input(signature.inputs[0], 3, 21, torch.Generator().manual_seed(1))
    output, state = run_contract(model, input)
    drawn = GoldenSample(Sample("drawn", input), output, state)  # the golden samples may have one row each
    rows_independent &= _compare_rows(model, drawn, signature, measure)
    return Rounding(measure.worst_of, measure.range_of, rows_independent, steady and rows_independent)


def _is_quantized(model: nn.Module) -> bool:
    return find_quantization(model) is not None


def _in_float64(model: nn.Module) -> nn.Module | None:
    """Return a copy in float64, or None where the model has no weights in float32."""
    if not any(p.dtype == torch.float32 for p in model.parameters()):
        return None
    return copy_module(model).double()


def _run_in_float64(precise: Any, sample: GoldenSample) -> list[Tensor] | None:
    """Return the results in float64, or None where the code has float32 written into it."""
    input = sample.sample.input
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # for states that `forward` makes itself
    try:
        output, state = run_contract(
            precise, input.double() if input.is_floating_point() else input, sample.sample.lengths
        )
    except (RuntimeError, ValueError, TypeError):
        return None
    finally:
        torch.set_default_dtype(default)
    return [output, *state]


def _move_weights(model: nn.Module) -> nn.Module:
    """Return a copy with each weight moved to the next larger or smaller number, by a drawn sign."""
    moved = copy_module(model)
    generator = torch.Generator().manual_seed(0)
    for parameter in moved.parameters():
        if parameter.is_floating_point():
            signs = torch.rand(parameter.shape, generator=generator).to(parameter) - 0.5
            parameter.copy_(torch.nextafter(parameter, signs * torch.inf))
    return moved


def _run_in_chunks(model: Any, input: Tensor, chunk: int, signature: Signature) -> list[Tensor]:
    output_dims = signature.outputs[0].dims
    state: list[Tensor] | None = None
    outputs: list[Tensor] = []
    for part in input.split(chunk, signature.inputs[0].dims.index(SEQ_LEN)):
        output, state = run_contract(model, part, None, state)
        outputs.append(output)
    assert state is not None
    whole = torch.cat(outputs, output_dims.index(SEQ_LEN)) if SEQ_LEN in output_dims else outputs[-1]
    return [whole, *state]


def _compare_rows(model: Any, sample: GoldenSample, signature: Signature, measure: _Measure) -> bool:
    """Run each row alone, without its padding, and the batch twice over; return whether they are the batch's rows."""
    input, lengths = sample.sample.input, sample.sample.lengths
    batch_dim, time_dim = signature.inputs[0].dims.index(BATCH), signature.inputs[0].dims.index(SEQ_LEN)
    recorded = [sample.output, *sample.state]
    same = True
    for row in range(input.shape[batch_dim]):
        steps = input.shape[time_dim] if lengths is None else int(lengths[row])
        if steps == 0:  # it has nothing to run
            continue
        output, state = run_contract(model, input.narrow(batch_dim, row, 1).narrow(time_dim, 0, steps))
        expected = [
            tensor.narrow(spec.dims.index(BATCH), row, 1) for spec, tensor in zip(measure.specs, recorded, strict=True)
        ]
        if SEQ_LEN in signature.outputs[0].dims:
            expected[0] = expected[0].narrow(signature.outputs[0].dims.index(SEQ_LEN), 0, steps)
        same &= measure.note([output, *state], expected)
    twice = None if lengths is None else torch.cat([lengths, lengths])
    output, state = run_contract(model, torch.cat([input, input], batch_dim), twice)
    doubled = [
        torch.cat([tensor, tensor], spec.dims.index(BATCH))
        for spec, tensor in zip(measure.specs, recorded, strict=True)
    ]
    return measure.note([output, *state], doubled) and same
