"""What acts between layers, between steps and at the start of a sequence: joins, norms, dropouts, zoneout, states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.program import Program
from support.real_input import real_batch
from support.small_models import build_small
from torch import Tensor, nn

import zoo
from zoo.config import CellSpec
from zoo.models.locked_dropout import LockedDropout
from zoo.models.sequence_norm import SequenceNorm
from zoo.models.zoneout import Zoneout

EXACT = {"atol": 1e-12, "rtol": 1e-12}
TOLERANCE = {"atol": 1e-6, "rtol": 1e-6}


def draw_starts(model: nn.Module) -> None:
    """Give every parameter and statistic that has a neutral start a value of its own."""
    torch.manual_seed(1)
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if "starts." in name or "shift" in name or "running_mean" in name:
            nn.init.normal_(tensor)
        elif "gain" in name or "running_var" in name:
            nn.init.uniform_(tensor, 0.5, 2.0)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lstm_classifier", {"highway": True, "num_layers": 4, "bidirectional": True, "pooling": "last"}),
        ("gru_forecaster", {"highway": True, "num_layers": 4}),
        ("grid_lstm_classifier", {"columns": 4}),
        ("grid_lstm_tagger", {"columns": 4, "bidirectional": True, "residual": True}),
        ("lstm_tagger", {"batch_norm": True}),
        ("coupled_lstm_tagger", {"batch_norm": True, "bidirectional": True, "residual": True}),
        ("gru_classifier", {"learned_state": True}),
        ("lstm_tagger", {"learned_state": True, "residual": True}),
        ("clockwork_rnn_encoder", {"learned_state": True, "zoneout": 0.1}),
        ("lstm_tagger", {"zoneout": 0.1}),
        ("gru_encoder", {"zoneout": 0.1, "locked_dropout": True}),
        ("rnn_relu_encoder", {"zoneout": 0.1}),
    ],
)
def test_every_option_gives_the_same_in_cpp(
    name: str, options: dict[str, Any], program: Program, artifact: Path
) -> None:
    model = build_small(name, **options)
    draw_starts(model)
    inputs, lengths = real_batch(model.config)
    samples = [zoo.Sample("whole", inputs), zoo.Sample("padded", inputs, lengths)]
    zoo.save_artifact(model, artifact, samples=samples)
    assert program.succeed("verify", artifact, "--json").json["pass"]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_highway_stack_weighs_each_layer_by_its_gate(bidirectional: bool) -> None:
    directions = 2 if bidirectional else 1
    model: Any = build_small("highway_lstm_encoder", num_layers=4, bidirectional=bidirectional)
    inputs, _ = real_batch(model.config)
    layers = [nn.LSTM(12 if k == 0 else 20 * directions, 20, 1, True, True, 0, bidirectional) for k in range(4)]
    expected = inputs
    for k, layer in enumerate(layers):
        layer.load_state_dict(model.backbone.stack.layers[k].rnn.state_dict())
        step = layer(expected)[0]
        if k:
            join = model.backbone.stack.joins[k]
            nn.init.normal_(join.start)
            parts = [gate.weight @ part.mT for gate, part in zip(join.gates, expected.split(20, 2), strict=True)]
            t = (torch.cat(parts, 1).mT + join.start).sigmoid()
            step = t * step + (1 - t) * expected
        expected = step
    output, state = model(inputs)
    torch.testing.assert_close(output, expected, **TOLERANCE)
    ends = [expected[:, -1, :20], expected[:, 0, 20:]][:directions]
    torch.testing.assert_close(model.backbone.final(state), torch.cat(ends, 1), **TOLERANCE)


def test_a_highway_begins_near_the_identity() -> None:
    join: Any = build_small("highway_gru_encoder", init=zoo.Init(overrides={"*gates*": 0.0})).backbone.stack.joins[1]
    step, entered = torch.ones(1, 20), torch.zeros(1, 20)
    torch.testing.assert_close(join(step, entered), torch.full((1, 20), 0.268941), **TOLERANCE)  # sigmoid(-1)


@pytest.mark.parametrize("padded", [False, True])
def test_the_norm_is_torchs_over_the_valid_steps(padded: bool) -> None:
    norm, reference = SequenceNorm(3).double().train(), nn.BatchNorm1d(3).double().train()
    input, lengths = torch.randn(4, 9, 3).double() * 2 + 5, torch.tensor([9, 4, 0, 1])
    valid = zoo.step_mask(lengths, 9) if padded else torch.ones(4, 9, dtype=torch.bool)
    given = input.masked_fill(~valid.unsqueeze(2), float("nan")).requires_grad_()
    for _ in range(3):
        with torch.enable_grad():
            output = norm(given, lengths if padded else None)
            expected = reference(input[valid])
            output.square().sum().backward()
        torch.testing.assert_close(output[valid], expected, **EXACT)
        assert not output[~valid].any()
    torch.testing.assert_close(norm.running_mean, reference.running_mean, **EXACT)
    torch.testing.assert_close(norm.running_var, reference.running_var, **EXACT)
    assert given.grad is not None
    assert given.grad.isfinite().all()
    norm.eval(), reference.eval()
    torch.testing.assert_close(norm(input, None).flatten(0, 1), reference(input.flatten(0, 1)), **EXACT)


def test_the_norm_has_the_gradient_of_its_equation() -> None:
    norm, input, lengths = SequenceNorm(2).double().train(), torch.randn(3, 4, 2).double(), torch.tensor([4, 1, 3])
    with torch.enable_grad():
        assert torch.autograd.gradcheck(lambda x: norm(x, lengths), (input.requires_grad_(),))


@pytest.mark.parametrize("cell", ["lstm", "gru", "clockwork_rnn", "sru"])
def test_a_learned_state_is_where_sequences_begin(cell: str) -> None:
    plain, learned = build_small(f"{cell}_encoder"), build_small(f"{cell}_encoder", learned_state=True)
    inputs, lengths = real_batch(plain.config)
    assert torch.equal(learned(inputs, lengths)[0], plain(inputs, lengths)[0])  # it starts at 0
    draw_starts(learned)
    start = learned.initial_state(4)
    torch.testing.assert_close(learned(inputs, lengths)[0], plain(inputs, lengths, start)[0], **TOLERANCE)
    assert not torch.equal(learned(inputs)[0], plain(inputs)[0])
    fixed = learned.config.cell_spec.fixed_states
    assert [bool(part.any()) for part in start] == [name not in fixed for name in learned.state_names]
    with torch.enable_grad():
        learned.train()(inputs, lengths)[0].square().sum().backward()
    starts = [p for name, p in learned.named_parameters() if "starts." in name]
    assert all(p.grad is not None and p.grad.any() for p in starts)


def test_zoneout_keeps_a_share_of_the_units_in_training_and_mixes_in_eval() -> None:
    zoneout = Zoneout(0.3, CellSpec(("hidden",), ("h", "wait"), fixed_states=("wait",)))
    torch.manual_seed(0)
    after, before = torch.ones(100, 100), torch.zeros(100, 100)
    h, wait = zoneout.train()([after, after], [before, before])
    assert h.unique().tolist() == [0, 1]
    assert (h == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(wait, after)
    h, wait = zoneout.eval()([after, after], [before, before])
    torch.testing.assert_close(h, torch.full((100, 100), 0.7))
    assert torch.equal(wait, after)


def test_a_zoneout_lstm_is_torchs_cell_with_the_mean_of_both_states() -> None:
    model: Any = build_small("lstm_encoder", zoneout=0.2, num_layers=1)
    inputs, _ = real_batch(model.config)
    cell = model.backbone.stack.layers[0].cell_module.rnn
    assert isinstance(cell, nn.LSTMCell)
    h = c = torch.zeros(4, 20)
    for step in inputs.unbind(1):
        new_h, new_c = cell(step, (h, c))
        h, c = 0.2 * h + 0.8 * new_h, 0.2 * c + 0.8 * new_c
    output, state = model(inputs)
    torch.testing.assert_close(output[:, -1], h, **TOLERANCE)
    torch.testing.assert_close(state[1][0], c, **TOLERANCE)


def test_zoneout_takes_the_steps_of_a_cell_with_a_parallel_form() -> None:
    torch.manual_seed(0)
    model = build_small("min_gru_encoder", zoneout=0.5, num_layers=1).train()
    output = model(real_batch(model.config)[0])[0]
    same = (output[:, 1:] == output[:, :-1]).float().mean().item()
    assert same == pytest.approx(0.5, abs=0.05)


def test_locked_dropout_leaves_out_the_same_features_at_every_step() -> None:
    dropout = LockedDropout(0.4).train()
    torch.manual_seed(0)
    output = dropout(torch.ones(50, 7, 40))
    assert (output == output[:, :1]).all()
    assert output.unique().tolist() == pytest.approx([0, 1 / 0.6])
    assert (output == 0).float().mean().item() == pytest.approx(0.4, abs=0.05)
    assert len({tuple(row.tolist()) for row in output[:, 0]}) == 50
    assert torch.equal(dropout.eval()(output), output)


def test_a_stack_uses_locked_dropout_where_it_is_asked_to() -> None:
    model: Any = build_small("lstm_encoder", dropout=0.5, locked_dropout=True).train()
    assert isinstance(model.backbone.stack.dropout, LockedDropout)
    seen: list[Tensor] = []
    model.backbone.stack.layers[1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model(real_batch(model.config)[0])
    left_out = seen[0] == 0  # (B, T, H)
    assert torch.equal(left_out, left_out[:, :1].expand_as(left_out))
    assert 0.3 < left_out.float().mean().item() < 0.7
