"""Classes of other people that no file can hold, or that would give other numbers: refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support import own_classes
from support.own_classes.building import SPEC, build

import zoo
from zoo.errors import ZooError


@pytest.mark.parametrize("dims", [("batch", 4), ("batch", "time", 4), ("batch", "seq_len", 0), "batch,seq_len,4"])
def test_an_input_without_batch_steps_or_sizes_is_refused(dims: Any) -> None:
    spec = zoo.TensorSpec("input", "float32", dims)
    with pytest.raises(zoo.ContractError, match="expected 'batch' and 'seq_len' once each and sizes of at least 1"):
        zoo.build_own_model("support.own_classes:OneTensor", {}, spec)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SortedRows", r"shape \(2, 13, 4\) with lengths \[4, 13\], which come in any order: .*enforce_sorted=False"),
        ("StateInABuffer", r"StateInABuffer.forward changes module.last, and .*; take a state as an argument"),
    ],
)
def test_what_no_file_can_hold_is_refused_with_its_cause(name: str, words: str, artifact: Path) -> None:
    model = build(name)
    for use in (lambda: zoo.save_artifact(model, artifact), lambda: zoo.quantize(model, "dynamic_int8")):
        with pytest.raises(zoo.ContractError, match=words):
            use()


def test_a_sample_that_does_not_fit_is_named(artifact: Path) -> None:
    with pytest.raises(ZooError, match=r"samples\[0\], 'mine': the input has the shape \(1, 5, 9\), expected float32"):
        zoo.save_artifact(build("OneTensor"), artifact, samples=[zoo.Sample("mine", torch.randn(1, 5, 9))])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("RequiredState", "forward takes (x, h), expected (input), (input, lengths), (input, state=None)"),
        ("LearnedBeginning", "does not begin with zeros where its state is None"),
        ("DictResult", "forward returns {y: Tensor, h: Tensor}, expected a Tensor or (Tensor, state)"),
        ("GrowingState", "returns a state 'state_0' of dims ('seq_len', 'batch', 4), which changes its size"),
        ("Pairs", "forward takes 20 steps but not 21; let it take every number of steps"),
        (
            "CellState",
            "of shape (2, 5) for a batch of 2, expected (rows, batch, size), as h_n has it: return "
            "state.unsqueeze(0), and read state.squeeze(0)",
        ),
        (
            "BatchFirstState",
            "of shape (2, 1, 5) for a batch of 2, expected (rows, batch, size), as h_n has it: return "
            "state.transpose(0, 1), and read state.transpose(0, 1)",
        ),
        ("Half", "has weights in float16, expected float32 or float64"),
    ],
)
def test_other_forms_are_refused_in_the_users_words(name: str, words: str) -> None:
    with pytest.raises(ZooError) as caught:
        build(name)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_state_of_the_contract_has_its_batch_second(artifact: Path) -> None:
    words = r"dims \('batch', 5\), expected the batch in dimension 1, as h_n has it: return state.unsqueeze\(0\), and"
    with pytest.raises(zoo.ContractError, match=words):
        zoo.quantize(build("CellStateInContract"), "float16")


def test_layers_in_plain_lists_are_named(artifact: Path) -> None:
    words = r"keeps layers\[0\] \(GRU\), others\['scale'\]\[0\] \(Parameter\) in a plain list or .* use nn.ModuleList"
    with pytest.raises(zoo.ContractError, match=words):
        build("ListedLayers")
    model: Any = own_classes.ListedLayers().eval()
    model.input_spec = SPEC
    with pytest.raises(zoo.ScriptError, match=f"cannot compile ListedLayers: .*{words}"):
        zoo.save_artifact(model, artifact)
    with pytest.raises(zoo.RecipeError, match=f"cannot take this model: it {words}"):
        zoo.quantize(model, "bf16")


@pytest.mark.parametrize(
    ("name", "dtype"), [("HalfOutput", "float16"), ("Autocast", "bfloat16"), ("ComplexOutput", "complex64")]
)
def test_outputs_of_types_that_prove_nothing_are_refused(name: str, dtype: str, artifact: Path) -> None:
    with pytest.raises(zoo.ContractError, match=rf"{name}.forward returns {dtype}, expected float32, .* return .float"):
        zoo.save_artifact(build(name), artifact)
    assert not artifact.exists()


def test_a_wrong_input_is_named() -> None:
    spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 9))
    with pytest.raises(ZooError, match=r"fails for a float32 input of shape \(2, 13, 9\): input.size\(-1\)"):
        zoo.build_own_model("support.own_classes:OneTensor", {}, spec)


def test_a_class_that_sees_padding_and_one_without_rows_are_refused(artifact: Path) -> None:
    with pytest.raises(zoo.ContractError, match=r"SeesPadding.forward gives something else for a row of the padded"):
        zoo.save_artifact(build("SeesPadding"), artifact)
    with pytest.raises(
        zoo.ContractError, match=r"of shape \(\) for one row of 1 steps, expected dims \('batch', 'seq_len'"
    ):
        zoo.save_artifact(build("Squeezed"), artifact)
    with pytest.raises(zoo.ContractError, match=r"returns an output of shape \(13, 5\) for a batch of 2, expected the"):
        zoo.save_artifact(build("OneNumberForAllRows"), artifact)
    assert not artifact.exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("TinyLearnedBeginning", "does not begin with zeros where its state is None"),
        ("LateLearnedBeginning", "does not begin with zeros where its state is None"),
    ],
)
def test_a_beginning_other_than_zeros_is_found_in_small_outputs_and_in_the_state(name: str, words: str) -> None:
    with pytest.raises(zoo.ContractError, match=words):
        build(name)


def test_an_initial_state_that_none_does_not_stand_for_is_refused(artifact: Path) -> None:
    with pytest.raises(zoo.ContractError, match="something else from initial_state"):
        zoo.save_artifact(build("OtherInitialState"), artifact)
    with pytest.raises(zoo.ContractError, match=r"initial_state gives \[float32 \(2, 1, 5\)\], expected \[float32"):
        zoo.save_artifact(build("WrongInitialState"), artifact)
    assert not artifact.exists()


def test_a_scripted_module_that_gives_nan_is_refused(artifact: Path) -> None:
    artifact.write_bytes(b"what was here before")
    with pytest.raises(zoo.ArtifactError, match="differs from the eager one by inf"):
        zoo.save_artifact(build("NaNWhereScripted"), artifact)
    assert artifact.read_bytes() == b"what was here before"


def test_a_hook_that_torchscript_cannot_run_is_refused(artifact: Path) -> None:
    with pytest.raises(ZooError) as caught:
        zoo.save_artifact(build("Hooked"), artifact)
    assert "\n" not in str(caught.value)
    assert not artifact.exists()


def test_weights_that_do_not_fit_a_class_are_listed() -> None:
    weights = {"module." + key: value for key, value in own_classes.OneTensor().state_dict().items()}
    weights["module.head.scale"] = weights.pop("module.head.bias")
    with pytest.raises(zoo.WeightsError) as caught:
        build("OneTensor", weights=weights)
    assert "missing head.bias [3]" in str(caught.value)
    assert "unexpected head.scale [3]" in str(caught.value)
    assert "2 mismatches" in str(caught.value)
