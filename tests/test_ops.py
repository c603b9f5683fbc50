"""The fused operators against nn.LSTM, nn.GRU and nn.RNN in float64, and what torch asks of any operator."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
import torch
from support.fused import CELLS, ROWS, make_module, make_states, operator_name, ops, run_double, run_fused, worst_error
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from zoo.ops import pack, reference

# seq_len, batch, input_size, hidden_size, options
SHAPES = [
    (1, 1, 3, 5, {}),
    (5, 1, 64, 64, {}),
    (7, 3, 10, 33, {"num_layers": 2, "batch_first": True}),
    (4, 17, 5, 40, {"num_layers": 2, "bidirectional": True}),
    (6, 7, 12, 31, {"num_layers": 3, "bidirectional": True, "batch_first": True, "bias": False}),
    (60, 2, 1, 100, {"bidirectional": True}),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: "x".join(map(str, s[:4])))
@pytest.mark.parametrize("cell", CELLS)
def test_equals_torch_in_float64(isa, cell, shape):
    torch.manual_seed(0)
    seq_len, batch, input_size, hidden_size, options = shape
    module = make_module(cell, input_size, hidden_size, **options)
    states = make_states(module, batch)
    size = (batch, seq_len) if module.batch_first else (seq_len, batch)
    input = torch.randn(*size, input_size)
    assert worst_error(run_fused(module, input, states, pack(module)), run_double(module, input, states)) < 2e-6


@pytest.mark.parametrize("proj_size", [1, 7, 16])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_projection_equals_torch(isa, proj_size, bidirectional):
    torch.manual_seed(1)
    module = make_module("lstm", 9, 20, num_layers=2, proj_size=proj_size, bidirectional=bidirectional)
    states = make_states(module, 5)
    input = torch.randn(8, 5, 9)
    assert worst_error(run_fused(module, input, states, pack(module)), run_double(module, input, states)) < 2e-6


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_packed_sequence_equals_torch(isa, cell, bidirectional):
    torch.manual_seed(2)
    module = make_module(cell, 6, 20, num_layers=2, bidirectional=bidirectional)
    lengths = torch.tensor([11, 9, 9, 4, 3, 1, 1])
    input = pack_padded_sequence(torch.randn(11, 7, 6), lengths)
    states = make_states(module, 7)
    assert worst_error(run_fused(module, input, states, pack(module)), run_double(module, input, states)) < 2e-6


@pytest.mark.parametrize("cell", CELLS)
def test_cell_equals_one_step(isa, cell):
    torch.manual_seed(3)
    module = make_module(cell, 6, 20)
    packed, states, input = pack(module), make_states(module, 3), torch.randn(3, 6)
    operator = getattr(ops, operator_name(module) + "_cell")
    new = operator(input, *(state[0] for state in states), packed)
    new = new if isinstance(new, tuple) else (new,)
    _, *expected = run_fused(module, input[None], states, packed)
    for a, b in zip(new, expected, strict=True):
        assert torch.equal(a, b[0])


@pytest.mark.parametrize("cell", CELLS)
def test_reference_equals_torch(cell):
    torch.manual_seed(4)
    module = make_module(cell, 6, 10, num_layers=2, bidirectional=True).double()
    states = tuple(state.double() for state in make_states(module, 3))
    weights = module._flat_weights
    lengths = torch.tensor([5, 2, 2])
    equation = reference.CELLS[cell]
    input = torch.randn(5, 3, 6, dtype=torch.float64)
    result = reference.run_padded(equation, input, states, weights, 2, True, False)
    assert worst_error(result, run_double(module, input, states)) < 1e-12
    sequence = pack_padded_sequence(input, lengths)
    result = reference.run_packed_sequence(equation, sequence.data, sequence.batch_sizes, states, weights, 2, True)
    assert worst_error(result, run_double(module, sequence, states)) < 1e-12


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
@pytest.mark.parametrize("cell", CELLS)
def test_chunks_and_single_rows_give_the_same_bits(isa, cell, precision):
    """Neither the split of a sequence nor the rest of the batch changes a result."""
    torch.manual_seed(5)
    module = make_module(cell, 11, 37, num_layers=2)
    packed, states, input = pack(module, precision), make_states(module, 13), torch.randn(30, 13, 11)
    whole = run_fused(module, input, states, packed)
    parts, state = [], states
    for chunk in input.split([1, 7, 16, 6]):
        output, *state = run_fused(module, chunk, tuple(state), packed)
        parts.append(output)
    for a, b in zip(whole, (torch.cat(parts), *state), strict=True):
        assert torch.equal(a, b)
    for row in (0, 7, 12):
        alone = run_fused(module, input[:, row : row + 1], tuple(s[:, row : row + 1] for s in states), packed)
        for a, b in zip(whole, alone, strict=True):
            assert torch.equal(a[:, row : row + 1], b)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
@pytest.mark.parametrize(("cell", "units"), [("lstm", 208), ("gru", 272), ("rnn_tanh", 784)])
def test_rows_of_a_large_batch_give_the_same_bits(cell, units, precision):
    """A step whose input part would crowd the cache is taken block by block."""
    torch.manual_seed(15)
    module = make_module(cell, 20, units, num_layers=2, bidirectional=True)
    packed, states, input = pack(module, precision), make_states(module, 64), torch.randn(3, 64, 20)
    whole = run_fused(module, input, states, packed)
    for rows in (slice(0, 1), slice(61, 64)):
        few = run_fused(module, input[:, rows], tuple(state[:, rows] for state in states), packed)
        for a, b in zip(whole, few, strict=True):
            assert torch.equal(a[:, rows], b)


@pytest.mark.parametrize("cell", CELLS)
def test_strided_inputs(cell):
    torch.manual_seed(6)
    module = make_module(cell, 6, 20)
    packed, states = pack(module), make_states(module, 4)
    base = torch.randn(6, 4, 18)
    expected = run_fused(module, base.permute(2, 1, 0).contiguous()[::2], states, packed)
    for input in (base.permute(2, 1, 0)[::2], base.permute(2, 1, 0).contiguous()[::2]):
        for a, b in zip(run_fused(module, input, states, packed), expected, strict=True):
            assert torch.equal(a, b)
    spread = tuple(state.transpose(0, 1).contiguous().transpose(0, 1) for state in states)
    one = torch.randn(1, 1, 6).expand(9, 4, 6)
    for a, b in zip(
        run_fused(module, one, spread, packed), run_fused(module, one.clone(), states, packed), strict=True
    ):
        assert torch.equal(a, b)


@pytest.mark.autograd
@pytest.mark.parametrize("cell", CELLS)
def test_opcheck(cell):
    torch.manual_seed(7)
    module = make_module(cell, 4, 6, num_layers=2, bidirectional=True)
    packed, states, input = pack(module), make_states(module, 3), torch.randn(5, 3, 4, requires_grad=True)
    name = operator_name(module)
    states = tuple(state.requires_grad_() for state in states)
    torch.library.opcheck(getattr(ops, name).default, (input, *states, packed, True, False))
    sequence = pack_padded_sequence(input, torch.tensor([5, 2, 2]))
    arguments = (sequence.data.detach().requires_grad_(), sequence.batch_sizes, *states, packed, True)
    torch.library.opcheck(getattr(ops, name + "_packed_sequence").default, arguments)
    single = make_module(cell, 4, 6)
    arguments = (input[0].detach(), *(state[0].detach() for state in states), pack(single))
    torch.library.opcheck(getattr(ops, name + "_cell").default, arguments)
    options = (single.nonlinearity,) if name == "rnn" else ()
    arguments = (single._flat_weights, True, 1, False, "int8", *options)
    torch.library.opcheck(getattr(ops, "pack_" + name).default, arguments)


@pytest.mark.autograd
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_equal_torch(cell):
    torch.manual_seed(8)
    module = make_module(cell, 4, 6, num_layers=2, bidirectional=True)
    packed = pack(module)
    leaves = [t.requires_grad_() for t in (torch.randn(5, 3, 4), *make_states(module, 3))]
    outputs = run_fused(module, leaves[0], tuple(leaves[1:]), packed)
    scales = [torch.randn_like(o) for o in outputs]
    found = torch.autograd.grad(outputs, leaves, scales)
    hx = tuple(leaves[1:]) if len(leaves) > 2 else leaves[1]
    output, final = module(leaves[0], hx)
    expected = torch.autograd.grad([output, *(final if isinstance(final, tuple) else (final,))], leaves, scales)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_unpack_gives_the_weights_back(cell):
    module = make_module(cell, 5, 18, num_layers=2, bidirectional=True)
    apart = ROWS[cell]["gate_with_two_biases"]
    for layer, weights in enumerate(zip(*[iter(ops.unpack(pack(module)))] * 4, strict=True)):
        weight_ih, weight_hh, bias_ih, bias_hh = module._flat_weights[4 * layer : 4 * layer + 4]
        assert torch.equal(weights[0], weight_ih)
        assert torch.equal(weights[1], weight_hh)
        assert torch.equal(weights[2] + weights[3], bias_ih + bias_hh)
        if apart >= 0:
            gate = slice(apart * module.hidden_size, (apart + 1) * module.hidden_size)
            assert torch.equal(weights[3][gate], bias_hh[gate])
    assert ops.packed_sizes(pack(module)) == [CELLS.index(cell), 0, 2, 2, 5, 18, 0]


def test_export_keeps_the_sequence_length_dynamic():
    module = make_module("lstm", 4, 6)
    packed = pack(module)

    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("packed", packed)

        def forward(self, input: Tensor, h_0: Tensor, c_0: Tensor):
            return torch.ops.zoo.lstm(input, h_0, c_0, self.packed, False, False)

    states = make_states(module, 2)
    exported = torch.export.export(
        Wrapped(),
        (torch.randn(5, 2, 4), *states),
        dynamic_shapes=({0: torch.export.Dim("seq_len")}, None, None),
    )
    for seq_len in (3, 9):
        input = torch.randn(seq_len, 2, 4)
        for a, b in zip(exported.module()(input, *states), run_fused(module, input, states, packed), strict=True):
            assert torch.equal(a, b)


def test_importing_zoo_loads_neither_torch_nor_the_library():
    code = "import sys, zoo, zoo.ops; assert 'torch' not in sys.modules, 'zoo imports torch'"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_errors_say_what_is_wrong():
    module = make_module("lstm", 4, 6)
    packed, (h_0, c_0), input = pack(module), make_states(module, 2), torch.randn(5, 2, 4)
    gru = pack(make_module("gru", 4, 6))
    weights = module._flat_weights
    cases = [
        (
            lambda: ops.lstm(input[..., :3], h_0, c_0, packed, False, False),
            r"input of shape \(any, any, 4\), got \(5, 2, 3\)",
        ),
        (lambda: ops.lstm(input.double(), h_0, c_0, packed, False, False), "input must be float32"),
        (lambda: ops.lstm(input[:0], h_0, c_0, packed, False, False), "at least one step"),
        (lambda: ops.lstm(input, h_0[:, :1], c_0, packed, False, False), r"h_0 of shape \(1, 2, 6\)"),
        (lambda: ops.lstm(input, h_0, c_0, packed, True, False), "packed holds 1 direction"),
        (lambda: ops.lstm(input, h_0, c_0, gru, False, False), "another cell"),
        (lambda: ops.lstm(input, h_0, c_0, packed[:-64], False, False), "cut short"),
        (
            lambda: ops.lstm(input, h_0, c_0, torch.zeros(200, dtype=torch.uint8), False, False),
            "not packed weights",
        ),
        (lambda: ops.lstm(input, h_0, c_0, packed.float(), False, False), "1-d uint8"),
        (lambda: ops.pack_lstm(weights, True, 1, False, "int4"), "fp32, bf16 or int8, got 'int4'"),
        (lambda: ops.pack_lstm(weights[:3], True, 1, False, "fp32"), "expected 4 weights for each of 1"),
        (lambda: ops.pack_lstm(weights, True, 0, False, "fp32"), "num_layers must be at least 1"),
        (lambda: ops.pack_lstm([w.double() for w in weights], True, 1, False, "fp32"), "must be float32"),
        (lambda: ops.pack_rnn(weights, True, 1, False, "fp32", "gelu"), "tanh or relu, got 'gelu'"),
        (lambda: ops.force_isa("sse9"), "no 'sse9'"),
        (
            lambda: ops.lstm_packed_sequence(input[0], torch.tensor([1, 2]), h_0, c_0, packed, False),
            "never increase, got 2 at step 1",
        ),
        (
            lambda: ops.lstm_packed_sequence(input[0], torch.tensor([2, 2]), h_0, c_0, packed, False),
            "add up to 4 rows, but data has 2",
        ),
    ]
    for call, message in cases:
        with pytest.raises(RuntimeError, match=message):
            call()


def test_empty_batch():
    module = make_module("lstm", 4, 6)
    output, h_n, c_n = run_fused(module, torch.randn(5, 0, 4), make_states(module, 0), pack(module))
    assert output.shape == (5, 0, 6)
    assert h_n.shape == c_n.shape == (1, 0, 6)


def test_nan_stays_in_their_row():
    torch.manual_seed(9)
    for cell, precision in itertools.product(CELLS, ("fp32", "bf16", "int8")):
        module = make_module(cell, 6, 20)
        input = torch.randn(5, 4, 6)
        input[2, 1, 3] = float("nan")
        states = make_states(module, 4)
        output = run_fused(module, input, states, pack(module, precision))[0]
        assert output[2:, 1].isnan().all()
        assert output[:2].isfinite().all()
        assert output[:, [0, 2, 3]].isfinite().all()
