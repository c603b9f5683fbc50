"""More threads give the same bits: directions, rows and units may be divided, results may not."""

from __future__ import annotations

import threading

import pytest
import torch
from support.fused import CELLS, make_module, make_states, run_fused
from torch.nn.utils.rnn import pack_padded_sequence

from zoo.ops import pack


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def forget_crowding() -> None:
    """On a crowded machine the engine stops dividing units for some of its next calls, 128 at most: make these."""
    module = make_module("rnn_tanh", 1, 1)
    packed, states, input = pack(module), make_states(module, 1), torch.zeros(1, 1, 1)
    for _ in range(128):
        run_fused(module, input, states, packed)


# Large enough that the engine takes every thread it is offered.
CASES = [
    (CELLS, 1, {}, 24),  # units divided
    (CELLS, 1, {"bidirectional": True, "num_layers": 2}, 24),  # directions, then units
    (CELLS, 9, {"num_layers": 2}, 12),  # rows, then units
    (("lstm",), 2, {"proj_size": 40, "num_layers": 2}, 24),  # units of two sizes
]


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("case", range(len(CASES)))
def test_any_number_of_threads_gives_the_same_bits(threads, case, precision):
    torch.manual_seed(0)
    cells, batch, options, seq_len = CASES[case]
    for cell in cells:
        module = make_module(cell, 96, 272, **options)
        packed, states, input = pack(module, precision), make_states(module, batch), torch.randn(seq_len, batch, 96)
        lengths = torch.tensor([max(1, seq_len - 3 * row) for row in range(batch)])
        sequence = pack_padded_sequence(input, lengths)
        threads(1)
        expected = [run_fused(module, x, states, packed) for x in (input, sequence)]
        for count in (1, 2, 3, 4, 7):
            threads(count)
            forget_crowding()
            for x, before in zip((input, sequence), expected, strict=True):
                for a, b in zip(run_fused(module, x, states, packed), before, strict=True):
                    assert torch.equal(a, b), f"{cell}, {count} threads"


def test_callers_on_several_threads_do_not_disturb_each_other():
    torch.manual_seed(1)
    module = make_module("lstm", 16, 64, num_layers=2)
    packed = pack(module)
    inputs = [torch.randn(20, 1 + i, 16) for i in range(4)]
    states = [make_states(module, 1 + i) for i in range(4)]
    expected = [run_fused(module, x, s, packed) for x, s in zip(inputs, states, strict=True)]
    failures: list[int] = []

    def call(i: int) -> None:
        for _ in range(50):
            results = run_fused(module, inputs[i], states[i], packed)
            if not all(torch.equal(a, b) for a, b in zip(results, expected[i], strict=True)):
                failures.append(i)

    callers = [threading.Thread(target=call, args=(i,)) for i in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not failures
