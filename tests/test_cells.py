"""Cells that are written out: their equations and gradients, what init does with them, and a cell of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest
import torch
from support.cell_equations import EQUATIONS
from support.program import Program
from support.real_input import real_batch
from support.small_models import build_small
from torch import Tensor, nn
from torch.nn import functional

import zoo
from zoo.config.cells import WRITTEN_CELLS
from zoo.init import gate_blocks
from zoo.models.cells import CELL_FACTORIES
from zoo.ops import reference

EXACT = {"atol": 1e-12, "rtol": 1e-12}
BUILT_IN = list(CELL_FACTORIES)


def make_cell(name: str, bias: bool = True) -> Any:
    """Return a cell of 5 units for 3 features, in float64, with no parameter at a neutral value."""
    torch.manual_seed(0)
    cell = CELL_FACTORIES[name](3, 5, bias).double()
    for parameter in cell.parameters():
        nn.init.normal_(parameter)
    return cell


def make_state(name: str) -> list[Tensor]:
    """Return a state of 4 rows; a clock that waits counts whole steps."""
    waits = torch.randint(3, (4, 5)).double()
    return [waits if part == "wait" else torch.randn(4, 5).double() for part in WRITTEN_CELLS[name].state_names]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_cell_is_its_equation(name: str) -> None:
    cell, x, state = make_cell(name), torch.randn(4, 3, dtype=torch.float64), make_state(name)
    for got, want in zip(cell(x, state), EQUATIONS[name](cell, x, *state), strict=True):
        torch.testing.assert_close(got, want, **EXACT)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", BUILT_IN)
def test_the_gradients_of_a_cell(name: str, bias: bool) -> None:
    cell = make_cell(name, bias)
    x, state = torch.randn(4, 3, dtype=torch.float64), make_state(name)
    names, values = zip(*cell.named_parameters(), strict=True)
    values = tuple(value.detach().requires_grad_() for value in values)

    def step(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        parameters = dict(zip(names, rest[len(state) :], strict=True))
        return tuple(torch.func.functional_call(cell, parameters, (x, list(rest[: len(state)]))))

    with torch.enable_grad():
        assert torch.autograd.gradcheck(step, (x.requires_grad_(), *(s.requires_grad_() for s in state), *values))


def test_the_reset_gates_place_matters() -> None:
    """Where r is not 1, PyTorch's GRU with the same weights gives other numbers."""
    cell, x, state = (
        make_cell("reset_before_gru"),
        torch.randn(4, 3, dtype=torch.float64),
        make_state("reset_before_gru"),
    )
    after = reference.gru_cell(x, tuple(state), (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh))[0]
    assert (cell(x, state)[0] - after).abs().max() > 1e-2


@pytest.mark.parametrize("name", BUILT_IN)
def test_padding_that_is_not_a_number_reaches_no_gradient(name: str) -> None:
    model = build_small(f"{name}_encoder", bidirectional=True).train()
    inputs, lengths = real_batch(model.config)
    inputs = inputs.clone()
    for row, length in enumerate(lengths):
        inputs[row, length:] = float("nan")
    with torch.enable_grad():
        model(inputs, lengths)[0].square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("name", [name for name in BUILT_IN if hasattr(make_cell(name), "weight_hh")])
def test_orthogonal_fills_every_gate(name: str) -> None:
    model = zoo.build(f"{name}_encoder", init="orthogonal", input_size=12, hidden_size=64)
    cells = [layer.cell_module for layer in model.backbone.stack.layers]
    assert len(cells) == 2
    for cell in cells:
        for block in gate_blocks(cell, cell.weight_hh):
            torch.testing.assert_close(block @ block.T, torch.eye(64), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", [name for name in BUILT_IN if "forget" in WRITTEN_CELLS[name].gate_names])
def test_the_forget_bias_is_set_where_the_gate_is(name: str) -> None:
    model = build_small(f"{name}_encoder", init=zoo.Init(zero_bias=True, forget_bias=1.5))
    cell = model.backbone.stack.layers[0].cell_module
    forget = WRITTEN_CELLS[name].gate_names.index("forget")
    both = cell.bias_ih + cell.bias_hh if hasattr(cell, "bias_hh") else cell.bias_ih
    for gate, bias in enumerate(both.split(20)):
        assert torch.equal(bias, torch.full((20,), 1.5 if gate == forget else 0.0))


def test_identity_is_refused_where_there_is_no_recurrent_matrix() -> None:
    with pytest.raises(zoo.ZooError, match="'identity' needs a recurrent matrix, and MinimalGRUCell has none"):
        zoo.init_weights_(make_cell("min_gru"), "identity")


class MinimalGatedCell(nn.Module):
    """The README's: f = sigmoid(W x + U h), h' = (1 - f) * h + f * tanh(V x + R (f * h)) (Zhou et al. 2016)."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.cell, self.hidden_size, self.bias = "minimal_gated", hidden_size, bias
        self.weight_ih = nn.Parameter(torch.zeros(2 * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.zeros(2 * hidden_size, hidden_size))

    def forward(self, input: Tensor, state: List[Tensor]) -> List[Tensor]:
        h = state[0]
        x_f, x_n = functional.linear(input, self.weight_ih).chunk(2, dim=1)
        u_f, u_n = self.weight_hh.chunk(2, dim=0)
        f = (x_f + functional.linear(h, u_f)).sigmoid()
        n = (x_n + functional.linear(f * h, u_n)).tanh()
        return [(1 - f) * h + f * n]


@pytest.fixture(scope="module")
def own_cell() -> str:
    spec = zoo.CellSpec(gate_names=("forget", "new"), state_names=("h",))
    zoo.register_cell("minimal_gated", spec, MinimalGatedCell)
    return "minimal_gated"


@pytest.mark.parametrize("overrides", [{}, {"num_layers": 3, "residual": True}, {"bidirectional": True}])
@pytest.mark.parametrize("task", ["classifier", "tagger"])
def test_a_cell_of_ones_own_runs_in_cpp(
    task: str, overrides: dict[str, Any], own_cell: str, program: Program, artifact: Path
) -> None:
    model = build_small(f"{own_cell}_{task}", init="orthogonal", **overrides)
    inputs, lengths = real_batch(model.config)
    assert model(inputs, lengths)[0].abs().max() > 1e-3  # init reached the weights, which were 0
    zoo.save_artifact(model, artifact, samples=[zoo.Sample("padded", inputs, lengths)])
    program.succeed("verify", artifact)


def test_a_cell_of_ones_own_takes_a_recipe(own_cell: str, program: Program, artifact: Path) -> None:
    zoo.save_artifact(zoo.quantize(build_small(f"{own_cell}_tagger"), "dynamic_int8"), artifact)
    program.succeed("verify", artifact)


@pytest.mark.parametrize(
    ("name", "spec", "message"),
    [
        ("lstm", zoo.CellSpec(("hidden",), ("h",)), "'lstm' is registered already"),
        ("coupled_lstm", zoo.CellSpec(("hidden",), ("h",)), "'coupled_lstm' is registered already"),
        ("no good", zoo.CellSpec(("hidden",), ("h",)), "letters, digits and underscores"),
        ("other", zoo.CellSpec(("hidden",), ("h",), projects=True), "no projects"),
    ],
)
def test_a_cell_that_cannot_be_registered(name: str, spec: Any, message: str) -> None:
    with pytest.raises(zoo.ConfigError, match=message):
        zoo.register_cell(name, spec, MinimalGatedCell)
