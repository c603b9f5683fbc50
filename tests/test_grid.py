"""The LSTM over a grid: its recurrence along both axes, what a place sees, and digits that it reads."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.small_models import build_small
from torch import Tensor, nn

import zoo
from zoo.models.cells import CELL_FACTORIES

EXACT = {"atol": 1e-12, "rtol": 1e-12}


def make_grid_cell(features: int, units: int, columns: int) -> Any:
    torch.manual_seed(0)
    cell = CELL_FACTORIES["grid_lstm"](columns * features, columns * units, True, columns=columns).double()
    for parameter in cell.parameters():
        nn.init.normal_(parameter)
    return cell


def run_rows(cell: Any, rows: Tensor, state: list[Tensor]) -> Tensor:
    """Return h of every row of (T, B, columns * features)."""
    outputs = []
    for row in rows:
        state = cell(row, state)
        outputs.append(state[0])
    return torch.stack(outputs)


def test_a_grid_is_the_recurrence_along_both_axes() -> None:
    """Place by place: T = 4 rows, 3 columns, 2 features, 5 units."""
    cell, grid = make_grid_cell(2, 5, 3), torch.randn(4, 3, 2).double()
    h: dict[tuple[int, int], Tensor] = {}
    c: dict[tuple[int, int], Tensor] = {}
    nothing = torch.zeros(5).double()
    for t in range(4):
        for j in range(3):
            above, left = (t - 1, j), (t, j - 1)
            a = cell.weight_ih @ grid[t, j] + cell.bias_ih + cell.bias_hh
            a = a + cell.weight_hh @ h.get(above, nothing) + cell.weight_hh_left @ h.get(left, nothing)
            i, f_above, f_left, g, o = a.split(5)
            c[t, j] = i.sigmoid() * g.tanh() + f_above.sigmoid() * c.get(above, nothing)
            c[t, j] = c[t, j] + f_left.sigmoid() * c.get(left, nothing)
            h[t, j] = o.sigmoid() * c[t, j].tanh()
    got = run_rows(cell, grid.flatten(1).unsqueeze(1), [torch.zeros(1, 15).double()] * 2)
    expected = torch.stack([torch.cat([h[t, j] for j in range(3)]) for t in range(4)])
    torch.testing.assert_close(got[:, 0], expected, **EXACT)


def test_the_gradients_of_a_grid() -> None:
    cell = make_grid_cell(2, 2, 3)
    values = [torch.randn(2, 6).double().requires_grad_() for _ in range(3)]
    weight = cell.weight_hh_left.detach().clone().requires_grad_()

    def step(x: Tensor, h: Tensor, c: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
        return tuple(torch.func.functional_call(cell, {"weight_hh_left": weight}, (x, [h, c])))

    with torch.enable_grad():
        assert torch.autograd.gradcheck(step, (*values, weight))


def test_a_place_sees_what_lies_above_and_to_the_left() -> None:
    cell, zeros = make_grid_cell(1, 1, 4), [torch.zeros(1, 4).double()] * 2
    jacobian = torch.func.jacrev(lambda grid: run_rows(cell, grid[:, None], zeros)[:, 0])(torch.randn(3, 4).double())
    for t in range(3):
        for j in range(4):
            seen = torch.zeros(3, 4, dtype=torch.bool)
            seen[: t + 1, : j + 1] = True
            assert torch.equal(jacobian[t, j] != 0, seen)


def test_a_small_grid_reads_digits() -> None:
    """scikit-learn's 8 x 8 digits, a row a step: chance is 0.10."""
    datasets = pytest.importorskip("sklearn.datasets")
    images, labels = datasets.load_digits(return_X_y=True)
    x, y = torch.tensor(images, dtype=torch.float32).view(-1, 8, 8) / 16, torch.tensor(labels)
    torch.manual_seed(0)
    train, test = torch.randperm(len(x)).split([1500, len(x) - 1500])
    sizes = {"columns": 8, "input_size": 8, "hidden_size": 64, "num_classes": 10, "num_layers": 1}
    model = build_small("grid_lstm_classifier", **sizes, pooling="last").train()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    with torch.enable_grad():
        for _ in range(8):
            for rows in train[torch.randperm(1500)].split(50):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x[rows])[0], y[rows]).backward()
                optimizer.step()
    accuracy = (model.eval()(x[test])[0].argmax(1) == y[test]).float().mean().item()
    assert accuracy > 0.88


@pytest.mark.parametrize("joined", [{}, {"residual": True}, {"batch_norm": True}])
def test_places_keep_their_columns_in_deep_nets_of_both_directions(joined: dict[str, Any]) -> None:
    """A place of the second layer sees both directions of its own column and of those to the left: any row."""
    sizes = {"columns": 3, "input_size": 6, "hidden_size": 12, "num_layers": 2, "bidirectional": True}
    model = build_small("grid_lstm_encoder", **sizes, **joined).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter)

    def run(rows: Tensor) -> Tensor:
        return model(rows.unsqueeze(0))[0][0]

    jacobian = torch.func.jacrev(run)(torch.randn(4, 6).double())  # (4, 2 * 12, 4, 6)
    seen = (jacobian.unflatten(3, [3, 2]).unflatten(1, [2, 3, 4]) != 0).any(-1).any(3)  # (4, 2, 3, 4, 3)
    for j in range(3):
        assert bool(seen[:, :, j, :, : j + 1].all())
        assert not bool(seen[:, :, j, :, j + 1 :].any())


@pytest.mark.autograd
def test_the_gates_of_a_grid_are_those_of_all_its_columns() -> None:
    """The last column reads another input, so its gates differ; `zoo.diagnose` and training watch them."""
    sizes = {"columns": 3, "input_size": 6, "hidden_size": 12, "num_layers": 1}
    model = build_small("grid_lstm_classifier", **sizes, num_classes=2)
    x = torch.randn(2, 5, 6)
    gates = zoo.record_gates(model, x)
    layer = "backbone.stack.layers.0"
    assert {name.removeprefix(f"{layer}.") for name in gates} == {"input", "forget", "forget_left", "cell", "output"}
    cell: Any = model.get_submodule(f"{layer}.cell_module")
    left = torch.zeros(2, 4)  # of the first step's last column: what its left neighbour gives
    first: Tensor = cell(x[:, 0], [torch.zeros(2, 12)] * 2)[0]
    for column in range(3):
        sums = nn.functional.linear(x[:, 0, 2 * column :][:, :2], cell.weight_ih, cell.bias_ih + cell.bias_hh)
        forget_left = (sums + left @ cell.weight_hh_left.T).chunk(5, dim=1)[2].sigmoid()
        left = first[:, 4 * column :][:, :4]
        got = gates[f"{layer}.forget_left"].view(2, 5, 3, 4)[:, 0, column]
        torch.testing.assert_close(got, forget_left, atol=1e-6, rtol=1e-6)
    logits = model(x)[0]
    diagnosis = zoo.diagnose(model.train(), lambda output: output.sum(), x, gradient_check=False)
    assert diagnosis.loss == pytest.approx(float(logits.sum().detach()), abs=1e-5)
