"""What is measured of gradients, states, gates and spectra, against autograd and against the equations themselves."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.small_models import FAMILIES, build_small
from torch import Tensor, nn
from torch.nn import functional

import zoo
from zoo.config.cells import WRITTEN_CELLS
from zoo.diagnostics.activations import find_gate_blocks
from zoo.diagnostics.gates import summarise_gate
from zoo.diagnostics.gradient_check import check_gradients
from zoo.diagnostics.recording import record_layers
from zoo.diagnostics.spectra import spectral_radii
from zoo.models.cells import CELL_FACTORIES

pytestmark = pytest.mark.autograd
LENGTHS = torch.tensor([9, 3, 6])


def make_input() -> Tensor:
    input = torch.randn(3, 9, 12, generator=torch.Generator().manual_seed(1))
    for row, length in zip(input, LENGTHS.tolist(), strict=True):
        row[length:] = float("nan")
    return input


def loss(output: Tensor) -> Tensor:
    return functional.cross_entropy(output, torch.tensor([1, 0, 2]))


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"bias": False, "num_layers": 1}], ids=str)
@pytest.mark.parametrize("family", [*FAMILIES, "projected_lstm", "residual_gru"])
def test_a_watched_model_computes_what_it_always_does(family: str, options: dict[str, Any]) -> None:
    """Outputs, and so the loss, and the gradient of every parameter; afterwards the model is as before."""
    if family == "residual_gru" and options.get("num_layers") == 1:
        return
    if family == "projected_lstm":
        family, options = "lstm", {**options, "proj_size": 7}
    model, input = build_small(f"{family}_classifier", **options).train(), make_input()
    diagnosis = zoo.diagnose(model, loss, input, LENGTHS, gradient_check=False)
    assert all(module.training for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    model.eval()
    value = loss(model(input, LENGTHS)[0])
    value.backward()
    assert diagnosis.loss == pytest.approx(float(value.detach()), abs=1e-6)
    expected = {name: float(parameter.grad.norm()) for name, parameter in model.named_parameters()}
    assert diagnosis.gradient_norms == pytest.approx(expected, rel=1e-4, abs=1e-7)
    assert set(diagnosis.gradients_through_time) == {
        f"{layer}.{state}"
        for layer in diagnosis.hidden_norms
        for state in model.config.cell_spec.state_names
        if state != "wait"  # the clocks' counters have no gradient
    }
    assert len(diagnosis.hidden_norms) == model.config.num_layers * model.config.num_directions


class Chain(nn.Module):
    """h' = w h + x with one unit: every gradient through time is a power of w."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "chain", hidden_size, bias
        self.weight_ih = nn.Parameter(torch.ones(hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.eye(hidden_size))

    def forward(self, input: Tensor, state: list[Tensor]) -> list[Tensor]:
        return [functional.linear(input, self.weight_ih) + functional.linear(state[0], self.weight_hh)]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def add(name: str, spec: zoo.CellSpec, factory: Any) -> None:
        monkeypatch.setitem(WRITTEN_CELLS, name, spec)
        monkeypatch.setitem(CELL_FACTORIES, name, factory)

    return add


def test_gradients_through_time_are_powers_of_a_linear_recurrence(register: Callable[..., None]) -> None:
    register("chain", zoo.CellSpec(gate_names=("hidden",), state_names=("h",), biases=False), Chain)
    sizes = {"num_layers": 1, "hidden_size": 1, "input_size": 1}
    model: Any = build_small("rnn_classifier", cell="chain", bias=False, pooling="last", **sizes)
    with torch.no_grad():
        model.backbone.stack.layers[0].cell_module.weight_ih.fill_(1.0)
        model.backbone.stack.layers[0].cell_module.weight_hh.fill_(0.5)
        model.head.weight.fill_(1.0)
    measured = zoo.diagnose(model, lambda output: output[:, 0].sum(), torch.ones(2, 4, 1), gradient_check=False)
    name = "backbone.stack.layers.0"
    assert measured.gradients_through_time == {f"{name}.h": [0.125, 0.25, 0.5, 1.0]}
    assert measured.hidden_norms == {name: [1.0, 1.5, 1.75, 1.875]}
    assert measured.gates == {}  # no function, no gate
    assert measured.spectral_radii == {f"{name}.cell_module.hidden": 0.5}
    ragged = zoo.diagnose(
        model, lambda output: output[:, 0].sum(), torch.ones(2, 4, 1), torch.tensor([2, 4]), gradient_check=False
    )
    assert ragged.gradients_through_time == {f"{name}.h": [(0.5 + 0.125) / 2, (1 + 0.25) / 2, 0.5, 1.0]}
    assert ragged.hidden_norms == {name: [1.0, 1.5, 1.75, 1.875]}


def lstm_state(gates: dict[str, Tensor], h: Tensor, c: Tensor) -> list[Tensor]:
    c = gates["forget"] * c + gates["input"] * gates["cell"]
    return [gates["output"] * c.tanh(), c]


def coupled_state(gates: dict[str, Tensor], h: Tensor, c: Tensor) -> list[Tensor]:
    return lstm_state({**gates, "input": 1 - gates["forget"]}, h, c)


def gru_state(gates: dict[str, Tensor], h: Tensor) -> list[Tensor]:
    return [(1 - gates["update"]) * gates["new"] + gates["update"] * h]


# The next state from the gates: only gates that were named rightly give it.
FROM_GATES: dict[str, Callable[..., list[Tensor]]] = {
    "lstm": lstm_state,
    "gru": gru_state,
    "rnn": lambda gates, h: [gates["hidden"]],
    "rnn_relu": lambda gates, h: [gates["hidden"]],
    "peephole_lstm": lstm_state,
    "coupled_lstm": coupled_state,
    "reset_before_gru": gru_state,
    "layer_norm_gru": gru_state,
    "ind_rnn": lambda gates, h: [gates["hidden"]],
}


@pytest.mark.parametrize("family", FROM_GATES)
def test_the_gates_make_the_state(family: str) -> None:
    model: Any = build_small(f"{family}_classifier", bidirectional=True)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3, generator=torch.Generator().manual_seed(0))
    with record_layers(model) as runs:
        model(make_input(), LENGTHS)
    assert [run.reverse for run in runs] == [False, True, False, True]
    for run in runs:
        gates = run.gates()
        assert set(gates) == set(model.config.cell_spec.gate_names)
        states = [run.in_time([step[k] for step in run.steps]) for k in range(len(run.state_names))]  # (B, T, H)
        for t in range(3):  # three steps, which all rows have
            before = t + 1 if run.reverse else t - 1
            last = [torch.zeros(3, 20) if before < 0 else state[:, before] for state in states]
            got = FROM_GATES[family]({name: values[:, t].float() for name, values in gates.items()}, *last)
            if not run.reverse or t < 2:
                for state, want in zip(states, got, strict=True):
                    rows = slice(None) if not run.reverse else slice(0, 1)  # the row of 9 steps never waits
                    torch.testing.assert_close(state[rows, t], want[rows], atol=1e-6, rtol=1e-5)


class JointNorm(nn.Module):
    """The candidate first, sums normalised over both gates, and a gate's own function last."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "joint_norm", hidden_size, bias
        self.weight_ih = nn.Parameter(torch.empty(2 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(2 * hidden_size, hidden_size))

    def forward(self, input: Tensor, state: list[Tensor]) -> list[Tensor]:
        sums = functional.linear(input, self.weight_ih) + functional.linear(state[0], self.weight_hh)
        f, n = functional.layer_norm(sums, [2 * self.hidden_size]).chunk(2, dim=1)
        n = torch.tanh(n)
        return [torch.tanh(n + f.sigmoid() * (state[0] - n))]


class Quotient(JointNorm):
    """One function of two gates, as in minLSTM."""

    def forward(self, input: Tensor, state: list[Tensor]) -> list[Tensor]:
        f, i = functional.linear(input, self.weight_ih).chunk(2, dim=1)
        return [torch.sigmoid(f - i) * state[0]]


@pytest.mark.parametrize(
    ("factory", "expected"),
    [(JointNorm, [("forget", "sigmoid"), ("new", "tanh")]), (Quotient, [("forget/new", "sigmoid")])],
)
def test_gates_of_a_cell_of_ones_own_are_found(
    register: Callable[..., None], factory: type, expected: list[tuple[str, str]]
) -> None:
    register("joint_norm", zoo.CellSpec(gate_names=("forget", "new"), state_names=("h",), biases=False), factory)
    assert [(gate.name, gate.function) for gate in find_gate_blocks(factory(3, 40, True))] == expected


def test_saturation_is_the_share_near_an_end() -> None:
    summary = summarise_gate(torch.tensor([0.0, 0.05, 0.5, 0.89, 0.95]), "sigmoid")
    assert (summary.low, summary.high) == (pytest.approx(0.4), pytest.approx(0.2))
    assert summary.mean == pytest.approx(0.478)
    assert sum(summary.counts) == 5
    assert (summary.edges[0], summary.edges[-1], len(summary.edges)) == (0.0, 1.0, len(summary.counts) + 1)
    tanh = summarise_gate(torch.tensor([-0.9, -0.7, 0.0, 0.79, 0.81]), "tanh")
    assert (tanh.low, tanh.high) == (pytest.approx(0.2), pytest.approx(0.2))
    relu = summarise_gate(torch.tensor([0.0, 0.0, 3.0, 1e-3]), "relu")
    assert (relu.low, relu.high, sum(relu.counts)) == (0.5, None, 4)


def test_spectral_radii_are_those_of_each_gates_block() -> None:
    model: Any = build_small("gru_encoder", bidirectional=True, num_layers=1)
    layer = model.backbone.stack.rnn
    rotation = torch.linalg.qr(torch.randn(20, 20, generator=torch.Generator().manual_seed(0)))[0]
    with torch.no_grad():
        layer.weight_hh_l0.copy_(torch.cat([0.5 * rotation, rotation, torch.triu(torch.ones(20, 20)) * 1.25]))
    radii = spectral_radii(model)
    name = "backbone.stack.rnn.l0"
    expected = {"reset": 0.5, "update": 1.0, "new": 1.25}
    assert {gate: radii[f"{name}.{gate}"] for gate in expected} == pytest.approx(expected, abs=1e-5)
    assert {f"{name}_reverse.{gate}" for gate in expected} <= set(radii)
    projected: Any = build_small("lstm_encoder", proj_size=7, num_layers=1)
    layer = projected.backbone.stack.rnn
    whole = layer.weight_hh_l0[:20] @ layer.weight_hr_l0  # (20, 20)
    largest = float(torch.linalg.eigvals(whole.detach().double()).abs().max())
    assert spectral_radii(projected)[f"{name}.input"] == pytest.approx(largest)


def test_each_clock_has_its_own_radius() -> None:
    model: Any = build_small("clockwork_rnn_encoder", num_layers=1)
    cell = model.backbone.stack.layers[0].cell_module
    radii = spectral_radii(model)
    assert len(radii) == cell.num_clocks
    used = torch.linalg.eigvals((cell.weight_hh * cell.sees).detach().double())
    assert max(radii.values()) == pytest.approx(float(used.abs().max()), rel=1e-4)


class WrongGradient(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return gradient * 1.001


def test_the_gradient_check_finds_a_gradient_that_is_wrong_by_a_thousandth() -> None:
    model: Any = build_small("lstm_classifier")
    weights = copy.deepcopy(model.state_dict())
    assert max(check_gradients(model, loss, make_input(), LENGTHS).values()) < 1e-4
    for name, value in model.state_dict().items():
        assert torch.equal(value, weights[name])
    model.backbone.register_forward_hook(lambda module, inputs, result: (WrongGradient.apply(result[0]), result[1]))
    errors = check_gradients(model, loss, make_input(), LENGTHS)
    assert errors["head.weight"] < 1e-4
    assert errors["backbone.stack.rnn.weight_hh_l0"] == pytest.approx(1e-3, rel=0.01)


def test_what_cannot_be_diagnosed_is_refused() -> None:
    model = build_small("lstm_classifier")
    with pytest.raises(ValueError, match="the loss is nan, so it has no gradients"):
        zoo.diagnose(model, lambda output: output.sum() * float("nan"), make_input(), LENGTHS)
    scripted = torch.jit.script(model)
    with pytest.raises(ValueError, match="no recurrent layer that can be watched; give the float model in Python"):
        zoo.diagnose(scripted, loss, make_input(), LENGTHS)
    assert "forward" not in vars(model)


def test_gates_of_a_whole_model() -> None:
    model = zoo.build("lstm_tagger", input_size=5, hidden_size=4).train()
    gates = zoo.record_gates(model, torch.randn(3, 7, 5), torch.tensor([7, 2, 4]))
    names = [f"backbone.stack.rnn.l{k}.{gate}" for k in (0, 1) for gate in ("input", "forget", "cell", "output")]
    assert list(gates) == names
    assert all(values.shape == ((7 + 2 + 4) * 4,) for values in gates.values())
    assert model.training
