"""What is saved can be loaded by anyone, says everything of itself, and is refused when damaged."""

import json
import os
import stat
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.real_input import real_batch
from support.small_models import build_small
from torch import Tensor, nn

import zoo
from zoo import ArtifactError, ContractError, ScriptError
from zoo.artifact import torchscript


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("lstm_classifier", {}),
        ("gru_tagger", {"bidirectional": True}),
        ("rnn_language_model", {"batch_first": False}),
    ],
)
def test_a_round_trip_gives_the_same_numbers(name: str, overrides: dict[str, Any], artifact: Path) -> None:
    model = build_small(name, **overrides)
    saved = zoo.save_artifact(model, artifact)
    assert saved.worst_difference == 0.0
    assert saved.size == artifact.stat().st_size
    loaded = zoo.load_artifact(artifact)
    inputs, lengths = real_batch(model.config)
    inputs = inputs if model.config.batch_first else inputs.transpose(0, 1)
    assert torch.equal(loaded(inputs, lengths)[0], model(inputs, lengths)[0])
    assert loaded.manifest["model"]["config"] == model.config.to_dict()
    assert loaded.manifest["streamable"] is (not overrides.get("bidirectional", False))


def test_a_loaded_artifact_is_called_as_the_model(artifact: Path) -> None:
    model = build_small("lstm_tagger")
    zoo.save_artifact(model, artifact)
    loaded = zoo.load_artifact(artifact)
    inputs, _ = real_batch(model.config)
    whole, _ = model(inputs)
    state = loaded.initial_state(4)
    first, state = loaded(inputs[:, :10], state=state)
    rest, _ = loaded(inputs[:, 10:], state=state)
    torch.testing.assert_close(torch.cat([first, rest], dim=1), whole, atol=1e-6, rtol=1e-6)
    zoo.save_artifact(build_small("lstm_tagger", bidirectional=True), artifact)
    with pytest.raises(RuntimeError, match="model 'lstm_tagger' is not streamable"):
        zoo.load_artifact(artifact).initial_state(1)


def test_the_manifest_says_everything(artifact: Path) -> None:
    model = build_small("lstm_classifier", init=zoo.Init("orthogonal", forget_bias=1.0), seed=7)
    zoo.save_artifact(model, artifact, metrics={"accuracy": 0.97}, dataset="JapaneseVowels", license="CC-BY-4.0")
    manifest = zoo.load_artifact(artifact).manifest
    assert manifest["producer"]["torch"] == torch.__version__
    assert manifest["init"] == {**zoo.Init("orthogonal", forget_bias=1.0).to_dict(), "seed": 7}
    assert manifest["init"]["forget_bias"] == 1.0
    assert manifest["inputs"] == [
        {"name": "input", "dtype": "float32", "dims": ["batch", "seq_len", 12]},
        {"name": "lengths", "dtype": "int64", "dims": ["batch"], "optional": True},
    ]
    assert manifest["outputs"] == [{"name": "output", "dtype": "float32", "dims": ["batch", 9]}]
    assert [s["name"] for s in manifest["state"]] == ["h", "c", "mean", "count"]
    assert manifest["state"][0]["dims"] == [2, "batch", 20]
    names = [part["name"] for part in manifest["outputs"] + manifest["state"]]
    assert manifest["tolerances"]["cpu"]["replay"] == {
        "atol": 1e-6,
        "rtol": 1e-6,
        "of_range": 0.0,
        "of_rounding": 1.0,
        "of_feature_range": 0.0,
        "atol_of": dict.fromkeys(names, 1e-6),  # the model's own rounding is smaller
    }
    assert manifest["tolerances"]["cuda"]["stream"]["atol_of"] == dict.fromkeys(names, 1e-5)
    assert list(manifest["rounding"]) == names
    assert manifest["rows_independent"]
    assert (manifest["metrics"], manifest["dataset"], manifest["license"]) == (
        {"accuracy": 0.97},
        "JapaneseVowels",
        "CC-BY-4.0",
    )
    assert [g["name"] for g in manifest["golden"]] == ["one_step", "sequence", "batch", "padded_batch"]


def test_a_language_model_gives_the_range_of_its_tokens(artifact: Path) -> None:
    zoo.save_artifact(build_small("gru_language_model"), artifact)
    assert zoo.load_artifact(artifact).manifest["inputs"][0] == {
        "name": "input",
        "dtype": "int64",
        "dims": ["batch", "seq_len"],
        "range": [0, 127],
    }


def test_golden_samples_are_plain_npy_files_of_the_eager_models_numbers(artifact: Path) -> None:
    model = build_small("gru_tagger")
    inputs, lengths = real_batch(model.config)
    zoo.save_artifact(model, artifact, samples=[zoo.Sample("speech", inputs, lengths)])
    with zipfile.ZipFile(artifact) as archive:
        top = archive.namelist()[0].split("/")[0]
        (entry,) = json.loads(archive.read(f"{top}/extra/zoo_manifest.json"))["golden"]

        def read(name: str) -> Any:
            return np.load(BytesIO(archive.read(f"{top}/extra/{name}")), allow_pickle=False)

        assert np.array_equal(read(entry["input"]), inputs.numpy())
        assert np.array_equal(read(entry["lengths"]), lengths.numpy())
        output, state = model(inputs, lengths)
        assert np.array_equal(read(entry["output"]), output.numpy())
        assert np.array_equal(read(entry["state"][0]), state[0].numpy())


def test_the_callers_model_is_left_as_it_was(artifact: Path) -> None:
    model = build_small("lstm_tagger").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    zoo.save_artifact(model, artifact)
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert [p.name for p in artifact.parent.iterdir()] == ["model.pt"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(artifact.stat().st_mode) == 0o666 & ~mask


def damage(content: bytes, kind: str) -> bytes:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        weights = next(i for i in archive.infolist() if "/data/" in i.filename and i.file_size > 100)
    flipped = bytearray(content)
    flipped[weights.header_offset + 200] ^= 1
    return {
        "empty": b"",
        "cut": content[: len(content) // 2],
        "noise": os.urandom(5000),
        "flip": bytes(flipped),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("empty", "is not an artifact or is cut short"),
        ("cut", "is not an artifact or is cut short"),
        ("noise", "is not an artifact or is cut short"),
        ("flip", "fails its CRC-32"),
    ],
)
def test_a_damaged_file_is_refused(kind: str, message: str, artifact: Path) -> None:
    zoo.save_artifact(build_small("gru_encoder"), artifact)
    artifact.write_bytes(damage(artifact.read_bytes(), kind))
    with pytest.raises(ArtifactError, match=message):
        zoo.load_artifact(artifact)


def test_what_is_no_artifact_is_told_apart(artifact: Path, tmp_path: Path) -> None:
    model = build_small("gru_encoder")
    torch.save(model.state_dict(), artifact)
    with pytest.raises(ArtifactError, match="not a TorchScript file"):
        zoo.load_artifact(artifact)
    with artifact.open("wb") as file:
        torchscript.save(torchscript.script(model), file, {})
    with pytest.raises(ArtifactError, match="a TorchScript file without a manifest"):
        zoo.load_artifact(artifact)
    with pytest.raises(FileNotFoundError, match="no artifact at"):
        zoo.load_artifact(tmp_path / "nowhere.pt")


class Unscriptable(nn.Module):
    def forward(self, input: Tensor) -> Tensor:
        return eval("input")


class Random(nn.Module):
    """Differs from call to call, so that the file cannot give the eager module's numbers."""

    def forward(
        self, input: Tensor, lengths: Tensor | None = None, state: list[Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        nothing: list[Tensor] = []
        return input + torch.rand_like(input), nothing


class WrongReturn(nn.Module):
    def forward(self, input: Tensor, lengths: Tensor | None = None, state: list[Tensor] | None = None) -> Tensor:
        return input


SPEC = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 3))


@pytest.mark.parametrize(
    ("module", "error", "message"),
    [
        (Unscriptable(), ScriptError, r"test_artifact\.py, line \d+: return eval"),
        (Random(), ContractError, "gives something else when it is called again with the same input"),
        (WrongReturn(), ContractError, r"must return \(Tensor, list of Tensor\), got Tensor"),
    ],
)
def test_modules_that_cannot_become_artifacts(
    module: nn.Module, error: type[Exception], message: str, artifact: Path
) -> None:
    artifact.write_bytes(b"what was here before")
    module.input_spec = SPEC
    with pytest.raises(error, match=message):
        zoo.save_artifact(module, artifact)
    assert artifact.read_bytes() == b"what was here before"
    assert len(list(artifact.parent.iterdir())) == 1


class AlsoUnscriptable(nn.Module):
    def forward(self, input: Tensor) -> Tensor:
        return input + eval("1")


def test_the_line_that_does_not_script_is_the_right_one() -> None:
    source = Path(__file__).read_text().splitlines()
    expected = 1 + next(k for k, line in enumerate(source) if line.strip() == 'return input + eval("1")')
    with pytest.raises(ScriptError, match=f"line {expected}: return input"):
        torchscript.script(AlsoUnscriptable())
    with pytest.raises(ScriptError, match="start a new Python to see the first error"):
        torchscript.script(AlsoUnscriptable())


def test_a_traced_module_is_refused(artifact: Path) -> None:
    traced = torch.jit.trace(nn.Linear(12, 3), real_batch(build_small("gru_encoder").config)[0])
    with pytest.raises(ScriptError, match=r"give the eager nn\.Module"):
        zoo.save_artifact(traced, artifact)


def test_a_module_that_says_nothing_of_its_input_is_refused(artifact: Path) -> None:
    with pytest.raises(ContractError, match="does not say what its input is"):
        zoo.save_artifact(WrongReturn(), artifact)


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
@pytest.mark.parametrize("name", ["lstm_tagger", "gru_language_model"])
def test_weights_of_another_type_than_the_input_are_refused(name: str, dtype: str, artifact: Path) -> None:
    model = build_small(name).to(getattr(torch, dtype))
    if (name, dtype) == ("gru_language_model", "float64"):  # tokens have no type that the weights must have
        zoo.save_artifact(model, artifact)
    else:
        with pytest.raises(ContractError, match=rf"has weights in {dtype}, .* expected .*float32.* call model\.float"):
            zoo.save_artifact(model, artifact)
        assert not artifact.exists()
    with pytest.raises(zoo.OnnxError, match=rf"weights in {dtype}, expected float32; call model\.float\(\) first"):
        zoo.export_onnx(model, artifact.with_suffix(".onnx"))
