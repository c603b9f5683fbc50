"""`zoo script module:Class` for classes of other people: written and verified in C++."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support import own_classes
from support.own_classes.building import build
from support.program import Program
from support.real_input import speech_batch
from torch.nn.utils import spectral_norm

import zoo
from zoo.artifact import torchscript
from zoo.cli import script
from zoo.errors import ZooError


@pytest.mark.parametrize(
    ("name", "streamable", "states"),
    [
        ("OneTensor", False, 0),
        ("OutputAndState", False, 1),
        ("OutputAndPair", False, 2),
        ("StateInAndOut", True, 1),
        ("PairInAndOut", True, 2),
        ("ListInAndOut", True, 2),
        ("WithLengths", False, 0),
        ("Double", False, 0),
        ("OneNumber", False, 0),
        ("DoubleState", True, 1),
        ("Counter", True, 1),
        ("UnnamedState", True, 1),
        ("StateThenLengths", True, 1),
        ("LengthsThenState", True, 1),
        ("Masked", False, 0),
        ("MaskedWithStateOut", False, 1),
        ("StateThenLengthsWithoutStateOut", False, 0),
        ("LastStep", False, 0),
        ("LastStepAndState", True, 1),
    ],
)
def test_each_form_of_forward_is_verified(
    name: str, streamable: bool, states: int, program: Program, artifact: Path, tmp_path: Path
) -> None:
    model = build(name)
    zoo.save_artifact(model, artifact)
    manifest = zoo.load_artifact(artifact).manifest
    assert (manifest["streamable"], len(manifest["state"])) == (streamable, states)
    assert program.succeed("verify", artifact, "--json").json["pass"]
    x = torch.randn(1, 11, 4, dtype=getattr(torch, model.input_spec.dtype))
    np.save(tmp_path / "x.npy", x.numpy())
    flags = ("--stream", 3) if streamable else ()
    output = program.output(artifact, tmp_path / "x.npy", *flags, folder=tmp_path)
    own = getattr(own_classes, name)
    assert isinstance(model.module, own)
    required = {"WithLengths", "LengthsThenState"}
    result = model.module(x, torch.tensor([11])) if name in required else model.module(x)
    expected = result if isinstance(result, torch.Tensor) else result[0]
    torch.testing.assert_close(torch.from_numpy(output), expected, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "words"), [("OneTensor", "it returns no state"), ("OutputAndState", "it has no initial state")]
)
def test_why_a_class_is_not_streamable(name: str, words: str, program: Program, artifact: Path, tmp_path: Path) -> None:
    zoo.save_artifact(build(name), artifact)
    np.save(tmp_path / "x.npy", np.zeros((1, 5, 4), dtype=np.float32))
    assert words in program(artifact, tmp_path / "x.npy", "--stream", 2).error


@pytest.mark.parametrize("name", ["WithLengths", "StateThenLengthsWithoutStateOut"])
def test_lengths_of_a_class_reach_it(name: str, program: Program, artifact: Path, tmp_path: Path) -> None:
    model = build(name)
    zoo.save_artifact(model, artifact)
    x, lengths = torch.randn(3, 7, 4), torch.tensor([2, 7, 4])
    np.save(tmp_path / "x.npy", x.numpy())
    np.save(tmp_path / "lengths.npy", lengths.numpy())
    output = program.output(artifact, tmp_path / "x.npy", "--lengths", tmp_path / "lengths.npy", folder=tmp_path)
    expected = model.module(x, lengths=lengths)
    torch.testing.assert_close(torch.from_numpy(output), expected, atol=2e-6, rtol=1e-5)


def test_a_class_may_have_its_steps_last(program: Program, artifact: Path, tmp_path: Path) -> None:
    spec = zoo.TensorSpec("input", "float32", ("batch", 4, "seq_len"))
    model: Any = zoo.build_own_model("support.own_classes:ChannelsFirst", {}, spec)
    zoo.save_artifact(model, artifact)
    program.succeed("verify", artifact)
    x = torch.randn(1, 4, 11)
    np.save(tmp_path / "x.npy", x.numpy())
    output = program.output(artifact, tmp_path / "x.npy", folder=tmp_path)
    expected = model.module(x, torch.tensor([11]))
    torch.testing.assert_close(torch.from_numpy(output), expected, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("name", ["StateThenLengths", "LengthsThenState"])
def test_a_row_of_length_0_keeps_its_state(name: str) -> None:
    model = build(name)
    x, state = torch.randn(3, 7, 4), [torch.randn(1, 3, 5)]
    _, after = model(x, torch.tensor([2, 0, 7]), state)
    assert torch.equal(after[0][:, 1], state[0][:, 1])
    assert not torch.equal(after[0][:, 2], state[0][:, 2])
    assert not model(x, torch.tensor([2, 0, 7]))[1][0][:, 1].any()


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("Masked", "mask"),
        ("MaskedWithStateOut", "mask"),
        ("Stride", "state"),
        ("StateThenLengthsWithoutStateOut", "state"),
        ("LastStep", "lengths"),
        ("LastStepAndState", "lengths"),
    ],
)
def test_arguments_that_keep_their_defaults_are_named(
    name: str, left_out: str, artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"support.own_classes:{name}", "--input-dims", "batch,seq_len,4", "-o", str(artifact)]
    assert script.main(words) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("left out")]
    assert said == [
        f"left out         argument {each} of forward: it keeps its default" for each in left_out.split(", ")
    ]


@pytest.mark.parametrize(
    ("name", "least"), [("ValidConvolution", 20), ("ValidConvolutionWithLengths", 20), ("Stride", 2)]
)
def test_a_class_that_needs_more_steps_than_one(
    name: str, least: int, program: Program, artifact: Path, tmp_path: Path
) -> None:
    model = build(name)
    zoo.save_artifact(model, artifact)
    manifest = zoo.load_artifact(artifact).manifest
    assert (manifest["inputs"][0]["min_steps"], manifest["streamable"]) == (least, False)
    assert manifest["golden"][0]["name"] == "fewest_steps"
    assert program.succeed("verify", artifact, "--json").json["pass"]
    program.succeed("bench", artifact, "--iterations", 1)
    assert f"of at least {least} steps" in program.succeed("info", artifact).stdout
    for steps in (least - 1, least):
        np.save(tmp_path / f"{steps}.npy", torch.randn(1, steps, 4).numpy())
    refused = program(artifact, tmp_path / f"{least - 1}.npy")
    assert (refused.status, refused.error.count(f"has {least - 1} steps, expected at least {least}")) == (65, 1)
    program.output(artifact, tmp_path / f"{least}.npy", folder=tmp_path)


def test_the_export_names_the_users_class(tmp_path: Path) -> None:
    with pytest.raises(ZooError, match=r"support\.own_classes:PairInAndOut has no ONNX form here"):
        zoo.export_onnx(build("PairInAndOut"), tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("OldWeightNorm", ("module.head.weight (weight_norm)",)),
        ("OldSpectralNorm", ("module.head.weight (spectral_norm)",)),
        ("NewWeightNorm", ("module.rnn.weight_hh_l0 (WeightNorm)", "module.head.weight (Orthogonal)")),
        ("Pruned", ("module.head.weight (pruned)", "module.rnn.weight_hh_l0 (pruned)")),
        ("OwnParametrization", ("module.square.weight (Symmetric)",)),
    ],
)
def test_computed_weights_are_made_plain(name: str, plain: tuple[str, ...], program: Program, artifact: Path) -> None:
    model = build(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with torch.enable_grad():  # weights that are results of others cannot be copied by copy.deepcopy
        model(torch.randn(2, 3, 4))
    saved = zoo.save_artifact(model, artifact)
    assert sorted(saved.made_plain) == sorted(plain)
    assert saved.worst_difference <= 1e-6
    program.succeed("verify", artifact)
    after = model.state_dict()  # the model itself stays parametrized
    assert after.keys() == before.keys()
    assert all(torch.equal(after[key], value) for key, value in before.items())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("NormalizedOverTime", r"in chunks of 1 step output differs by 0\.\d+ from the whole"),
        ("BothWays", r"in chunks of 1 step state_1 differs by 0\.\d+ from the whole"),
        ("ShortWindow", r"in chunks of 1 step output differs by 0\.0\d+ from the whole"),  # in the long sample alone
        ("OneMoreStep", r"in chunks of 1 step output has the shape \[1, 2, 5\], not \[1, 20, 5\]"),
        ("NoSingleSteps", "chunks of 1 step fail: a later chunk needs two steps"),
    ],
)
def test_a_class_that_gives_something_else_in_chunks_is_not_streamable(
    name: str, why: str, program: Program, artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"support.own_classes:{name}", "--input-dims", "batch,seq_len,4", "-o", str(artifact)]
    assert script.main(words) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("not streamable")]
    assert re.fullmatch(f"not streamable   {why}: --stream refuses the file", "\n".join(said))
    program.succeed("verify", artifact)
    np.save(tmp_path / "x.npy", np.zeros((1, 5, 4), dtype=np.float32))
    refused = program(artifact, tmp_path / "x.npy", "--stream", 2)
    assert refused.status == 64
    assert re.search(rf"is not: {why}; run the whole sequence at once", refused.error)
    with pytest.raises(RuntimeError, match=why):
        zoo.load_artifact(artifact).initial_state(1)


def test_a_class_that_takes_only_so_many_steps_has_a_shorter_sample(program: Program, artifact: Path) -> None:
    zoo.save_artifact(build("HundredPositions"), artifact)
    assert zoo.load_artifact(artifact).manifest["golden"][-1]["name"] == "long_sequence"
    program.succeed("verify", artifact)


def test_a_spectral_norm_of_a_recurrent_layer_is_saved_as_it_is_now(artifact: Path) -> None:
    model: Any = build("OneTensor")
    spectral_norm(model.module.rnn, "weight_hh_l0")  # and nothing runs it before it is saved
    assert zoo.save_artifact(model, artifact).made_plain == ("module.rnn.weight_hh_l0 (spectral_norm)",)


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "net.encoder."])
def test_weights_of_a_class_load_by_its_own_names(prefix: str, tmp_path: Path) -> None:
    trained = own_classes.OneTensor()
    torch.save({prefix + key: value for key, value in trained.state_dict().items()}, tmp_path / "w.pt")
    model = build("OneTensor", weights=tmp_path / "w.pt")
    x = torch.randn(2, 3, 4)
    assert torch.equal(model(x)[0], trained(x))


@pytest.mark.parametrize("prefix", ["", "rnn.", "model.rnn."])
def test_weights_of_a_bare_layer_load_with_or_without_its_name(prefix: str) -> None:
    trained = own_classes.BareRNN()
    weights = {prefix + key: value for key, value in trained.rnn.state_dict().items()}
    x = torch.randn(2, 3, 4)
    assert torch.equal(build("BareRNN", weights=weights)(x)[0], trained(x))


def test_a_file_of_the_users_own_may_be_called_manifest(program: Program, artifact: Path, tmp_path: Path) -> None:
    scripted = torchscript.script(own_classes.OneTensor().eval())
    with artifact.open("wb") as file:
        torchscript.save(scripted, file, {"manifest.json": b'{"format_version": 1, "mine": true}'})
    x = torch.randn(1, 5, 4)
    np.save(tmp_path / "x.npy", x.numpy())
    output = program.output(artifact, tmp_path / "x.npy", folder=tmp_path)
    torch.testing.assert_close(torch.from_numpy(output), scripted(x), atol=2e-6, rtol=1e-5)
    assert program.succeed("info", artifact, "--json").json["kind"] == "torchscript"
    with pytest.raises(zoo.ArtifactError, match="TorchScript file without a manifest"):
        zoo.load_artifact(artifact)


def test_a_sample_is_converted_as_cpp_runner_converts_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    speech = speech_batch()[0].numpy()
    np.save(tmp_path / "speech.npy", speech.astype(np.float64))
    words = ["lstm_classifier", f"input_size={speech.shape[2]}", "--sample", str(tmp_path / "speech.npy")]
    assert script.main([*words, "-o", str(tmp_path / "model.pt")]) == 0
    with zipfile.ZipFile(tmp_path / "model.pt") as archive:
        entry = next(name for name in archive.namelist() if name.endswith("/extra/zoo_manifest.json"))
        manifest = json.loads(archive.read(entry))
    assert [sample["name"] for sample in manifest["golden"]] == ["speech"]
    capsys.readouterr()
    assert script.main(["lstm_language_model_shakespeare", "--sample", str(tmp_path / "speech.npy")]) == 1
    assert "speech.npy is float64, expected int64" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["gru_classifier", "lstm_tagger", "gru_detector_fsdd"])
def test_models_of_one_score(name: str, program: Program, artifact: Path) -> None:
    zoo.save_artifact(zoo.build(name, num_classes=1, hidden_size=8), artifact)
    program.succeed("verify", artifact)
