"""Chunks and batches of files without a manifest give what the whole gives, or are refused with what to say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support import streaming_models as models
from support.foreign.attributes import StateInBuffer, StateInOptional
from support.program import BAD_DATA, USAGE
from support.saved_module import assert_close, run_feed
from torch import Tensor, nn

from zoo.artifact import torchscript

STEPS = 23


def x(rows: int = 1) -> Tensor:
    return torch.randn(rows, STEPS, 6)


def h(rows: int = 1) -> Tensor:
    return torch.randn(1, rows, 8)


CARRIED = [
    pytest.param(models.StateArgument, lambda: (x(), h()), id="argument"),
    pytest.param(models.TwoStateArguments, lambda: (x(), h(), h()), id="two_arguments"),
    pytest.param(models.OptionalTuple, lambda: (x(),), id="optional_left_out"),
    pytest.param(models.OptionalTuple, lambda: (x(), None), id="optional_none"),
    pytest.param(models.OptionalTuple, lambda: (x(), (h(), h())), id="tuple"),
    pytest.param(models.ListOfStates, lambda: (x(), [h(), h()]), id="list"),
    pytest.param(models.DictOfStates, lambda: (x(), {"h": h(), "c": h()}), id="dict"),
    pytest.param(models.Masked, lambda: (x(), torch.rand(1, STEPS), h()), id="second_sequence"),
    pytest.param(models.Conditioned, lambda: (x(), torch.randn(1, 8)), id="conditioned"),
    pytest.param(StateInBuffer, lambda: (x(2),), id="buffer"),
    pytest.param(StateInOptional, lambda: (x(),), id="optional_inside"),
]


@pytest.mark.parametrize("engine", ["auto", "aten"])
@pytest.mark.parametrize(("make", "inputs"), CARRIED)
def test_chunks_give_the_whole(make: Any, inputs: Any, engine: str, saved: Any) -> None:
    file, inputs = saved(make()), inputs()
    whole = file.run(*inputs)
    for chunk in (1, 4, 22):
        assert_close(file.run(*inputs, flags=("--stream", chunk, "--engine", engine)), whole)


def test_states_that_come_back_in_another_order_are_said(saved: Any) -> None:
    file, inputs = saved(models.SwappedStates()), (x(), h(), h())
    file.refuse(BAD_DATA, "(--state RESULT:ARGUMENT)", *inputs, flags=("--stream", 4))
    whole = file.run(*inputs)
    assert_close(file.run(*inputs, flags=("--stream", 4, "--state", "2:1,1:2")), whole)
    file.refuse(BAD_DATA, "there is no result '3'", *inputs, flags=("--stream", 4, "--state", "3:1"))
    file.refuse(USAGE, "--state is '1', expected a result and an argument", *inputs, flags=("--state", "1"))
    file.refuse(USAGE, "--state belongs to --stream", *inputs, flags=("--state", "2:1"))


def test_the_axis_of_the_steps_is_said(saved: Any) -> None:
    file, inputs = saved(models.StateArgumentInTime()), (torch.randn(STEPS, 1, 6), h())
    file.refuse(BAD_DATA, "(--time-axis)", *inputs, flags=("--stream", 4))
    assert_close(file.run(*inputs, flags=("--stream", 4, "--time-axis", 0)), file.run(*inputs))


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (models.Bidirectional(), "chunks do not give what the whole gives: result 'output' is off by"),
        (models.ScoresOfAll(), "(--every-chunk)"),
        (models.Attention(), "result 'output' grows along two axes (1x4x4, 1x10x10)"),
    ],
    ids=["bidirectional", "mean_of_a_chunk", "attention"],
)
def test_what_cannot_be_cut_is_refused(module: nn.Module, words: str, saved: Any) -> None:
    file = saved(module)
    file.refuse(BAD_DATA, words, x(), flags=("--stream", 4))
    file.run(x())


@pytest.mark.parametrize("chunk", [1, 4, 5])
def test_results_are_not_joined_by_coincidence(chunk: int, saved: Any) -> None:
    # Four scores and chunks of four steps; a state of one layer and chunks of one step.
    file, inputs = saved(models.Scores(4)), (x(),)
    whole = file.run(*inputs)
    assert_close(file.run(*inputs, flags=("--stream", chunk)), whole)
    every = file.run(*inputs, flags=("--stream", chunk, "--every-chunk"))["output"]
    assert every.shape == (-(-STEPS // chunk), 1, 4)
    torch.testing.assert_close(every[-1], whole["output"], atol=2e-6, rtol=1e-5)
    file, inputs = saved(models.StateArgument()), (x(), h())
    assert file.run(*inputs, flags=("--stream", chunk))["1"].shape == (1, 1, 8)


def test_a_result_shorter_than_its_chunk_is_joined(saved: Any) -> None:
    file, inputs = saved(models.Halves()), (torch.randn(1, 24, 6), h())
    assert_close(file.run(*inputs, flags=("--stream", 4)), file.run(*inputs))


def test_a_detector_of_fixed_chunks_gives_every_probability(saved: Any) -> None:
    module = models.VoiceActivity()
    file, audio = saved(module), torch.randn(1, 512 * 9)
    expected = torch.stack([module(audio[:, i : i + 512], 16000) for i in range(0, audio.shape[1], 512)])
    flags = ("--stream", 512, "--every-chunk", "--call", "reset_states")
    assert_close(file.run(audio, 16000, flags=flags), {"output": expected.detach()})
    file.refuse(BAD_DATA, "the detector takes 512 samples", audio, 16000, flags=("--stream", 512))


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        pytest.param(models.StateArgument, lambda: (x(5), h(5)), id="argument"),
        pytest.param(models.ListOfStates, lambda: (x(5), [h(5), h(5)]), id="list"),
        pytest.param(models.OptionalTuple, lambda: (x(5),), id="optional"),
        pytest.param(models.Bidirectional, lambda: (x(5),), id="bidirectional"),
        pytest.param(StateInOptional, lambda: (x(5),), id="inside"),
    ],
)
def test_batches_give_the_whole(make: Any, inputs: Any, saved: Any) -> None:
    file, inputs = saved(make()), inputs()
    whole = file.run(*inputs)
    for size in (1, 2, 4):
        assert_close(file.run(*inputs, flags=("--batch-size", size)), whole)


def test_batches_in_chunks(saved: Any) -> None:
    file, inputs = saved(models.StateArgument()), (x(5), h(5))
    assert_close(file.run(*inputs, flags=("--batch-size", 2, "--stream", 4)), file.run(*inputs))


class RowsOfABatch(nn.Module):
    """Every row sees all others."""

    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(0)


class TableOfFour(nn.Module):
    """A second input that is as long as the batch by coincidence."""

    def forward(self, x: Tensor, table: Tensor) -> Tensor:
        return (x.mean((1, 2), keepdim=True) * table).sum(2)


def test_batches_of_rows_that_see_each_other_are_refused(saved: Any) -> None:
    file = saved(RowsOfABatch())
    file.refuse(BAD_DATA, "batches do not give what the whole gives", x(4), flags=("--batch-size", 2))


def test_only_inputs_that_have_rows_are_cut(saved: Any) -> None:
    file, inputs = saved(TableOfFour()), (x(4), torch.randn(4))
    assert_close(file.run(*inputs, flags=("--batch-size", 3)), file.run(*inputs))


class EveryDType(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, 1:]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "int32", "int64", "float16", "float32", "float64"])
def test_every_dtype_of_numpy_goes_through(dtype: str, saved: Any) -> None:
    values = torch.arange(12).reshape(2, 6).remainder(2 if dtype == "bool" else 100).to(getattr(torch, dtype))
    output = saved(EveryDType()).run(values)["output"]
    assert output.dtype == values.dtype
    assert torch.equal(output, values[:, 1:])


class Halved(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / 2


def test_a_half_precision_model_is_fed(saved: Any) -> None:
    values = torch.tensor([[0.5, -65504.0, 6e-8, float("inf")]], dtype=torch.float16)
    file = saved(Halved())
    file.refuse(BAD_DATA, "Inf value, the first at [0, 3]", values)
    assert torch.equal(file.run(values, flags=("--allow-nonfinite",))["output"], values / 2)


def test_containers_that_do_not_fit_are_named(saved: Any) -> None:
    file = saved(models.OptionalTuple())
    file.refuse(BAD_DATA, "input 2 is a list of 2, expected Optional[Tuple[Tensor, Tensor]]", x(), [h(), h()])
    file.refuse(BAD_DATA, "input 2 is a tuple of 1", x(), (h(),))
    file.refuse(BAD_DATA, "input 2 is a float32 Tensor 1x1x8", x(), h())


@pytest.fixture
def feed(embedding: Path) -> Path:
    """The program that feeds two streams of one model by turns."""
    return embedding / "feed"


@pytest.mark.parametrize(
    ("make", "inputs", "link"),
    [
        pytest.param(models.StateArgument, lambda: (x(), h()), "-", id="found"),
        pytest.param(models.StateArgument, lambda: (x(), h()), "1:1", id="said"),
        pytest.param(models.OptionalTuple, lambda: (x(),), "-", id="optional"),
        pytest.param(models.TwoStateArguments, lambda: (x(), h(), h()), "-", id="two"),
        pytest.param(models.Scores, lambda: (x(),), "-", id="scores_inside"),
        pytest.param(StateInOptional, lambda: (x(),), "-", id="inside"),
    ],
)
def test_streams_of_the_library(make: Any, inputs: Any, link: str, feed: Path, saved: Any) -> None:
    file, inputs = saved(make()), inputs()
    done = run_feed(feed, file, link, *inputs)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    fed = [torch.from_numpy(np.load(file.folder / f"fed.{i}.npy")) for i in range(STEPS // 4)]
    module = torch.jit.load(file.path)
    first = inputs[0][:, : STEPS // 4 * 4]
    if make is models.Scores:
        expected = torch.stack([module(part) for part in first.split(4, 1)])
        torch.testing.assert_close(torch.stack(fed), expected, atol=2e-6, rtol=1e-5)
        return
    expected = module(first, *inputs[1:])
    expected = expected if isinstance(expected, Tensor) else expected[0]
    torch.testing.assert_close(torch.cat(fed, 1), expected, atol=2e-6, rtol=1e-5)


def test_a_stream_that_its_first_chunk_does_not_settle_is_refused(feed: Path, saved: Any) -> None:
    done = run_feed(feed, saved(models.SwappedStates()), "-", x(), h(), h())
    assert done.returncode == BAD_DATA
    assert "the first chunk does not tell which results are the next states" in done.stderr


def test_a_file_says_once_what_its_results_mean(saved: Any) -> None:
    module, inputs = models.SwappedStates(), (x(), h(), h())
    file = saved(module)
    whole = file.run(*inputs)
    beside = file.path.with_name("model.pt.roles.json")
    beside.write_text('{"forward": {"states": ["2:1", "1:2"]}}')
    assert_close(file.run(*inputs, flags=("--stream", 4)), whole)
    assert "2:1, 1:2" in file.program.succeed("info", file.path).stdout
    beside.write_text('{"forward": {"states": ["2"]}}')
    file.refuse(BAD_DATA, 'a state is "2"', *inputs, flags=("--stream", 4))
    beside.write_text('{"forward": {"time": 1}}')
    file.refuse(BAD_DATA, "'time' is 1, expected states", *inputs)
    beside.unlink()
    file.refuse(BAD_DATA, "(--state RESULT:ARGUMENT)", *inputs, flags=("--stream", 4))
    with file.path.open("wb") as written:
        torchscript.save(
            torchscript.script(module), written, {"zoo_roles.json": b'{"forward": {"states": ["2:1", "1:2"]}}'}
        )
    assert_close(file.run(*inputs, flags=("--stream", 4)), whole)


def test_a_fixed_detector_says_once_that_every_chunk_counts(saved: Any) -> None:
    module = models.VoiceActivity()
    file, audio = saved(module), torch.randn(1, 512 * 3)
    file.path.with_name("model.pt.roles.json").write_text('{"forward": {"every_chunk": true}}')
    assert file.run(audio, 16000, flags=("--stream", 512))["output"].shape == (3, 1, 1)


@pytest.mark.parametrize(
    ("make", "inputs", "link", "names"),
    [
        pytest.param(models.StateArgument, lambda: (x(), h()), "1:1", ["state.npy"], id="argument"),
        pytest.param(
            models.OptionalTuple, lambda: (x(), (h(), h())), "1:1", ["state.1.0.npy", "state.1.1.npy"], id="tuple"
        ),
        pytest.param(
            models.SwappedStates, lambda: (x(), h(), h()), "2:1,1:2", ["state.1.npy", "state.2.npy"], id="swapped"
        ),
    ],
)
@pytest.mark.parametrize("stream", [(), ("--stream", 4)])
def test_a_state_goes_through_files(
    make: Any, inputs: Any, link: str, names: list[str], stream: Any, saved: Any
) -> None:
    file, (first, *states) = saved(make()), inputs()
    whole = file.run(first, *states)
    state = file.folder / "state.npy"
    begin = file.run(first[:, :10], *states, flags=("--state", link, "--state-out", state, *stream))
    assert sorted(p.name for p in file.folder.glob("state*.npy")) == names
    end = file.run(first[:, 10:], *states, flags=("--state", link, "--state-in", state, *stream))
    torch.testing.assert_close(torch.cat([begin["0"], end["0"]], 1), whole["0"], atol=2e-6, rtol=1e-5)
    assert_close({name: end[name] for name in end if name != "0"}, {name: whole[name] for name in whole if name != "0"})
    file.refuse(
        USAGE, "--state-in needs an artifact, or --state RESULT:ARGUMENT", first, *states, flags=("--state-in", state)
    )
    file.refuse(USAGE, "is not given; write none in its place", first, flags=("--state", "1:5", "--state-in", state))
