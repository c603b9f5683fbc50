"""How far a model's own rounding moves its results: the measure by which `verify` judges the C++ numbers.

Two runs of one model that add in another order differ by about the rounding of each. So the tolerance of an output or a
state is a multiple of its rounding, which is measured when the model is saved: float32 against float64, rows alone
against rows in a batch, chunks against the whole.

That is for a tensor as a whole. Each of its features has a cap besides, relative to its own range, because what is
rounding beside a number of a million is none beside a number of one. A feature in which large numbers cancel, as the
log-probability of a label that is certain, has more rounding than range. Hence its cap is at least a multiple of what
float64 shows of its rounding. A fault of chunks or rows cannot widen that, since float64 has the same fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from zoo.artifact.chunking import CHUNKS, explain_chunks, explain_failure_in_chunks, fits, run_in_chunks
from zoo.artifact.features import FeatureSizes, count_features, measure_sizes, share_unit
from zoo.artifact.golden import GoldenSample, Sample, valid_steps
from zoo.artifact.parametrization import copy_module
from zoo.artifact.signature import Signature, random_input, run_contract
from zoo.artifact.tolerances import INT8_LIMIT
from zoo.config.tensor_spec import BATCH, SEQ_LEN
from zoo.quantized_parts import find_quantization

# Two runs may differ by the rounding of each, and other processors show more of it than the golden samples do here.
FACTOR = 4.0
# Of the range of an output or state: no rounding excuses more, and a mutant has to pass this.
CEILING = 5e-5
FLOOR = 1e-6
# Of the range of a feature; of a quantized model's more, as its own rounding is not measured.
OF_FEATURE, OF_QUANTIZED_FEATURE = 1e-4, 1e-3
# A feature's rounding is measured on fewer values than a tensor's.
FEATURE_FACTOR = 16.0
ULPS = 4 * 2.0**-23  # of a value: what the last digits of float32 are


@dataclass(frozen=True)
class Rounding:
    """What was measured.

    Args:
        worst_of: the largest difference that rounding made, by name of an output or state.
        range_of: maximum - minimum of the golden values, by name.
        rows_independent: whether a row gives the same alone and in a batch.
        steady: whether rows, batches and chunks give the same but for rounding.
        chunk_fault: how chunks differ from the whole by more than rounding, or a recipe, explains; empty where they do
            not.
        padding_fault: the sample in which a row gives something else than alone without its padding, though rows do not
            see each other; empty where there is none.
        feature_caps: by name of an output or state of floats, (features,): no value may be further off, whatever the
            tolerance of the tensor is. States of a quantized model have none.
        sizes: of the features of the output; None where it has no floats.
    """

    worst_of: dict[str, float]
    range_of: dict[str, float]
    rows_independent: bool
    steady: bool
    chunk_fault: str
    padding_fault: str
    feature_caps: dict[str, Tensor]
    sizes: FeatureSizes | None

    def describe_features(self) -> dict[str, dict[str, list[float]]]:
        """Return what the manifest says of features: by name, lists with a number for each."""
        described = {name: {"rounding": _round(cap)} for name, cap in self.feature_caps.items()}
        if self.sizes is not None:
            output = next(iter(self.worst_of))
            described.setdefault(output, {})
            described[output] |= {"range": _round(self.sizes.range), "deviation": _round(self.sizes.deviation)}
        return described

    def allowed_of(self) -> dict[str, float]:
        """Return the absolute tolerance of each output and state, by name."""
        return {
            name: max(FLOOR, min(FACTOR * worst, CEILING * self.range_of[name]))
            for name, worst in self.worst_of.items()
        }


class _Measure:
    """Collects how far runs of one model are apart."""

    def __init__(self, signature: Signature, golden: Sequence[GoldenSample], share: float) -> None:
        self.signature, self.share = signature, share
        self.of_recipe: list[float] | None = None
        self.specs = [signature.outputs[0], *signature.state]
        self.worst_of = {spec.name: 0.0 for spec in self.specs}
        self.range_of = {spec.name: 0.0 for spec in self.specs}
        self.values: dict[str, Tensor] = {}  # (values, features), of floats
        self.noise_of: dict[str, Tensor] = {}
        for i, spec in enumerate(self.specs):
            tensors = [(sample.output, *sample.state)[i] for sample in golden]
            for tensor in tensors:
                if tensor.numel():
                    span = float(tensor.double().max() - tensor.double().min())
                    self.range_of[spec.name] = max(self.range_of[spec.name], span)
            if i == 0:  # padded steps are no results
                tensors = [valid_steps(sample.output, sample.sample, signature) for sample in golden]
            count = count_features(spec)
            if spec.dtype.startswith("float"):
                self.values[spec.name] = torch.cat([tensor.double().reshape(-1, count) for tensor in tensors])
                self.noise_of[spec.name] = torch.zeros(count, dtype=torch.float64)

    def cap_of(self, name: str) -> Tensor | None:
        """Return how far the features of an output or state may be off; None where it has no floats."""
        values = self.values.get(name)
        if values is None or not len(values):
            return None
        span, size = values.amax(0) - values.amin(0), values.abs().amax(0)
        moved = torch.where(span > 0, span, size)
        cap = (self.share * moved).maximum(self.noise_of[name]).maximum(ULPS * size)
        # One that is always zero shows no size: it keeps the floor that numbers of size 1 have.
        return torch.where(size > 0, cap, cap.clamp_min(FLOOR))

    def note(self, run: Sequence[Tensor], expected: Sequence[Tensor], *, precise: bool = False) -> bool:
        """Note the distances that rounding explains; return whether it explains all of them.

        Args:
            run: the results.
            expected: what was recorded.
            precise: whether the run differs in its rounding alone, so that its distances say what rounding can do.
        """
        explained = True
        for spec, got, wanted in zip(self.specs, run, expected, strict=True):
            if got.shape != wanted.shape:
                explained = False
                continue
            if not got.numel():
                continue
            # Tokens and counts are right or wrong.
            most = max(FLOOR, CEILING * self.range_of[spec.name]) if wanted.is_floating_point() else 0.0
            off = (got.double() - wanted.double()).abs().reshape(-1, count_features(spec)).amax(0)
            cap = None if precise else self.cap_of(spec.name)
            distance = float(off.max())
            if not distance <= most or (cap is not None and bool((off > cap).any())):
                explained = False
                continue
            self.worst_of[spec.name] = max(self.worst_of[spec.name], distance)
            if precise and spec.name in self.noise_of:
                self.noise_of[spec.name] = self.noise_of[spec.name].maximum(FEATURE_FACTOR * off)
        return explained

    def allows(self, run: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
        """Note the distances of a run; return whether rounding explains them, or the recipe allows them."""
        return self.note(run, expected) or (self.of_recipe is not None and fits(run, expected, self.of_recipe))

    def allow_recipe(self, model: nn.Module) -> None:
        """Let results in other chunks and batches differ as far as the recipe of a quantized model moves outputs."""
        record = find_quantization(model)
        if record is not None and record.regrouped is None:
            spans = {name: INT8_LIMIT.max_of_range * span for name, span in self.range_of.items()}
            self.of_recipe = [(spans | record.error_of)[spec.name] for spec in self.specs]


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
    quantized = _is_quantized(model)
    measure = _Measure(signature, golden, OF_QUANTIZED_FEATURE if quantized else OF_FEATURE)
    precise, neighbour = (None, None) if quantized else (_in_float64(model), _move_weights(model))
    measure.allow_recipe(model)
    rows_independent = steady = True
    chunk_fault = padding_fault = ""
    for sample in golden:  # first, since the other runs are judged by what these show
        recorded = [sample.output, *sample.state]
        if precise is not None and (run := _run_in_float64(precise, sample)) is not None:
            measure.note(run, recorded, precise=True)
        elif neighbour is not None:
            output, state = run_contract(neighbour, sample.sample.input, sample.sample.lengths)
            measure.note([output, *state], recorded, precise=True)
    for sample in golden:
        recorded = [sample.output, *sample.state]
        for chunk in CHUNKS if signature.streamable else ():
            explained, fault = _compare_chunks(model, sample, chunk, signature, measure)
            steady &= explained or sample.sample.lengths is not None
            chunk_fault = chunk_fault or fault
        independent, allowed = _compare_rows(model, sample, signature, measure)
        # A padded batch may also differ because padding is seen, which is a fault of the model.
        rows_independent &= independent or sample.sample.lengths is not None
        if not allowed and sample.sample.lengths is not None:
            padding_fault = padding_fault or sample.sample.name
        steady &= independent
    input = random_input(signature.inputs[0], 3, 21, torch.Generator().manual_seed(1))
    output, state = run_contract(model, input)
    drawn = GoldenSample(Sample("drawn", input), output, state)  # the golden samples may have one row each
    rows_independent &= _compare_rows(model, drawn, signature, measure)[0]
    caps = {spec.name: measure.cap_of(spec.name) for spec in (measure.specs[:1] if quantized else measure.specs)}
    values = measure.values.get(signature.outputs[0].name)
    sizes = None
    if values is not None and len(values):
        sizes = measure_sizes(values, shared=share_unit(model, values.size(1)))
    return Rounding(
        measure.worst_of,
        measure.range_of,
        rows_independent,
        steady and rows_independent and not chunk_fault,
        chunk_fault,
        padding_fault if rows_independent else "",
        {name: cap for name, cap in caps.items() if cap is not None},
        sizes,
    )


def _round(values: Tensor) -> list[float]:
    return [float(f"{value:.3g}") for value in values.tolist()]


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


def _compare_chunks(
    model: Any, sample: GoldenSample, chunk: int, signature: Signature, measure: _Measure
) -> tuple[bool, str]:
    """Run a sample in chunks; return whether rounding explains what differs, and what it is where nothing allows it."""
    given, dims = sample.sample, [spec.dims for spec in (signature.inputs[0], signature.outputs[0])]
    recorded = [sample.output, *sample.state]
    try:
        run = run_in_chunks(partial(run_contract, model), given.input, given.lengths, chunk, *dims)
    except Exception as error:  # the user's code may raise anything
        return False, explain_failure_in_chunks(chunk, error)
    explained = measure.note(run, recorded)
    if explained or measure.allows(run, recorded):
        return explained, ""
    return False, explain_chunks(chunk, [spec.name for spec in measure.specs], run, recorded)


def _compare_rows(model: Any, sample: GoldenSample, signature: Signature, measure: _Measure) -> tuple[bool, bool]:
    """Run each row alone, without its padding, and the batch twice over.

    Returns:
        Whether they are the batch's rows but for rounding, and whether the recipe allows what differs.
    """
    input, lengths = sample.sample.input, sample.sample.lengths
    batch_dim, time_dim = signature.inputs[0].dims.index(BATCH), signature.inputs[0].dims.index(SEQ_LEN)
    recorded = [sample.output, *sample.state]
    same = allowed = True
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
        allowed &= measure.allows([output, *state], expected)
    twice = None if lengths is None else torch.cat([lengths, lengths])
    output, state = run_contract(model, torch.cat([input, input], batch_dim), twice)
    doubled = [
        torch.cat([tensor, tensor], spec.dims.index(BATCH))
        for spec, tensor in zip(measure.specs, recorded, strict=True)
    ]
    same &= measure.note([output, *state], doubled)
    return same, allowed and measure.allows([output, *state], doubled)
