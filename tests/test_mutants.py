"""`verify` must reject what is nearly right: every tolerance has a mutant that fails."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from support.program import Program
from support.small_models import build_small
from torch import Tensor, nn

import zoo
from zoo.artifact import torchscript
from zoo.artifact.manifest import hash_weights


class SwappedState(nn.Module):
    """Takes and gives h and c in the wrong order."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input: Tensor, lengths: Tensor | None = None, state: list[Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        output, state_n = self.model(input, lengths, state)
        return output, [state_n[1], state_n[0]]

    @torch.jit.export
    def initial_state(self, batch_size: int) -> list[Tensor]:
        return self.model.initial_state(batch_size)


def change_one_weight(model: Any) -> nn.Module:
    weight = model.backbone.stack.rnn.weight_hh_l0
    largest = weight.abs().argmax()
    weight.view(-1)[largest] *= 1.01
    return model


def swap_gates(model: Any) -> nn.Module:
    weight = model.backbone.stack.rnn.weight_ih_l0
    gates = weight.chunk(model.config.num_gates)
    weight.copy_(torch.cat([gates[1], gates[0], *gates[2:]]))
    return model


def swap_state(model: nn.Module) -> nn.Module:
    return SwappedState(model)


def forget_the_state(model: Any) -> nn.Module:
    """Give what the whole gives, and nothing that could be carried on."""
    model.backbone.stack = Forgetful(model.backbone.stack)
    return model


class Forgetful(nn.Module):
    def __init__(self, stack: nn.Module) -> None:
        super().__init__()
        self.stack = stack

    def forward(self, input: Tensor, lengths: Tensor | None, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return self.stack(input, lengths, self.zero_state(input.size(0), input))

    def zero_state(self, batch_size: int, like: Tensor) -> list[Tensor]:
        return self.stack.zero_state(batch_size, like)

    def final(self, state: list[Tensor]) -> Tensor:
        return self.stack.final(state)


def see_the_padding(model: Any) -> nn.Module:
    model.backbone.stack = Careless(model.backbone.stack)
    return model


class Careless(nn.Module):
    def __init__(self, stack: nn.Module) -> None:
        super().__init__()
        self.stack = stack

    def forward(self, input: Tensor, lengths: Tensor | None, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return self.stack(input, None, state)

    def zero_state(self, batch_size: int, like: Tensor) -> list[Tensor]:
        return self.stack.zero_state(batch_size, like)

    def final(self, state: list[Tensor]) -> Tensor:
        return self.stack.final(state)


def begin_elsewhere(model: nn.Module) -> nn.Module:
    """Give another initial state than the one that no state stands for."""
    return OtherBeginning(model)


class OtherBeginning(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input: Tensor, lengths: Tensor | None = None, state: list[Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        return self.model(input, lengths, state)

    @torch.jit.export
    def initial_state(self, batch_size: int) -> list[Tensor]:
        return [torch.ones_like(part) for part in self.model.initial_state(batch_size)]


def stop_the_slow_clocks(model: Any) -> nn.Module:
    """Take their past from the units whose clocks tick every 64 and every 128 steps."""
    cell = model.backbone.stack.layers[0].cell_module
    cell.weight_hh[cell.periods >= 64] = 0
    return model


def shorten_the_window(model: Any) -> nn.Module:
    model.backbone.stack.attention.window -= 1
    return model


def forget_the_oldest_step(model: Any) -> nn.Module:
    """Carry a window whose oldest step that is still seen is lost."""
    model.backbone.stack = ShortMemory(model.backbone.stack)
    return model


class ShortMemory(Forgetful):
    def forward(self, input: Tensor, lengths: Tensor | None, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        output, state_n = self.stack(input, lengths, state)
        state_n[-2][1] = 0.0  # the next step does not see 0
        return output, state_n


def forge(original: Path, mutant: nn.Module) -> None:
    """Replace an artifact's program and weights, keep its golden samples and put the weights' hash right."""
    with zipfile.ZipFile(original) as archive:
        extra = {name.partition("/extra/")[2]: archive.read(name) for name in archive.namelist() if "/extra/" in name}
    scripted = torchscript.script(mutant)
    plain = BytesIO()
    torchscript.save(scripted, plain, {})
    manifest = json.loads(extra["zoo_manifest.json"])
    manifest["weights"] = hash_weights(plain.getvalue())
    extra["zoo_manifest.json"] = json.dumps(manifest).encode()
    with original.open("wb") as file:
        torchscript.save(scripted, file, extra)


MUTANTS: list[tuple[Callable[[nn.Module], nn.Module], str, str]] = [
    (change_one_weight, "whole", "lstm gru rnn"),
    (swap_gates, "whole", "lstm gru"),
    (swap_state, "whole", "lstm"),
    (forget_the_state, "chunks of 7", "lstm gru rnn"),
    (see_the_padding, "padded_batch: whole", "lstm gru rnn"),
    (begin_elsewhere, "chunks of 7", "lstm"),
    # Only after more steps than most samples have.
    (stop_the_slow_clocks, "long_sequence: whole", "clockwork_rnn"),
    (shorten_the_window, "long_sequence: whole", "transformer_gru"),
    (forget_the_oldest_step, "long_sequence: chunks of 7", "transformer_gru"),
]


@pytest.mark.parametrize(
    ("mutate", "check", "family"),
    [(mutate, check, family) for mutate, check, families in MUTANTS for family in families.split()],
)
def test_verify_rejects_the_mutant(
    mutate: Callable[[nn.Module], nn.Module], check: str, family: str, program: Program, artifact: Path
) -> None:
    model = build_small(f"{family}_tagger")
    zoo.save_artifact(model, artifact)
    forge(artifact, build_small(f"{family}_tagger"))
    program.succeed("verify", artifact)  # the forging itself changes nothing
    forge(artifact, mutate(model))
    outcome = program("verify", artifact, "--json")
    assert outcome.status == 1
    failed = [c["name"] for c in outcome.json["checks"] if not c["pass"]]
    assert any(check in name for name in failed), failed


@pytest.mark.parametrize("precision", ["bf16", "int8"])
@pytest.mark.parametrize("mutate", [swap_gates, forget_the_state, see_the_padding])
def test_a_cheap_precision_hides_no_mutant(
    mutate: Callable[[nn.Module], nn.Module], precision: str, program: Program, artifact: Path
) -> None:
    model = build_small("gru_tagger")
    zoo.save_artifact(model, artifact)
    program.succeed("verify", artifact, "--precision", precision)
    forge(artifact, mutate(model))
    assert program("verify", artifact, "--precision", precision).status == 1


@pytest.mark.parametrize("recipe", ["dynamic_int8", "float16"])
def test_verify_rejects_a_quantized_mutant(recipe: str, program: Program, artifact: Path) -> None:
    model = build_small("gru_tagger")
    zoo.save_artifact(zoo.quantize(model, recipe), artifact)
    forge(artifact, zoo.quantize(change_one_weight(model), recipe))
    outcome = program("verify", artifact)
    assert outcome.status == 1, outcome.stdout


def test_a_manifest_for_other_weights_is_refused(program: Program, artifact: Path) -> None:
    zoo.save_artifact(build_small("gru_tagger"), artifact)
    with zipfile.ZipFile(artifact) as archive:
        manifest = next(archive.read(n) for n in archive.namelist() if n.endswith("zoo_manifest.json"))
    with artifact.open("wb") as file:
        torchscript.save(torchscript.script(build_small("gru_tagger", seed=1)), file, {"zoo_manifest.json": manifest})
    outcome = program("info", artifact)
    assert outcome.status == 65
    assert "the weights do not match the manifest: SHA-256 " in outcome.error
