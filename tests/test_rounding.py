"""`verify` accepts healthy models whose own rounding is large, and still rejects what is nearly right."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional, Tuple

import numpy as np
import pytest
import torch
from support import healthy_models as healthy
from support.program import USAGE, Program
from support.small_models import build_small
from test_mutants import forge
from torch import Tensor, nn

import zoo
from zoo.artifact.golden import draw_samples, record
from zoo.artifact.rounding import CEILING, FACTOR, FLOOR, measure_rounding
from zoo.artifact.signature import infer_signature

# As large as the weights of the taggers and denoisers that people brought: 1e-6 of the range lies below their rounding.
HEALTHY = {
    "tagger": (healthy.AttentiveTagger, 7),
    "denoiser": (healthy.Denoiser, 6),
    "float32 tagger": (healthy.Float32Tagger, 7),
}


def make(name: str) -> Any:
    torch.manual_seed(0)
    kind, scale = HEALTHY[name]
    return healthy.sharpen(kind(), scale).eval()


def measure(model: Any) -> Any:
    signature = infer_signature(model)
    return measure_rounding(model, record(model, draw_samples(signature)), signature)


@pytest.mark.parametrize("name", HEALTHY)
@pytest.mark.parametrize("engine", ["auto", "aten"])
def test_healthy_models_are_accepted(name: str, engine: str, program: Program, artifact: Path) -> None:
    zoo.save_artifact(make(name), artifact)
    outcome = program.succeed("verify", artifact, "--engine", engine, "--json").json
    # With 1e-6 of the range, and of the value, some of these would have failed.
    if engine == "auto":
        assert max(check["worst_difference"] for check in outcome["checks"]) > 1e-5


def find_rnn(model: Any) -> Any:
    return next(part for part in model.modules() if isinstance(part, nn.RNNBase))


def scale_a_weight(model: Any) -> None:
    weight = find_rnn(model).weight_hh_l0
    weight.view(-1)[weight.abs().argmax()] *= 1.01


def swap_gates(model: Any) -> None:
    weight = find_rnn(model).weight_ih_l0
    gates = weight.chunk(4 if isinstance(find_rnn(model), nn.LSTM) else 3)
    weight.copy_(torch.cat([gates[1], gates[0], *gates[2:]]))


def swap_channels(model: Any) -> None:
    weight = find_rnn(model).weight_ih_l0
    weight[:, [0, 1]] = weight[:, [1, 0]]


def drop_a_bias(model: Any) -> None:
    bias = find_rnn(model).bias_hh_l0
    bias[bias.abs().argmax()] = 0


def round_weights(model: Any) -> None:
    """As a file in bfloat16 would have them."""
    for parameter in model.parameters():
        parameter.copy_(parameter.bfloat16().float())


@pytest.mark.parametrize("name", HEALTHY)
@pytest.mark.parametrize("mutate", [scale_a_weight, swap_gates, swap_channels, drop_a_bias, round_weights])
def test_their_mutants_are_rejected(name: str, mutate: Any, program: Program, artifact: Path) -> None:
    model = make(name)
    zoo.save_artifact(model, artifact)
    mutate(model)
    forge(artifact, model)
    assert program("verify", artifact).status == 1
    assert program("verify", artifact, "--engine", "aten").status == 1


def test_a_denoiser_that_forgets_its_state_is_rejected(program: Program, artifact: Path) -> None:
    model = make("denoiser")
    zoo.save_artifact(model, artifact)
    forge(artifact, healthy.ForgetfulDenoiser(model))
    failed = [c["name"] for c in program("verify", artifact, "--json").json["checks"] if not c["pass"]]
    assert "sequence: chunks of 7" in failed


def test_no_rounding_excuses_more_than_the_ceiling(program: Program, artifact: Path) -> None:
    torch.manual_seed(0)
    chaotic = healthy.sharpen(healthy.AttentiveTagger(), 12).eval()
    zoo.save_artifact(chaotic, artifact)
    outcome = program("verify", artifact, "--json")
    assert outcome.status == 1
    rounding = measure(chaotic)
    assert rounding.allowed_of()["output"] == pytest.approx(CEILING * rounding.range_of["output"])


def test_a_model_that_cannot_run_in_float64_has_the_rounding_of_its_twin_that_can() -> None:
    runs, cannot = measure(make("tagger")), measure(make("float32 tagger"))
    assert 0.2 < cannot.worst_of["output"] / runs.worst_of["output"] < 5
    assert torch.get_default_dtype() == torch.float32


def test_what_rounding_allows() -> None:
    rounding = measure(make("tagger"))
    worst = rounding.worst_of["output"]
    assert worst > 5e-7 * rounding.range_of["output"]
    assert rounding.allowed_of() == {"output": FACTOR * worst}
    exact = measure(build_small("rnn_tagger"))
    assert all(FLOOR <= allowed <= 2 * FLOOR for allowed in exact.allowed_of().values())


def test_a_decoder_that_waits_for_all_rows(program: Program, artifact: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model: Any = healthy.GreedyDecoder().eval()
    saved = zoo.save_artifact(model, artifact)
    assert not saved.rows_independent
    checks = program.succeed("verify", artifact, "--json").json["checks"]
    assert not any("rows alone" in check["name"] or "stacked" in check["name"] for check in checks)
    assert "see each other" in program.succeed("info", artifact).stdout
    x = torch.randn(6, 9, 12)
    np.save(tmp_path / "x.npy", x.numpy())
    refused = program(artifact, tmp_path / "x.npy", "--batch-size", 2)
    assert (refused.status, refused.stdout) == (USAGE, "")
    assert "see each other; run all rows at once (without --batch-size)" in refused.error
    tokens = program.output(artifact, tmp_path / "x.npy", folder=tmp_path)
    assert torch.equal(torch.from_numpy(tokens), model(x)[0])  # tokens are equal or wrong
    model.head.weight[[0, 1]] = model.head.weight[[1, 0]]
    model.head.bias[4] += 1
    forge(artifact, model)
    assert program("verify", artifact).status == 1


def test_a_decoder_that_reads_its_own_tokens(program: Program, artifact: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model: Any = healthy.sharpen(healthy.StreamingDecoder(), 3).eval()
    saved = zoo.save_artifact(model, artifact)
    assert saved.rows_independent
    program.succeed("verify", artifact)
    x = torch.randn(3, 50, 12)
    np.save(tmp_path / "x.npy", x.numpy())
    tokens = program.output(artifact, tmp_path / "x.npy", "--stream", 7, folder=tmp_path)
    assert len(np.unique(tokens)) > 4
    assert torch.equal(torch.from_numpy(tokens), model(x)[0])
    model.embedding.weight[[0, 1]] = model.embedding.weight[[1, 0]]
    forge(artifact, model)
    assert program("verify", artifact).status == 1


class ManyTokens(nn.Module):
    """The nearest of 50,000 tokens for each step."""

    def __init__(self, shift: int = 0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([10000.0, 0.0, 0.0]))
        self.shift = shift
        self.input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 3))
        self.takes_lengths = False

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        tokens = (input * self.scale).sum(2).long().clamp(-25000, 25000) + 25000 + self.shift
        nothing: List[Tensor] = []
        return tokens, nothing


def test_a_token_of_a_large_vocabulary_is_right_or_wrong(program: Program, artifact: Path) -> None:
    zoo.save_artifact(ManyTokens(), artifact)
    program.succeed("verify", artifact)
    assert measure(ManyTokens()).allowed_of() == {"output": FLOOR}
    forge(artifact, ManyTokens(shift=1))
    outcome = program("verify", artifact, "--json")
    assert outcome.status == 1
    assert not any(check["pass"] for check in outcome.json["checks"] if "whole" in check["name"])


@pytest.mark.parametrize("name", ["lstm_tagger", "gru_classifier", "residual_gru_tagger"])
def test_rows_of_the_zoos_models_are_independent(name: str) -> None:
    assert measure(build_small(name)).rows_independent
