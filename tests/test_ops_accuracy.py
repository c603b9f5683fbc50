"""How far the fused operators are from float64: long runs, random shapes, extreme values, lower precisions."""

from __future__ import annotations

import random

import pytest
import torch
from support.fused import CELLS, PROJECTING, make_module, make_states, ops, run_double, run_fused, worst_error
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from zoo.ops import pack, reference


def train(module: nn.RNNBase, steps: int = 40) -> nn.RNNBase:
    """A few steps on a task that needs memory (repeat the input of three steps before), as real weights arise."""
    module.requires_grad_(True)
    head = nn.Linear(module.hidden_size, module.input_size)
    optimizer = torch.optim.Adam([*module.parameters(), *head.parameters()], lr=1e-2)
    for _ in range(steps):
        input = torch.randn(24, 16, module.input_size)
        output, _ = module(input)
        loss = (head(output[3:]) - input[:-3]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return module.requires_grad_(False)


def relative_rms(results: Tensor, expected: Tensor) -> float:
    return ((results.double() - expected).square().mean().sqrt() / expected.std()).item()


@pytest.mark.autograd
@pytest.mark.parametrize("cell", CELLS)
def test_ten_thousand_steps_on_trained_weights(cell):
    """fp32 stays within 2e-6 of the output range; errors through the state do not pile up."""
    torch.manual_seed(0)
    module = train(make_module(cell, 4, 24))
    input, states = torch.randn(10_000, 1, 4), make_states(module, 1)
    with torch.no_grad():
        results, expected = run_fused(module, input, states, pack(module)), run_double(module, input, states)
    assert worst_error(results, expected) < 2e-6


# Largest and root-mean-square error of the whole output, the first as a share of its range, the second of its
# standard deviation: the project's table of tolerances.
LOWER_PRECISIONS = {"bf16": (0.02, 0.005), "int8": (0.04, 0.02)}


@pytest.mark.autograd
@pytest.mark.parametrize("precision", LOWER_PRECISIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_lower_precisions_on_trained_weights(cell, precision):
    torch.manual_seed(1)
    module = train(make_module(cell, 8, 48))
    input, states = torch.randn(1000, 2, 8), tuple(torch.zeros_like(s) for s in make_states(module, 2))
    with torch.no_grad():
        output = run_fused(module, input, states, pack(module, precision))[0]
        expected = run_double(module, input, states)[0]
    largest, rms = LOWER_PRECISIONS[precision]
    assert (output - expected).abs().max() < largest * (expected.max() - expected.min())
    assert relative_rms(output, expected) < rms


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("cell", CELLS)
def test_kernels_compute_with_the_weights_they_unpack(isa, cell, precision):
    """The packed weights, and nothing else, explain the difference to fp32."""
    torch.manual_seed(2)
    module = make_module(cell, 9, 21, num_layers=2, bidirectional=True)
    packed, states, input = pack(module, precision), make_states(module, 3), torch.randn(20, 3, 9)
    results = run_fused(module, input, states, packed)
    for parameter, weight in zip(module._flat_weights, ops.unpack(packed), strict=True):
        parameter.copy_(weight)
    assert worst_error(results, run_double(module, input, states)) < 2e-6


@pytest.mark.parametrize("cell", CELLS)
def test_int8_is_the_same_on_every_instruction_set(isa, cell):
    torch.manual_seed(3)
    options = {"proj_size": 11} if cell in PROJECTING else {}
    module = make_module(cell, 19, 37, num_layers=2, bidirectional=True, **options)
    packed, states, input = pack(module, "int8"), make_states(module, 9), 3 * torch.randn(12, 9, 19)
    results = run_fused(module, input, states, packed)
    ops.force_isa("portable")
    for a, b in zip(results, run_fused(module, input, states, packed), strict=True):
        assert torch.equal(a, b)


def quantize_rows(x: Tensor) -> Tensor:
    """What an int8 kernel makes of activations: 255 steps between a row's smallest and largest value and zero."""
    low, high = x.amin(1, keepdim=True).clamp(max=0), x.amax(1, keepdim=True).clamp(min=0)
    scale = ((high - low) / 255).clamp(min=1e-37)
    return ((x / scale).round() + (-low / scale).round()).clamp(0, 255).sub((-low / scale).round()) * scale


class QuantizesRows:
    """A weight that stands on the right of `@`, and takes the rows on the left as an int8 kernel does."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight

    @property
    def T(self) -> QuantizesRows:
        return self

    def __rmatmul__(self, rows: Tensor) -> Tensor:
        return quantize_rows(rows) @ self.weight.double().T


@pytest.mark.parametrize("cell", CELLS)
def test_int8_step_equals_its_definition(isa, cell):
    torch.manual_seed(4)
    module = make_module(cell, 40, 50)
    packed, states, input = pack(module, "int8"), make_states(module, 6), torch.randn(6, 40)
    result = run_fused(module, input[None], states, packed)
    weight_ih, weight_hh, bias_ih, bias_hh = ops.unpack(packed)
    weights = (QuantizesRows(weight_ih), QuantizesRows(weight_hh), bias_ih.double(), bias_hh.double())
    expected = reference.CELLS[cell](input.double(), tuple(state[0].double() for state in states), weights)
    assert worst_error([result[0][0]], [expected[0]]) < 1e-4  # a rounding tie may fall the other way


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("infinity", [float("inf"), float("-inf")])
def test_int8_takes_an_infinity_as_the_largest_float(isa, cell, infinity):
    module = make_module(cell, 40, 50)
    packed, states, input = pack(module, "int8"), make_states(module, 3), torch.randn(4, 3, 40)
    input[1, 1, 7] = infinity
    largest = input.nan_to_num()
    for a, b in zip(run_fused(module, input, states, packed), run_fused(module, largest, states, packed), strict=True):
        assert torch.equal(a, b)
        assert cell == "rnn_relu" or bool(a.isfinite().all())
    input[1, 1, 7] = float("nan")
    output = run_fused(module, input, states, packed)[0]
    assert output[1:, 1].isnan().all()
    assert output[:, [0, 2]].isfinite().all()


@pytest.mark.parametrize("seed", range(25))
def test_random_shapes(isa, seed):
    chance = random.Random(seed)
    torch.manual_seed(seed)
    cell = chance.choice(CELLS)
    hidden_size = chance.choice([1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 63, 65, 100])
    options = {
        "num_layers": chance.choice([1, 1, 2, 3]),
        "bidirectional": chance.random() < 0.4,
        "bias": chance.random() < 0.8,
        "batch_first": chance.random() < 0.5,
    }
    if cell in PROJECTING and hidden_size > 1 and chance.random() < 0.4:
        options["proj_size"] = chance.randrange(1, hidden_size)
    module = make_module(cell, chance.choice([1, 2, 3, 7, 16, 17, 65]), hidden_size, **options)
    batch, seq_len = chance.choice([1, 1, 2, 3, 4, 5, 6, 7, 9, 13, 64]), chance.choice([1, 2, 5, 20])
    size = (batch, seq_len) if module.batch_first else (seq_len, batch)
    input, states = torch.randn(*size, module.input_size), make_states(module, batch)
    packed = pack(module)
    assert worst_error(run_fused(module, input, states, packed), run_double(module, input, states)) < 2e-6

    lengths = torch.tensor(sorted((chance.randint(1, seq_len) for _ in range(batch)), reverse=True))
    sequence = pack_padded_sequence(input, lengths, batch_first=module.batch_first)
    results = run_fused(module, sequence, states, packed)
    assert worst_error(results, run_double(module, sequence, states)) < 2e-6


@pytest.mark.parametrize("scale", [1e-42, 1e-30, 1e4, 1e30])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn_tanh"])
def test_tiny_and_huge_values(isa, cell, scale):
    """Denormal and saturating inputs give what float64 gives; no step makes a NaN of them."""
    torch.manual_seed(5)
    module = make_module(cell, 6, 20)
    input, states = scale * torch.randn(5, 3, 6), make_states(module, 3)
    for precision, most in (("fp32", 2e-6), ("int8", 0.1)):
        results = run_fused(module, input, states, pack(module, precision))
        assert worst_error(results, run_double(module, input, states)) < most


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_constant_rows(isa, precision):
    """All-zero and one-sided activations, which leave a quantizer without a range on one side."""
    module = make_module("rnn_relu", 6, 20)
    states = (torch.zeros(1, 3, 20),)
    for value in (0.0, 1.0, -1.0):
        input = torch.full((4, 3, 6), value)
        results = run_fused(module, input, states, pack(module, precision))
        assert worst_error(results, run_double(module, input, states)) < 0.02


def test_bf16_weights_are_as_near_as_bfloat16_gets():
    """Though every second one shares its word with another, and is read with the other's bits below its own."""
    torch.manual_seed(6)
    module = make_module("gru", 31, 40)
    scale = 10.0 ** torch.randint(-30, 3, (120, 31))
    module.weight_ih_l0.mul_(scale)
    module.weight_ih_l0[5:9] = 0.0
    module.weight_ih_l0[10, ::2] = 0.0
    module.weight_ih_l0[11, 1::2] = 0.0
    packed = pack(module, "bf16")
    weight_ih, weight_hh = ops.unpack(packed)[:2]
    for unpacked, weight in ((weight_ih, module.weight_ih_l0), (weight_hh, module.weight_hh_l0)):
        assert ((unpacked - weight).abs() <= weight.abs() * 2.0**-8 + 1.2e-38).all()
        assert torch.equal(unpacked[:, ::2], weight[:, ::2].bfloat16().float())
    assert torch.equal(weight_ih[5:9], torch.zeros(4, 31))
    for parameter, weight in zip(module._flat_weights, ops.unpack(packed), strict=True):
        parameter.copy_(weight)
    assert torch.equal(pack(module, "bf16"), packed)
