"""Weights go where they belong, or every mismatch is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from support.small_models import build_small
from torch import nn

import zoo
from zoo.weights.errors import WeightsError
from zoo.weights.files import read_weights


def flat(model: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(model.parameters())


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("prefix", ["", "module.", "model.", "_orig_mod.module."])
def test_state_dicts_load_from_files_and_behind_prefixes(tmp_path: Path, suffix: str, prefix: str) -> None:
    source = build_small("gru_tagger", seed=1)
    state = {prefix + name: value for name, value in source.state_dict().items()}
    path = tmp_path / f"weights{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    assert torch.equal(flat(build_small("gru_tagger", weights=path)), flat(source))


def test_a_lightning_checkpoint_loads(tmp_path: Path) -> None:
    source = build_small("gru_tagger", seed=1)
    torch.save({"epoch": 3, "state_dict": source.state_dict()}, tmp_path / "last.ckpt")
    assert torch.equal(flat(build_small("gru_tagger", weights=tmp_path / "last.ckpt")), flat(source))


@pytest.mark.parametrize("entry", ["state_dict", "model_state_dict", "model"])
def test_a_checkpoint_holds_more_than_the_weights(entry: str, tmp_path: Path) -> None:
    source = build_small("gru_tagger", seed=1)
    torch.save({"epoch": 3, "optimizer": {"lr": 0.1}, entry: source.state_dict()}, tmp_path / "last.pt")
    assert torch.equal(flat(build_small("gru_tagger", weights=tmp_path / "last.pt")), flat(source))


def test_what_lies_beside_the_prefix_is_named_alone() -> None:
    state = {f"model.{name}": value for name, value in build_small("gru_tagger").state_dict().items()}
    with pytest.raises(WeightsError, match=r"1 mismatch:\n  unexpected loss\.weight \[9\]$"):
        build_small("gru_tagger", weights={**state, "loss.weight": torch.ones(9)})


@pytest.mark.parametrize("suffix", [".npz", ".weights"])  # the content tells the format
def test_arrays_of_numpy_load(suffix: str, tmp_path: Path) -> None:
    source = build_small("gru_tagger", seed=1)
    arrays = {f"tagger.{name}": value.numpy().astype(">f8") for name, value in source.state_dict().items()}
    np.savez(tmp_path / "weights.npz", **arrays)
    path = (tmp_path / "weights.npz").rename(tmp_path / f"arrays{suffix}")
    assert torch.equal(flat(build_small("gru_tagger", weights=path)), flat(source))
    np.savez(tmp_path / "words.npz", **arrays, words=np.array(["a", "b"]))
    with pytest.raises(WeightsError, match=r"holds words \(<U1\), expected numbers"):
        build_small("gru_tagger", weights=tmp_path / "words.npz")


def test_weights_in_parts_are_read_by_their_index(tmp_path: Path) -> None:
    source = build_small("gru_tagger", seed=1)
    state = source.state_dict()
    place_of = {name: f"model-{k % 2}.safetensors" for k, name in enumerate(state)}
    for part in set(place_of.values()):
        save_file({name: state[name] for name in state if place_of[name] == part}, tmp_path / part)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": place_of}))
    assert torch.equal(flat(build_small("gru_tagger", weights=index)), flat(source))
    for content, words in [
        ('{"weight_map": {"head.bias": "model-0.safetensors"}, "x"', "is not the index of weights in parts"),
        ('{"hidden_size": 64}', "is not the index of weights in parts"),
        ('{"weight_map": {"head.bias": "../model-0.safetensors"}}', "expected a file of weights in the same folder"),
        ('{"weight_map": {"foot.bias": "model-0.safetensors"}}', "foot.bias is not in model-0.safetensors"),
    ]:
        index.write_text(content)
        with pytest.raises(WeightsError, match=words):
            build_small("gru_tagger", weights=index)
    index.write_text('{"weight_map": {"head.bias": "model-7.safetensors"}}')
    with pytest.raises(FileNotFoundError, match=r"model-7\.safetensors"):
        build_small("gru_tagger", weights=index)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda value: (value * 127).to(torch.int8), "expected float32, got int8"),
        (lambda value: value > 0, "expected float32, got bool"),
        (lambda value: value * 1j, "expected float32, got complex64"),
        (lambda value: value.double() * 1e300, "holds NaN or Inf, or more than float32 can"),
        (lambda value: value.to_sparse(), "is sparse, expected plain numbers"),
        (lambda value: value.to("meta"), "is on the meta device, expected plain numbers"),
        (lambda value: value.tolist(), "must be a tensor or an array of numbers, got a list"),
        (lambda value: value.numpy().astype(str), "must be a tensor or an array of numbers, got an array of <U"),
    ],
)
def test_weights_of_another_type_are_refused(change: Callable[[torch.Tensor], Any], words: str) -> None:
    state = build_small("gru_tagger").state_dict()
    with pytest.raises(WeightsError, match=f"1 mismatch:\n  head.weight:? {words}"):
        build_small("gru_tagger", weights={**state, "head.weight": change(state["head.weight"])})


@pytest.mark.parametrize(
    "change",
    [torch.Tensor.numpy, torch.Tensor.double, torch.Tensor.half, lambda value: value.to(torch.float8_e4m3fn)],
)
def test_floating_point_weights_of_any_size_fit(change: Callable[[torch.Tensor], Any]) -> None:
    source = build_small("gru_tagger", seed=1)
    given = {name: change(value) for name, value in source.state_dict().items()}
    torch.testing.assert_close(flat(build_small("gru_tagger", weights=given)), flat(source), atol=0.02, rtol=0)


def test_what_is_neither_a_file_nor_a_state_dict() -> None:
    for weights, words in ((3, "got int"), ([torch.ones(1)], "got list"), ({3: torch.ones(1)}, "3 must be a string")):
        with pytest.raises(WeightsError, match=words):
            build_small("gru_tagger", weights=weights)


@pytest.mark.parametrize("name", ["lstm_encoder", "residual_lstm_encoder"])
def test_a_bare_layers_state_dict_goes_to_the_stack(name: str) -> None:
    size = 12 if name == "lstm_encoder" else 20  # a residual stack's layers differ in nothing but order
    reference = nn.LSTM(size, 20, 2, batch_first=True)
    model = build_small(name, input_size=size, weights=reference.state_dict())
    values = list(model.state_dict().values())
    for got, expected in zip(values, reference.state_dict().values(), strict=True):
        assert torch.equal(got, expected)


def test_all_mismatches_are_named_at_once() -> None:
    state = build_small("gru_tagger", hidden_size=24).state_dict()
    del state["head.bias"]
    state["extra"] = torch.zeros(1)
    with pytest.raises(WeightsError) as caught:
        build_small("gru_tagger", weights=state)
    text = str(caught.value)
    assert "missing head.bias [9]" in text
    assert "unexpected extra [1]" in text
    assert "backbone.stack.rnn.weight_ih_l0: expected [60, 12], got [72, 12]" in text
    assert "head.weight: expected [9, 20], got [9, 24]" in text


def test_weights_with_nan_are_refused() -> None:
    state = build_small("gru_tagger").state_dict()
    state["head.bias"][2] = float("nan")
    with pytest.raises(WeightsError, match=r"head\.bias: holds NaN or Inf"):
        build_small("gru_tagger", weights=state)


class Dangerous:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("this must not run",))


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(Dangerous(), tmp_path / "weights.pt")
    with pytest.raises(WeightsError, match="does not load with weights_only=True"):
        read_weights(tmp_path / "weights.pt")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "does not load"), (b"\x00" * 100, "does not load"), (b"hello, world", "does not load")],
)
def test_files_that_hold_no_weights(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        read_weights(path)
    path.rename(tmp_path / "weights.safetensors")
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        read_weights(tmp_path / "weights.safetensors")


def test_an_artifact_is_not_a_state_dict(artifact: Path) -> None:
    zoo.save_artifact(build_small("gru_tagger"), artifact)
    with pytest.raises(WeightsError, match="TorchScript file, not a state dict"):
        read_weights(artifact)
    with pytest.raises(FileNotFoundError, match="no weights at"):
        read_weights("nowhere.pt")


def test_a_whole_module_is_not_a_state_dict(tmp_path: Path) -> None:
    torch.save([1, 2, 3], tmp_path / "list.pt")
    with pytest.raises(WeightsError, match="holds list, expected a mapping"):
        read_weights(tmp_path / "list.pt")


def test_a_checkpoint_in_half_precision_gives_the_rounded_weights(tmp_path: Path) -> None:
    model = build_small("gru_tagger", seed=4, standardize=True)
    zoo.save_checkpoint(model, tmp_path / "whole")
    zoo.save_checkpoint(model, tmp_path / "half", torch.float16)
    again = zoo.load_checkpoint(tmp_path / "half").state_dict()
    for name, value in model.state_dict().items():
        rounded = value.half().float() if value.dim() >= 2 else value
        assert again[name].dtype == value.dtype
        assert torch.equal(again[name], rounded), name
    whole, half = ((tmp_path / kind / "model.safetensors").stat().st_size for kind in ("whole", "half"))
    assert half < 0.7 * whole
    with torch.no_grad():
        next(p for p in model.parameters() if p.dim() == 2)[0, 0] = 1e6
    with pytest.raises(ValueError, match=r"weight of 1e\+06, more than torch\.float16 holds"):
        zoo.save_checkpoint(model, tmp_path / "half", torch.float16)
    with pytest.raises(ValueError, match="floating-point dtype"):
        zoo.save_checkpoint(model, tmp_path / "half", torch.int8)


def test_a_checkpoint_folder_builds_the_same_model(tmp_path: Path) -> None:
    model = build_small("gru_tagger", seed=4, standardize=True)
    zoo.save_checkpoint(model, tmp_path / "tagger")
    again = zoo.load_checkpoint(tmp_path / "tagger")
    assert again.config == model.config
    assert torch.equal(flat(again), flat(model))
    (tmp_path / "tagger" / "config.json").write_text("[]")
    with pytest.raises(ValueError, match="must hold"):
        zoo.load_checkpoint(tmp_path / "tagger")
    with pytest.raises(FileNotFoundError, match=r"config\.json is missing"):
        zoo.load_checkpoint(tmp_path)
