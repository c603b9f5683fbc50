"""What is said, or refused, where parts give nearly what the whole gives, or where the caller says what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional, Tuple

import numpy as np
import pytest
import torch
from support.program import BAD_DATA, USAGE, Program
from support.saved_module import run_feed
from support.small_models import build_small
from support.streaming_models import StateArgument, SwappedStates
from test_features import rewrite_manifest
from test_foreign_proofs import Centred, Layers, Pointwise, quantized
from torch import Tensor, nn

import zoo


class CentredRows(nn.Module):
    """Rows that see each other, before layers that PyTorch quantizes."""

    def __init__(self) -> None:
        super().__init__()
        self.centred, self.layers = Centred(0), Pointwise()

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x) + 0.1 * self.centred(x).mean(2, keepdim=True)


class LastState(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = Layers(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)[0]


@pytest.mark.parametrize("flags", [("--batch-size", 2), ("--stream", 2)], ids=["batches", "chunks"])
def test_rounding_by_the_values_of_a_call_is_said(flags: Any, saved: Any) -> None:
    x = torch.randn(5, 9, 6) * torch.arange(1, 6).reshape(5, 1, 1)  # each row, and each step, has a range of its own
    x = x * torch.arange(1, 10).reshape(1, 9, 1)
    said = "move the results, here by 0.0"
    file = saved(quantized(Pointwise(), torch.qint8))
    done = file.program.succeed(file.path, *file.words(x), *flags)
    assert said in done.error, done
    assert done.error.endswith("of their range: the model rounds to few bits, by the values of a call")
    assert len(done.stderr.splitlines()) == 1
    file = saved(Pointwise())
    assert file.program.succeed(file.path, *file.words(x), *flags).stderr == ""


def test_rounding_hides_no_rows_that_see_each_other(saved: Any) -> None:
    x = torch.randn(9, 7, 6)
    for seed in range(4):
        torch.manual_seed(seed)
        for size in (1, 4):
            file = saved(quantized(CentredRows(), torch.qint8))
            file.refuse(BAD_DATA, "depends on the other rows", x, flags=("--batch-size", size))
            saved(quantized(LastState(), torch.qint8)).run(x, flags=("--batch-size", size))
            saved(quantized(Pointwise(), torch.qint8)).run(x, flags=("--batch-size", size))


@pytest.mark.parametrize(
    ("make", "states", "words"),
    [
        pytest.param(StateArgument, 1, "", id="right"),
        pytest.param(SwappedStates, 2, "chunks do not give what the whole gives: result", id="wrong"),
    ],
)
def test_a_stream_compares_the_states_that_are_said(
    make: Any, states: int, words: str, embedding: Path, saved: Any
) -> None:
    inputs = (torch.randn(1, 12, 6), *(torch.randn(1, 1, 8) for _ in range(states)))
    done = run_feed(embedding / "feed", saved(make()), "1:1", *inputs)
    assert done.returncode == 0
    assert (words in done.stderr) if words else (done.stderr == ""), done
    assert len(done.stderr.splitlines()) == (2 if words else 0)  # once by each of two streams


class EverySecondStep(nn.Module):
    """A model with fewer steps out than in: its manifest has no name for them."""

    takes_lengths = False  # nothing tells which steps of the output are padding

    def __init__(self) -> None:
        super().__init__()
        self.model = build_small("gru_tagger")
        self.config, self.input_spec = self.model.config, self.model.input_spec

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        output, state = self.model(input, lengths, state)
        return output[:, ::2], state

    @torch.jit.export
    def initial_state(self, batch_size: int) -> List[Tensor]:
        return self.model.initial_state(batch_size)


def test_chunks_of_an_axis_without_a_name_are_refused(program: Program, artifact: Path, tmp_path: Path) -> None:
    module = EverySecondStep().eval()
    zoo.save_artifact(module, artifact)
    # zoo.save_artifact says that such a class does not stream; another program may write what this file says.
    rewrite_manifest(artifact, lambda manifest: manifest | {"streamable": True, "why_not_streamable": ""})
    x = torch.randn(1, 8, 12)
    np.save(tmp_path / "x.npy", x.numpy())
    outcome = program(artifact, tmp_path / "x.npy", "--stream", 4)
    assert (outcome.status, outcome.stdout) == (USAGE, "")
    assert "cannot be joined: nothing tells what output_dim1 of a chunk is in the whole" in outcome.error
    for flags in ((), ("--stream", 8), ("--batch-size", 1)):
        output = program.output(artifact, tmp_path / "x.npy", *flags, folder=tmp_path)
        torch.testing.assert_close(torch.from_numpy(output), module(x)[0], atol=1e-6, rtol=1e-6)


class OtherState(EverySecondStep):
    """From the second call of a stream on, the state is of another dtype than the manifest says."""

    def forward(
        self, input: Tensor, lengths: Optional[Tensor] = None, state: Optional[List[Tensor]] = None
    ) -> Tuple[Tensor, List[Tensor]]:
        if state is None or not bool((state[0] != 0).any()):
            return self.model(input, lengths, state)
        output, states = self.model(input, lengths, [part.float() for part in state])
        return output, [part.double() for part in states]


def test_a_state_of_another_dtype_than_the_manifest_says_is_refused(
    program: Program, artifact: Path, tmp_path: Path
) -> None:
    zoo.save_artifact(OtherState().eval(), artifact)
    np.save(tmp_path / "x.npy", torch.randn(1, 8, 12).numpy())
    for chunk in (2, 4):
        outcome = program(artifact, tmp_path / "x.npy", "--stream", chunk)
        assert (outcome.status, outcome.stdout) == (BAD_DATA, "")
        assert "state 'state_0' is float64, expected float32" in outcome.error
