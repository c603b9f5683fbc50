"""The weights of a quantized model: its state dict has them all, and no float weights go in or out."""

from __future__ import annotations

import copy
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

import zoo
from zoo.quantization.groups import round_groups
from zoo.quantization.stored_numbers import HalfTensors, KeptTensors

RECIPES = zoo.list_recipes()
FROM_PYTORCH = "dynamic_int8"  # its layers are PyTorch's, and have more than tensors in their state
INPUT = torch.randn(2, 40, 4, generator=torch.Generator().manual_seed(1))


class Many(nn.Module):
    """Layers of all kinds that take numbers."""

    input_spec = zoo.TensorSpec("input", "float32", ("batch", "seq_len", 4))
    takes_lengths = False

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, 6, 3, padding=1)
        self.lstm = nn.LSTM(6, 5, 2, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(10, 5, bias=True, batch_first=True)
        self.cells = nn.ModuleList([nn.LSTMCell(5, 5), nn.GRUCell(5, 5), nn.RNNCell(5, 5)])
        self.head = nn.Linear(5, 3)

    def forward(
        self, input: Tensor, lengths: Tensor | None = None, state: list[Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        mixed = self.gru(self.lstm(self.conv(input.transpose(1, 2)).transpose(1, 2))[0])[0]
        steps = [self.cells[2](self.cells[1](self.cells[0](step)[0])) for step in mixed.unbind(1)]
        return self.head(torch.stack(steps, 1)), []


def quantize(name: str, recipe: str, seed: int) -> zoo.Model:
    torch.manual_seed(seed)
    model: Any = Many() if name == "many" else zoo.build(name, hidden_size=8, num_classes=3, input_size=4, seed=seed)
    calibration = [zoo.Sample("real", INPUT)] if recipe == "static_int8" else None
    return zoo.quantize(model.eval(), recipe, calibration=calibration, allow_error=True)


@torch.no_grad()
def output(model: Any) -> Tensor:
    result: Tensor = model(INPUT)[0]
    return result


@pytest.mark.filterwarnings("ignore:TypedStorage")  # PyTorch's own layers copy so
@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        # The second has a cell that is written out. Which layers `mixed` spares depends on the weights.
        (name, recipe)
        for name in ("many", "layer_norm_lstm_tagger")
        for recipe in RECIPES
        if recipe != "mixed"
    ],
)
def test_a_state_dict_carries_a_model(name: str, recipe: str) -> None:
    given, taking = quantize(name, recipe, 0), quantize(name, recipe, 1)
    assert not torch.equal(output(given), output(taking))
    state = given.state_dict()
    taking.load_state_dict(state if recipe == FROM_PYTORCH else load(save(state)))
    assert torch.equal(output(given), output(taking))
    assert torch.equal(output(given), output(pickle.loads(pickle.dumps(copy.deepcopy(taking)))))


def find_tensors(value: Any) -> list[Tensor]:
    """Return the tensors of a module's attributes, also those in lists."""
    if isinstance(value, Tensor):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else []
    return [tensor for item in items for tensor in find_tensors(item)]


@pytest.mark.parametrize("recipe", [recipe for recipe in RECIPES if recipe not in (FROM_PYTORCH, "mixed")])
def test_all_weights_move_to_another_device(recipe: str) -> None:
    for name in ("many", "layer_norm_lstm_tagger"):
        model: Any = quantize(name, recipe, 0).to("meta")
        found = [tensor for part in model.modules() for tensor in find_tensors(vars(part))]
        assert {str(tensor.device) for tensor in found} == {"meta"}


@pytest.mark.parametrize("recipe", ["float16", "int4", "portable_int8"])
def test_stored_weights_take_no_other_type(recipe: str) -> None:
    model: Any = quantize("lstm_tagger", recipe, 0)
    for change in (lambda: model.double(), lambda: model.to(torch.bfloat16)):
        with pytest.raises(zoo.ArgumentError, match="a quantized model computes in float32, expected no change to"):
            change()
    assert torch.equal(output(model.float()), output(quantize("lstm_tagger", recipe, 0)))


def test_rounded_rows_of_an_embedding_are_carried() -> None:
    for recipe in ("int8", "bf16", "float16", "int4"):
        models = [zoo.build("gru_language_model", hidden_size=8, vocab_size=30, seed=seed) for seed in range(2)]
        given, taking = (zoo.quantize(model, recipe, allow_error=True) for model in models)
        taking.load_state_dict(given.state_dict())
        tokens = torch.arange(30).unsqueeze(0)
        assert torch.equal(given(tokens)[0], taking(tokens)[0])


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_state_dict_of_another_recipe_is_refused(recipe: str) -> None:
    taking = quantize("lstm_tagger", recipe, 0)
    # Where `mixed` has to spare no layer, its model is one of `int8`.
    for other in set(RECIPES) - ({"int8", "mixed"} if recipe in ("int8", "mixed") else {recipe}):
        with pytest.raises((RuntimeError, zoo.RecipeError), match=r"state_dict|state dict"):
            taking.load_state_dict(quantize("lstm_tagger", other, 0).state_dict())


def test_a_fault_of_the_state_is_named() -> None:
    taking = quantize("lstm_tagger", "int8", 0)
    with pytest.raises(RuntimeError, match=r"head.packed: expected weights of the engine as .* the same recipe"):
        taking.load_state_dict(quantize("lstm_tagger", "static_int8", 0).state_dict())
    values = [torch.randn(2, 30), torch.randn(2)]
    half = HalfTensors(values)
    with pytest.raises(RuntimeError, match=r"0: expected torch.float16 \[2, 30\], got torch.bfloat16 \[2, 30\]; a"):
        half.load_state_dict(HalfTensors(values, wide=True).state_dict())
    with pytest.raises(RuntimeError, match=r'Missing key.* "1"'):
        half.load_state_dict({"0": half.state_dict()["0"]})
    with pytest.raises(RuntimeError, match=r'Unexpected key.* "2"'):
        half.load_state_dict(half.state_dict() | {"2": values[1]})
    with pytest.raises(RuntimeError, match="0: expected a tensor, got list"):
        half.load_state_dict(half.state_dict() | {"0": []})  # type: ignore[dict-item]
    in_groups = partial(KeptTensors, rounding=round_groups)
    with pytest.raises(RuntimeError, match=r"0.shape: expected \[2, 31\], got \[2, 30\]"):
        in_groups([torch.randn(2, 31)]).load_state_dict(in_groups([torch.randn(2, 30)]).state_dict())


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_quantized_model_is_no_checkpoint_and_takes_no_weights(recipe: str, tmp_path: Path) -> None:
    model = quantize("gru_tagger", recipe, 0)
    with pytest.raises(zoo.CheckpointError, match=f"quantized, by '{recipe}', .* zoo.save_artifact, or save the float"):
        zoo.save_checkpoint(model, tmp_path / "checkpoint")
    assert not (tmp_path / "checkpoint").exists()
    for weights in (model.state_dict(), zoo.build("gru_tagger", num_classes=3, input_size=4, seed=0).state_dict()):
        with pytest.raises(zoo.WeightsError, match=f"quantized, by '{recipe}', .* into the float model, and quantize"):
            zoo.load_weights_(model, weights)
