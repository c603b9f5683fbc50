"""Training on rows of different lengths: what `run_ragged` gives is what a packed sequence gives, gradients too."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

import zoo
from zoo.models.recurrent import pack_steps, unpack_steps

LENGTHS = torch.tensor([3, 7, 1, 33, 5, 33, 2])
BATCH, STEPS, FEATURES, UNITS, LAYERS = 7, 35, 4, 5, 2
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def draw_state(cell: str, both: bool) -> list[Tensor]:
    return [
        torch.randn(LAYERS * (1 + both), BATCH, UNITS, dtype=torch.float64) for _ in range(2 if cell == "lstm" else 1)
    ]


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.autograd
def test_training_gives_what_a_packed_sequence_gives(cell: str, both: bool) -> None:
    torch.manual_seed(0)
    options = {
        "input_size": FEATURES,
        "hidden_size": UNITS,
        "num_layers": LAYERS,
        "dropout": 0.0,
        "bidirectional": both,
    }
    stack = zoo.build(f"{cell}_encoder", **options).double().train().backbone.stack
    layer: nn.Module = copy.deepcopy(stack.rnn)
    input = torch.randn(BATCH, STEPS, FEATURES, dtype=torch.float64)
    state = draw_state(cell, both)
    output, state_n = stack(input, LENGTHS, state)

    given = (state[0], state[1]) if cell == "lstm" else state[0]
    packed, packed_n = layer(pack_steps(input, LENGTHS), given)
    expected = unpack_steps(packed, LENGTHS, STEPS)
    expected_n = list(packed_n) if cell == "lstm" else [packed_n]

    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(state_n, expected_n)
    sum(tensor.sin().sum() for tensor in [output, *state_n]).backward()
    sum(tensor.sin().sum() for tensor in [expected, *expected_n]).backward()
    for ours, theirs in zip(stack.rnn.parameters(), layer.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize("lengths", [[0, 4, 0], [0, 0, 0], [4, 4, 4]])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_rows_that_have_ended_keep_their_state(cell: str, lengths: list[int], both: bool) -> None:
    torch.manual_seed(1)
    options = {"input_size": FEATURES, "hidden_size": UNITS, "num_layers": LAYERS, "dropout": 0.0}
    stack = zoo.build(f"{cell}_encoder", bidirectional=both, **options).backbone.stack
    input = torch.randn(3, STEPS, FEATURES)
    state = [torch.randn_like(tensor) for tensor in stack.zero_state(3, input)]
    expected, expected_n = stack(input, torch.tensor(lengths), state)
    output, state_n = stack.train()(input, torch.tensor(lengths), state)
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(state_n, expected_n)
    assert output.shape == (3, STEPS, UNITS * (1 + both))
