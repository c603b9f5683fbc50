"""What each written-out cell is known for, shown on its numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.real_input import real_batch
from support.small_models import build_small
from torch import Tensor, nn

from zoo.models.cells import CELL_FACTORIES
from zoo.models.cells.scan import scan_linear

EXACT = {"atol": 1e-12, "rtol": 1e-12}


def cells_of(model: nn.Module) -> list[Any]:
    stack: Any = model.get_submodule("backbone.stack")
    return [layer.cell_module for layer in stack.layers]


def scale_weights(model: nn.Module) -> None:
    for cell in cells_of(model):
        cell.weight_ih.mul_(3.0)
        cell.weight_hh.mul_(7.0)


@pytest.mark.parametrize(
    ("name", "invariant"), [("layer_norm_lstm", True), ("layer_norm_gru", True), ("peephole_lstm", False)]
)
def test_the_scale_of_normalised_weights_has_no_effect(name: str, invariant: bool) -> None:
    """Ba et al. 2016, section 5.1. The constant under the root is small beside sums of this size, but not 0."""
    model = build_small(f"{name}_encoder", init="xavier_normal").double()
    for cell in cells_of(model):
        cell.weight_ih.mul_(1e4)
        cell.weight_hh.mul_(1e4)
    inputs = real_batch(model.config)[0].double()
    before = model(inputs)[0]
    scale_weights(model)
    assert ((model(inputs)[0] - before).abs().max() < 1e-5) == invariant


@pytest.mark.parametrize("name", ["layer_norm_lstm", "layer_norm_gru"])
def test_normalised_sums_have_mean_0_and_variance_1(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    normalised: list[Tensor] = []
    layer_norm = nn.functional.layer_norm

    def keep(*arguments: Any) -> Tensor:
        normalised.append(layer_norm(*arguments))
        return normalised[-1]

    model = build_small(f"{name}_encoder", bias=False)
    monkeypatch.setattr(nn.functional, "layer_norm", keep)
    model(real_batch(model.config)[0])
    assert len(normalised) > 100
    for sums in normalised:
        sums = sums[sums.any(1)]  # a sum of zeros stays 0
        if not len(sums):
            continue  # U h at the first step
        torch.testing.assert_close(sums.mean(1), torch.zeros(len(sums), dtype=torch.float64), **EXACT)
        variance = sums.var(1, correction=0)  # below 1 by the constant under the root
        assert ((variance > 0.9) & (variance < 1)).all()


PARALLEL = [name for name, factory in CELL_FACTORIES.items() if hasattr(factory, "parallel")]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("name", PARALLEL)
def test_the_parallel_form_is_the_steps(name: str, padded: bool, bidirectional: bool) -> None:
    """Training mode takes the one, eval mode the other: outputs, states and gradients."""
    model = build_small(f"{name}_encoder", dropout=0.0, bidirectional=bidirectional).double()
    inputs, lengths = real_batch(model.config)
    inputs = inputs.double()
    state = [torch.randn_like(part) for part in model(inputs)[1]]
    results = []
    for training in (True, False):
        model.train(training).zero_grad()
        with torch.enable_grad():
            x = inputs.clone().requires_grad_()
            output, after = model(x, lengths if padded else None, state)
            (output.square().sum() + sum(s.sin().sum() for s in after)).backward()
        results.append([output, *after, x.grad, *(p.grad for p in model.parameters())])
    for parallel, steps in zip(*results, strict=True):
        assert steps.any()
        torch.testing.assert_close(parallel, steps, **EXACT)


@pytest.mark.parametrize("num_steps", [1, 2, 3, 8, 29])
def test_the_scan_is_the_recurrence(num_steps: int) -> None:
    keep, add = torch.rand(3, num_steps, 5).double(), torch.randn(3, num_steps, 5).double()
    start, valid = torch.randn(3, 5).double(), torch.arange(num_steps) < torch.tensor([[0], [num_steps - 1], [99]])
    h, expected = start, []
    for t in range(num_steps):
        h = torch.where(valid[:, t, None], keep[:, t] * h + add[:, t], h)
        expected.append(h)
    torch.testing.assert_close(scan_linear(keep, add, start, valid), torch.stack(expected, 1), **EXACT)


def test_closed_gates_of_a_minimal_lstm_give_a_number() -> None:
    """f / (f + i) with both gates at 0 is 0 / 0 where it is computed as it is written."""
    cell: Any = CELL_FACTORIES["min_lstm"](3, 5, True)
    nn.init.constant_(cell.bias_ih, -1000.0)
    (after,) = cell(torch.zeros(2, 3), [torch.ones(2, 5)])
    torch.testing.assert_close(after, torch.full((2, 5), 0.5 - 500.0))


def test_a_unit_of_an_indrnn_sees_no_other_unit() -> None:
    cell: Any = CELL_FACTORIES["ind_rnn"](3, 5, True).double()
    nn.init.constant_(cell.bias_ih, 10.0)  # no unit is cut off by relu
    x = torch.randn(3).double()
    jacobian = torch.func.jacrev(lambda h: cell(x[None], [h[None]])[0][0])(torch.rand(5).double())
    torch.testing.assert_close(jacobian, torch.diag(cell.recurrence), **EXACT)


@pytest.mark.parametrize("num_clocks", [8, 3])
def test_a_clock_is_silent_between_its_ticks(num_clocks: int) -> None:
    """64 steps, in chunks: the units of period p change at the steps 0, p, 2p, ... and at no other."""
    model: Any = build_small("clockwork_rnn_encoder", num_layers=1, num_clocks=num_clocks)
    output, state = [], model.initial_state(1)
    for chunk in torch.randn(1, 64, 12).split(7, dim=1):
        h, state = model(chunk, None, state)
        output.append(h[0])
    h = torch.cat([torch.zeros(1, 20), *output])
    changes = h[1:] != h[:-1]  # (T, H)
    periods = cells_of(model)[0].periods
    assert periods.unique().tolist() == [1, 2, 4, 8, 16, 32, 64, 128][:num_clocks]
    steps = torch.arange(64).unsqueeze(1)
    assert torch.equal(changes, steps % periods == 0)


def test_a_clock_hears_no_faster_one() -> None:
    cell: Any = CELL_FACTORIES["clockwork_rnn"](3, 16, True).double()
    x, wait = torch.randn(1, 3).double(), torch.zeros(1, 16).double()
    jacobian = torch.func.jacrev(lambda h: cell(x, [h[None], wait])[0][0])(torch.randn(16).double())
    heard = jacobian != 0  # (to, from)
    assert torch.equal(heard, cell.periods.unsqueeze(1) <= cell.periods.unsqueeze(0))


def test_a_sru_of_equal_sizes_skips_with_the_input_itself() -> None:
    cell: Any = CELL_FACTORIES["sru"](5, 5, True).double()
    nn.init.constant_(cell.bias_ih[10:], -1e9)  # r = 0
    x = torch.randn(2, 5).double()
    torch.testing.assert_close(cell(x, [torch.zeros(2, 5).double()] * 2)[0], x, **EXACT)
