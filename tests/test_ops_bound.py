"""Calls bound to their tensors: what the operators give, in place, without an allocation."""

from __future__ import annotations

import pytest
import torch
from support.fused import CELLS, PROJECTING, make_module, make_states, run_fused

from zoo.ops import pack
from zoo.ops.bound import BoundCall


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_bound_call_gives_what_the_operator_gives(cell, batch_first, precision):
    torch.manual_seed(0)
    module = make_module(cell, 5, 18, num_layers=3, bidirectional=True, batch_first=batch_first)
    packed, states, input = pack(module, precision), make_states(module, 4), torch.randn(4, 4, 5)
    call = BoundCall(packed, input, states, batch_first=batch_first)
    for _ in range(2):
        call()
        for result, expected in zip(call.results, run_fused(module, input, states, packed), strict=True):
            assert torch.equal(result, expected)
        input.neg_()


@pytest.mark.parametrize("cell", CELLS)
def test_states_given_as_results_move_on(cell):
    torch.manual_seed(1)
    options = {"proj_size": 7} if cell in PROJECTING else {}
    module = make_module(cell, 5, 18, num_layers=2, **options)
    packed, states, sequence = pack(module), make_states(module, 2), torch.randn(9, 2, 5)
    expected, *final = run_fused(module, sequence, states, packed)
    input, moving = torch.empty(1, 2, 5), [state.clone() for state in states]
    output = torch.empty(1, 2, expected.shape[2])
    call = BoundCall(packed, input, moving, results=(output, *moving))
    for step, wanted in zip(sequence, expected, strict=True):
        input.copy_(step)
        call()
        assert torch.equal(output[0], wanted)
    for state, wanted in zip(moving, final, strict=True):
        assert torch.equal(state, wanted)


def test_any_strides_of_steps_and_rows_will_do():
    torch.manual_seed(2)
    module = make_module("gru", 5, 18)
    packed, states = pack(module), make_states(module, 3)
    wide = torch.randn(3, 6, 10)
    input = wide.transpose(0, 1)[::2, :, 2:7]
    call = BoundCall(packed, input, states)
    call()
    assert torch.equal(call.results[0], run_fused(module, input.contiguous(), states, packed)[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"input": torch.zeros(2, 1, 6)}, r"expected input of shape \(any, any, 5\), got \(2, 1, 6\)"),
        ({"input": torch.zeros(0, 1, 5)}, "at least one step"),
        ({"input": torch.zeros(2, 1, 10)[:, :, ::2]}, "side by side"),
        ({"states": [torch.zeros(1, 1, 8)]}, r"expected 2 state\(s\) and 3 results, got 1 and 2"),
        ({"states": [torch.zeros(1, 2, 8)] * 2}, r"expected h_0 of shape \(1, 1, 8\), got \(1, 2, 8\)"),
        ({"states": [torch.zeros(1, 1, 16)[:, :, ::2]] * 2}, "h_0 must be contiguous"),
        ({"states": [torch.zeros(1, 1, 8).double()] * 2}, "h_0 must be float32"),
        ({"results": [torch.zeros(2, 1, 9), *[torch.zeros(1, 1, 8)] * 2]}, "expected output of shape"),
        ({"packed": torch.zeros(100, dtype=torch.uint8)}, "not packed weights"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(change, words):
    arguments = {
        "packed": pack(make_module("lstm", 5, 8)),
        "input": torch.zeros(2, 1, 5),
        "states": [torch.zeros(1, 1, 8)] * 2,
    }
    arguments |= change
    if "packed" in change:
        arguments["results"] = [torch.zeros(2, 1, 8), *[torch.zeros(1, 1, 8)] * 2]
    with pytest.raises(RuntimeError, match=words):
        BoundCall(**arguments)
