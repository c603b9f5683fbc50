"""Initialisation schemes are judged by their property, block by block."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from support.small_models import build_small
from torch import Tensor, nn

import zoo
from zoo.init.layers import gate_blocks
from zoo.init.schemes import _schemes

WIDE = {"hidden_size": 200, "input_size": 120, "num_layers": 2}


def layers(model: nn.Module) -> list[nn.RNNBase]:
    return [m for m in model.modules() if isinstance(m, nn.RNNBase)]


def blocks(model: nn.Module, prefix: str) -> list[Tensor]:
    return [
        block
        for layer in layers(model)
        for name, weight in layer.named_parameters()
        if name.startswith(prefix)
        for block in gate_blocks(layer, weight)
    ]


@pytest.mark.parametrize("family", ["lstm", "gru", "rnn"])
def test_orthogonal_blocks_times_their_transpose_are_the_identity(family: str) -> None:
    model = zoo.build(f"{family}_encoder", init="orthogonal", bidirectional=True, **WIDE)
    recurrent = blocks(model, "weight_hh")
    assert len(recurrent) == model.config.num_gates * 4
    for block in recurrent:
        torch.testing.assert_close(block @ block.T, torch.eye(200), atol=1e-5, rtol=0)
    stacked = layers(model)[0].weight_ih_l0
    bound = math.sqrt(6 / (120 + 200))  # per gate, not sqrt(6 / (120 + gates * 200))
    assert 0.98 * bound < stacked.abs().max() <= bound


def test_orthogonal_with_a_projection_has_orthonormal_columns() -> None:
    model = zoo.build("lstm_encoder", init="orthogonal", proj_size=50, **WIDE)
    for block in blocks(model, "weight_hh"):
        torch.testing.assert_close(block.T @ block, torch.eye(50), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("scheme", "variance"),
    [
        ("xavier_uniform", lambda fan_out, fan_in: 2 / (fan_in + fan_out)),
        ("xavier_normal", lambda fan_out, fan_in: 2 / (fan_in + fan_out)),
        ("kaiming", lambda fan_out, fan_in: 2 / fan_in),
        ("uniform", lambda fan_out, fan_in: 1 / (3 * 200)),
    ],
)
@pytest.mark.parametrize("family", ["lstm", "gru", "rnn"])
def test_the_variance_of_every_gate(family: str, scheme: str, variance: object) -> None:
    model = zoo.build(f"{family}_encoder", init=scheme, **WIDE)
    for block in blocks(model, "weight_ih") + blocks(model, "weight_hh"):
        expected = variance(*block.shape)  # type: ignore[operator]
        assert block.var().item() == pytest.approx(expected, rel=0.05)
        is_uniform = bool(block.abs().max() <= math.sqrt(3 * expected))
        assert is_uniform == ("uniform" in scheme)
        assert abs(block.mean().item()) < 4 * math.sqrt(expected / block.numel())


def test_identity_is_for_plain_rnns() -> None:
    model = zoo.build("rnn_relu_encoder", init="identity", **WIDE)
    for block in blocks(model, "weight_hh"):
        assert torch.equal(block, torch.eye(200))
    for block in blocks(model, "weight_ih"):
        assert block.std().item() == pytest.approx(1e-3, rel=0.05)
    with pytest.raises(ValueError, match=r"'identity' is for nn\.RNN"):
        zoo.build("gru_encoder", init="identity")


def test_the_forget_bias_is_the_sum_of_the_two_vectors() -> None:
    model = build_small("lstm_encoder", init=zoo.Init(zero_bias=True, forget_bias=1.5), bidirectional=True)
    layer = layers(model)[0]
    for suffix in ("l0", "l1", "l0_reverse", "l1_reverse"):
        b_ih, b_hh = getattr(layer, f"bias_ih_{suffix}"), getattr(layer, f"bias_hh_{suffix}")
        i, f, g, o = (b_ih + b_hh).chunk(4)
        assert torch.equal(f, torch.full((20,), 1.5))
        assert not torch.cat([i, g, o]).any()
        assert not b_hh.any()  # set in one of the two only


def test_a_forget_bias_leaves_the_other_biases_alone() -> None:
    plain, biased = build_small("lstm_encoder"), build_small("lstm_encoder", init=zoo.Init(forget_bias=1.0))
    before, after = layers(plain)[0].bias_ih_l0, layers(biased)[0].bias_ih_l0
    keep = torch.ones(80, dtype=torch.bool)
    keep[20:40] = False
    assert torch.equal(before[keep], after[keep])


@pytest.mark.parametrize(
    ("name", "overrides", "init", "message"),
    [
        ("gru_encoder", {}, zoo.Init(forget_bias=1.0), "forget_bias needs an LSTM"),
        ("lstm_encoder", {"bias": False}, zoo.Init(forget_bias=1.0), "needs bias=True"),
        ("lstm_encoder", {}, "glorot", "no initialisation is called 'glorot'; there are identity"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    name: str, overrides: dict[str, object], init: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        build_small(name, init=init, **overrides)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: zoo.Init(zero_bias="no"), "zero_bias must be True or False, got 'no'"),
        (lambda: zoo.Init(unit_forget=1), "unit_forget must be True or False, got 1"),
        (lambda: zoo.Init(forget_bias="1"), "forget_bias must be a finite number, got '1'"),
        (lambda: zoo.Init(forget_bias=float("nan")), "forget_bias must be a finite number, got nan"),
        (lambda: zoo.Init(["orthogonal"]), "scheme must be the name of a scheme"),
        (lambda: zoo.Init(chrono=2.5), "chrono is the longest time scale"),
        (lambda: zoo.Init(overrides={"head.bias": float("inf")}), r"overrides\['head.bias'\] must be a finite number"),
        (lambda: zoo.Init(overrides={3: 0.5}), "a pattern of overrides must be a string, got 3"),
        (lambda: zoo.Init(overrides=["head.bias"]), "overrides must be a mapping"),
        (lambda: build_small("lstm_encoder", init=None), "init must be the name of a scheme or zoo.Init"),
        (lambda: build_small("lstm_encoder", init={"scheme": "orthogonal"}), "init must be the name of a scheme"),
        (lambda: zoo.init_weights_(torch.nn.Linear(2, 2), 3), "init must be the name of a scheme"),
        (lambda: build_small("lstm_encoder", seed=1.5), "seed must be a whole number of 64 bits, got 1.5"),
        (lambda: build_small("lstm_encoder", seed=2**64), "seed must be a whole number of 64 bits"),
        (lambda: zoo.init_weights_(torch.nn.Linear(2, 2), seed="a"), "seed must be a whole number of 64 bits, got 'a'"),
    ],
)
def test_values_of_wrong_types_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(zoo.InitError, match=message):
        make()


def test_scalars_of_numpy_are_numbers() -> None:
    options = zoo.Init(forget_bias=np.float32(1.5), zero_bias=np.bool_(False), overrides={"head.bias": np.int64(2)})
    assert options == zoo.Init(forget_bias=1.5, overrides={"head.bias": 2})
    assert zoo.Init(chrono=np.int64(9)) == zoo.Init(chrono=9)
    record = build_small("lstm_tagger", init=options, seed=np.int64(3)).init_record
    assert json.loads(json.dumps(record)) == record


def test_zero_biases_reach_the_head() -> None:
    model = build_small("gru_tagger", init=zoo.Init("xavier_normal", zero_bias=True))
    assert not any(p.any() for name, p in model.named_parameters() if "bias" in name)


def test_cells_and_linear_layers_are_initialised_too() -> None:
    net = nn.ModuleDict({"cell": nn.LSTMCell(120, 200), "head": nn.Linear(200, 50)})
    zoo.init_weights_(net, "orthogonal", seed=0, zero_bias=True, forget_bias=1.0)
    for block in gate_blocks(net["cell"], net["cell"].weight_hh):
        torch.testing.assert_close(block @ block.T, torch.eye(200), atol=1e-5, rtol=0)
    assert net["cell"].bias_ih.sum() == 200
    bound = math.sqrt(6 / 250)
    assert 0.98 * bound < net["head"].weight.abs().max() <= bound  # PyTorch's own start stays below 0.071


def test_a_subclass_and_ones_own_layer_are_initialised_by_their_cell() -> None:
    class Subclass(nn.LSTM):
        pass

    class Own(nn.Module):
        cell, hidden_size, bias = "gru", 200, False

        def __init__(self) -> None:
            super().__init__()
            self.weight_hh = nn.Parameter(torch.zeros(600, 200))

    for layer in (Subclass(120, 200), Own()):
        zoo.init_weights_(layer, "orthogonal")
        weight = layer.weight_hh if isinstance(layer, Own) else layer.weight_hh_l0
        for block in gate_blocks(layer, weight):
            torch.testing.assert_close(block @ block.T, torch.eye(200), atol=1e-5, rtol=0)


def test_ones_own_scheme() -> None:
    @zoo.register_init("constant")
    def constant_(block: Tensor, role: str, generator: torch.Generator | None) -> None:
        block.fill_({"input": 1.0, "recurrent": 2.0, "projection": 3.0, "linear": 4.0}[role])

    try:
        model = build_small("lstm_tagger", init="constant", proj_size=8)
        for prefix, value in (("weight_ih", 1.0), ("weight_hh", 2.0), ("weight_hr", 3.0)):
            assert {b.unique().item() for b in blocks(model, prefix)} == {value}
        assert model.head.weight.unique().item() == 4.0
        with pytest.raises(ValueError, match="registered already"):
            zoo.register_init("constant")(constant_)
    finally:
        del _schemes["constant"]
