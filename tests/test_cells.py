"""Cells that are written out: their equations and gradients, and a cell of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.cell_equations import EQUATIONS
from support.own_cell import MinimalGatedCell, register_own_cell
from support.program import Program
from support.real_input import real_batch
from support.small_models import build_small
from torch import Tensor, nn

import zoo
from zoo.config.cells import WRITTEN_CELLS
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


@pytest.fixture(scope="module")
def own_cell() -> str:
    return register_own_cell()


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


def test_a_cell_without_biases_refuses_them(own_cell: str) -> None:
    assert not zoo.find_model(f"{own_cell}_tagger").config.bias
    with pytest.raises(zoo.ConfigError, match="bias must be False, because cell='minimal_gated' has no biases"):
        zoo.build(f"{own_cell}_tagger", bias=True)


def test_a_cell_whose_biases_are_not_as_it_says_is_refused() -> None:
    zoo.register_cell("unbiased", zoo.CellSpec(("forget", "new"), ("h",)), MinimalGatedCell)
    with pytest.raises(zoo.ConfigError, match="bias=True, but cell='unbiased' has no biases: where its factory"):
        zoo.build("unbiased_tagger")
    zoo.register_cell("biased", zoo.CellSpec(("hidden",), ("h",)), lambda *sizes: nn.RNNCell(*sizes[:2]))
    with pytest.raises(zoo.ConfigError, match="bias=False, but cell='biased' has biases: where its factory"):
        zoo.build("biased_tagger", bias=False)


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
