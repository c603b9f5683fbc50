"""Initial weights of the written-out cells, gate by gate, and the options that set single biases or parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.small_models import build_small
from torch import Tensor, nn

import zoo
from zoo.config.cells import WRITTEN_CELLS
from zoo.init.layers import gate_blocks
from zoo.models.cells import CELL_FACTORIES

BUILT_IN = list(CELL_FACTORIES)
WITH_MATRIX = [name for name in BUILT_IN if hasattr(CELL_FACTORIES[name](2, 2, True), "weight_hh")]
FORGETFUL = [name for name in BUILT_IN if "forget" in WRITTEN_CELLS[name].gate_names]
KEEPING = [name for name in BUILT_IN if {"forget", "update"} & set(WRITTEN_CELLS[name].gate_names)]


def first_cell(model: nn.Module) -> Any:
    stack: Any = model.get_submodule("backbone.stack")
    return stack.layers[0].cell_module


def bias_of_gates(name: str, init: zoo.Init) -> dict[str, Tensor]:
    """Return the sum of the two biases of each gate of a small encoder's first layer."""
    cell = first_cell(build_small(f"{name}_encoder", init=init))
    both = cell.bias_ih + cell.bias_hh if hasattr(cell, "bias_hh") else cell.bias_ih
    return dict(zip(WRITTEN_CELLS[name].gate_names, both.split(20), strict=True))


@pytest.mark.parametrize("name", WITH_MATRIX)
def test_orthogonal_fills_every_gate(name: str) -> None:
    cell = first_cell(zoo.build(f"{name}_encoder", init="orthogonal", input_size=12, hidden_size=64))
    blocks = list(gate_blocks(cell, cell.weight_hh))
    if name == "clockwork_rnn":
        blocks = [cell.weight_hh[k : k + 8, k : k + 8] for k in range(0, 64, 8)]  # each clock sees itself through one
    for block in blocks:
        torch.testing.assert_close(block @ block.T, torch.eye(len(block)), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("scheme", "variance"),
    [
        ("xavier_uniform", lambda fan_out, fan_in: 2 / (fan_in + fan_out)),
        ("xavier_normal", lambda fan_out, fan_in: 2 / (fan_in + fan_out)),
        ("kaiming", lambda fan_out, fan_in: 2 / fan_in),
        ("uniform", lambda fan_out, fan_in: 1 / (3 * 200)),
    ],
)
@pytest.mark.parametrize("name", BUILT_IN)
def test_the_variance_of_every_gate(name: str, scheme: str, variance: Callable[[int, int], float]) -> None:
    cell: Any = zoo.init_weights_(CELL_FACTORIES[name](120, 200, True), scheme, seed=0)
    weights = [cell.weight_ih] + [cell.weight_hh for _ in [0] if name in WITH_MATRIX]
    for weight in weights:
        for block in gate_blocks(cell, weight):
            assert block.shape[0] == 200
            assert block.var().item() == pytest.approx(variance(*block.shape), rel=0.05)


def test_identity_keeps_the_state_of_every_clock() -> None:
    cell = first_cell(build_small("clockwork_rnn_encoder", init="identity"))
    seen = cell.weight_hh * cell.sees
    assert torch.equal(seen.diagonal(), torch.ones(20))
    assert (seen - torch.eye(20)).std().item() == pytest.approx(1e-3, rel=0.5)


def test_identity_is_refused_where_there_is_no_recurrent_matrix() -> None:
    with pytest.raises(zoo.InitError, match="'identity' needs a recurrent matrix, and MinimalGRUCell has none"):
        build_small("min_gru_encoder", init="identity")


@pytest.mark.parametrize("name", FORGETFUL)
def test_the_forget_bias_is_set_where_the_gate_is(name: str) -> None:
    for gate, bias in bias_of_gates(name, zoo.Init(zero_bias=True, forget_bias=1.5)).items():
        assert torch.equal(bias, torch.full((20,), 1.5 if gate.startswith("forget") else 0.0))


@pytest.mark.parametrize("name", FORGETFUL)
def test_unit_forget_is_keras_start(name: str) -> None:
    for gate, bias in bias_of_gates(name, zoo.Init(unit_forget=True)).items():
        assert torch.equal(bias, torch.full((20,), 1.0 if gate.startswith("forget") else 0.0))


@pytest.mark.parametrize("name", KEEPING)
def test_chrono_sets_the_gates_that_keep(name: str) -> None:
    biases = bias_of_gates(name, zoo.Init(zero_bias=True, chrono=100))
    keep = biases.pop("forget" if "forget" in biases else "update")
    assert ((keep >= 0) & (keep <= math.log(99))).all()
    assert keep.std() > 0.1
    for gate, bias in biases.items():
        expected = {"input": -keep, "forget_left": keep}.get(gate, torch.zeros(20))
        assert torch.equal(bias, expected)


@pytest.mark.parametrize("family", ["lstm", "gru"])
def test_chrono_spreads_the_time_scales_evenly(family: str) -> None:
    """A unit of PyTorch's layers that sees nothing keeps its state for 1 / (1 - sigmoid(b)) = 1 + u steps."""
    init = zoo.Init(zero_bias=True, chrono=400)
    model: Any = zoo.build(f"{family}_encoder", init=init, hidden_size=4000, num_layers=1, dropout=0.0, input_size=1)
    layer = model.backbone.stack.rnn
    gates = (layer.bias_ih_l0 + layer.bias_hh_l0).double().split(4000)
    scales = 1 / (1 - gates[1].sigmoid()) - 1  # the second gate is forget or update
    assert scales.min() >= 1 - 1e-6
    assert scales.max() <= 399 + 1e-2
    assert scales.mean().item() == pytest.approx(200, rel=0.05)  # uniform in [1, 399]
    assert scales.var().item() == pytest.approx(398**2 / 12, rel=0.05)
    assert torch.equal(gates[0], -gates[1] if family == "lstm" else torch.zeros(4000).double())
    assert not layer.bias_hh_l0.any()


def test_overrides_hold_where_their_pattern_fits() -> None:
    overrides: dict[str, str | float] = {"weight_hh*": "orthogonal", "bias_hh*": 0.0, "head.bias": 0.5}
    plain: Any = build_small("lstm_tagger")
    model: Any = build_small("lstm_tagger", init=zoo.Init(overrides=overrides))
    for name, weight in model.backbone.stack.rnn.named_parameters():
        if name.startswith("weight_hh"):
            for block in weight.split(20):
                torch.testing.assert_close(block @ block.T, torch.eye(20), atol=1e-5, rtol=0)
        elif name.startswith("bias_hh"):
            assert not weight.any()
        else:
            assert torch.equal(weight, plain.backbone.stack.rnn.get_parameter(name))
    assert torch.equal(model.head.bias, torch.full((9,), 0.5))
    assert torch.equal(model.head.weight, plain.head.weight)
    assert model.init_record["overrides"] == overrides


def test_an_override_reaches_what_schemes_leave_alone() -> None:
    model = build_small("layer_norm_lstm_encoder", init=zoo.Init(overrides={"gain_*": 0.1, "gain_c": 1.0}))
    cell = first_cell(model)
    assert torch.equal(cell.gain_hh, torch.full((80,), 0.1))
    assert torch.equal(cell.gain_c, torch.ones(20))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lstm_encoder", {"forget_bias": 1.0, "chrono": 100}, "forget_bias=1.0 and chrono=100 set the same biases"),
        ("lstm_encoder", {"unit_forget": True, "chrono": 9}, "unit_forget=True and chrono=9 set the same biases"),
        ("lstm_encoder", {"chrono": 1}, "chrono is the longest time scale, a whole number of steps >= 2; got 1"),
        ("rnn_encoder", {"chrono": 100}, "chrono needs an LSTM or GRU"),
        ("gru_encoder", {"unit_forget": True}, "unit_forget needs an LSTM"),
        ("gru_encoder", {"overrides": {"weight_xx*": "orthogonal"}}, "no parameter has the pattern 'weight_xx\\*'"),
        ("gru_encoder", {"overrides": {"weight*": "glorot"}}, "no initialisation is called 'glorot'"),
        ("gru_encoder", {"overrides": {"bias*": "orthogonal"}}, "fills matrices, and bias_ih_l0 has the shape"),
    ],
)
def test_options_that_do_not_fit_are_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(zoo.InitError, match=message):
        build_small(name, init=zoo.Init(**options))


def test_chrono_needs_biases() -> None:
    with pytest.raises(zoo.InitError, match="chrono needs bias=True"):
        build_small("gru_encoder", bias=False, init=zoo.Init(chrono=100))
