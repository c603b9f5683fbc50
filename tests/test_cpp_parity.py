"""The promise: the C++ program gives the Python numbers, whole and padded and in chunks of any size."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.program import Program
from support.real_input import real_batch
from support.small_models import FAMILIES, PRESET_NAMES, build_small, grid, tasks_of

import zoo

ATOL = RTOL = 1e-6
OF_FEATURES = {"of_rounding": 1.0, "of_feature_range": 0.0}
CHUNKS = (1, 7, 16)
# How much larger the own rounding of a cell is than that of the others; `verify` allows four times what was measured.
# A sum that nothing bounds is rounded in units of its size: c reaches 8 with normalised gates, where a division by the
# deviation of U h then enlarges it (3.0e-6 measured), and relu units reach 15 (1.8e-6).
ROUNDING_OF = {"layer_norm_lstm": 5, "ind_rnn": 3}


def assert_close(got: Any, expected: torch.Tensor) -> None:
    np.testing.assert_allclose(got, expected.numpy(), atol=ATOL, rtol=RTOL)


@pytest.mark.parametrize(("name", "layers", "bidirectional"), grid())
def test_cpp_gives_the_python_numbers(
    name: str, layers: int, bidirectional: bool, program: Program, artifact: Path
) -> None:
    model = build_small(name, num_layers=layers, bidirectional=bidirectional)
    inputs, lengths = real_batch(model.config)
    samples = [zoo.Sample("whole", inputs), zoo.Sample("padded", inputs, lengths)]
    zoo.save_artifact(model, artifact, samples=samples)
    manifest = zoo.load_artifact(artifact).manifest
    # The own rounding of these models is small: it earns no output and no state much more.
    most = 3 * ATOL * ROUNDING_OF.get(model.config.cell, 1)
    cpu = manifest["tolerances"]["cpu"]
    assert all(ATOL <= atol <= most for kind in cpu.values() for atol in kind.pop("atol_of").values())
    assert cpu == {
        "replay": {"atol": ATOL, "rtol": RTOL, "of_range": 0.0, **OF_FEATURES},
        "stream": {"atol": ATOL, "rtol": RTOL, "of_range": ATOL, **OF_FEATURES},
        "batch": {"atol": ATOL, "rtol": RTOL, "of_range": ATOL, **OF_FEATURES},
    }
    checks = {check["name"]: check["pass"] for check in program.succeed("verify", artifact, "--json").json["checks"]}
    expected = ["whole", "rows alone", "stacked twice"]
    expected += [] if bidirectional else [f"chunks of {chunk}" for chunk in CHUNKS]
    assert set(checks) == {f"{sample}: {check}" for sample in ("whole", "padded") for check in expected}
    assert all(checks.values())


@pytest.mark.parametrize("name", [f"{family}_{task}" for family in FAMILIES for task in tasks_of(family)])
def test_the_command_line_gives_the_python_numbers(name: str, program: Program, artifact: Path, tmp_path: Path) -> None:
    model = build_small(name)
    inputs, lengths = real_batch(model.config)
    zoo.save_artifact(model, artifact)
    np.save(tmp_path / "input.npy", inputs.numpy())
    np.save(tmp_path / "lengths.npy", lengths.numpy())
    padded = [artifact, tmp_path / "input.npy", "--lengths", tmp_path / "lengths.npy"]
    assert_close(program.output(artifact, tmp_path / "input.npy", folder=tmp_path), model(inputs)[0])
    assert_close(program.output(*padded, "--stream", 7, folder=tmp_path), model(inputs, lengths)[0])


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_verify_passes_for_every_registered_model(name: str, program: Program, artifact: Path) -> None:
    zoo.save_artifact(zoo.build(name), artifact)
    report = program.succeed("verify", artifact, "--json").json
    assert report["pass"]
    samples = 5 if name.startswith(("clockwork", "transformer")) else 4  # a long memory has a long sample besides
    assert len(report["checks"]) == samples * 6


@pytest.mark.parametrize("recipe", ["dynamic_int8", "float16"])
@pytest.mark.parametrize(
    "name",
    ["lstm_classifier", "gru_tagger", "residual_gru_classifier", "lstm_language_model", "gru_ctc", "lstm_forecaster"],
)
def test_quantized_artifacts_give_their_twins_numbers(
    name: str, recipe: str, program: Program, artifact: Path, tmp_path: Path
) -> None:
    twin = zoo.quantize(build_small(name), recipe)
    inputs, lengths = real_batch(twin.config)
    zoo.save_artifact(twin, artifact, samples=[zoo.Sample("real", inputs, lengths)])
    program.succeed("verify", artifact)
    np.save(tmp_path / "input.npy", inputs.numpy())
    got = program.output(artifact, tmp_path / "input.npy", folder=tmp_path)
    np.testing.assert_allclose(got, twin(inputs)[0].numpy(), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "overrides",
    [
        {"batch_first": False},
        {"proj_size": 7},
        {"bias": False},
        {"standardize": True},
        {"residual": True, "num_layers": 3},
        {"pooling": "max"},
        {"pooling": "last"},
        {"pooling": "additive_attention"},
        {"pooling": "dot_product_attention"},
    ],
)
def test_every_option_reaches_cpp(overrides: dict[str, Any], program: Program, artifact: Path) -> None:
    zoo.save_artifact(build_small("lstm_classifier", **overrides), artifact)
    program.succeed("verify", artifact)


def test_state_goes_out_and_in(program: Program, artifact: Path, tmp_path: Path) -> None:
    model = build_small("lstm_classifier")
    zoo.save_artifact(model, artifact)
    inputs, _ = real_batch(model.config)
    for name, part in (("first", inputs[:, :10]), ("second", inputs[:, 10:])):
        np.save(tmp_path / f"{name}.npy", part.numpy())
    state = tmp_path / "state.npy"
    program.succeed(artifact, tmp_path / "first.npy", "--state-out", state)
    assert sorted(p.name for p in tmp_path.glob("state.*")) == [
        f"state.{part}.npy" for part in ("c", "count", "h", "mean")
    ]
    got = program.output(artifact, tmp_path / "second.npy", "--state-in", state, folder=tmp_path)
    assert_close(got, model(inputs)[0])


def test_ten_thousand_steps_on_trained_weights_stay_close(program: Program, artifact: Path, tmp_path: Path) -> None:
    """Errors through a state can compound; the text is real and the weights are fitted to it."""
    model = train_on_text()
    tokens, _ = text(10_000)
    zoo.save_artifact(model, artifact)
    np.save(tmp_path / "input.npy", tokens.numpy())
    twins = {"aten": model, "fused": zoo.accelerate(zoo.load_artifact(artifact).module)}
    exact = copy.deepcopy(model).double()(tokens)[0]
    for engine, twin in twins.items():
        whole = twin(tokens)[0]
        call = [artifact, tmp_path / "input.npy", "--engine", engine]
        assert_close(program.output(*call, folder=tmp_path), whole)
        assert_close(program.output(*call, "--stream", 97, folder=tmp_path), whole)
        assert (whole - exact).abs().max() <= 2e-6 * (exact.max() - exact.min())


# Those whose state nothing bounds, whose rounding a division enlarges, that have no product with the state, that count.
@pytest.mark.parametrize("cell", ["ind_rnn", "layer_norm_lstm", "sru", "clockwork_rnn"])
def test_ten_thousand_steps_of_written_cells_stay_close(
    cell: str, program: Program, artifact: Path, tmp_path: Path
) -> None:
    """A whole run in Python, and a stream in C++ that carries its state over 104 chunks."""
    model = build_small(f"{cell}_language_model", num_layers=1, init="orthogonal")
    tokens, _ = text(10_000)
    zoo.save_artifact(model, artifact)
    np.save(tmp_path / "input.npy", tokens.numpy())
    streamed = program.output(artifact, tmp_path / "input.npy", "--stream", 97, folder=tmp_path)
    assert streamed.shape == (1, 10_000, 128)
    assert_close(streamed, model(tokens)[0])


def text(steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a stretch of the licence as tokens (1, steps), and the same one step later."""
    raw = np.frombuffer((Path(__file__).parents[1] / "LICENSE").read_bytes(), dtype=np.uint8)
    tokens = torch.from_numpy(raw[: steps + 1].astype(np.int64) % 128)
    return tokens[:-1].unsqueeze(0), tokens[1:].unsqueeze(0)


def train_on_text() -> torch.nn.Module:
    model = build_small("gru_language_model", dropout=0.0, hidden_size=48).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    tokens, targets = (part.view(20, -1) for part in text(6_000))
    with torch.enable_grad():
        for _ in range(100):
            loss = torch.nn.functional.cross_entropy(model(tokens)[0].transpose(1, 2), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert loss.item() < 2.6  # ln 128 = 4.85 before training: the weights are no longer small
    return model.eval()
