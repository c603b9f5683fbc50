"""Recipes for cells that are written out: their matrices are rounded in the file, also those of a cell of one's own."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from support.own_cell import OWN_SPEC, MinimalGatedCell, register_own_cell
from support.program import Program
from support.real_input import real_batch
from support.small_models import build_small
from test_mutants import forge
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

import zoo
from zoo.config.cells import WRITTEN_CELLS
from zoo.quantization.stored_cells import store_cell
from zoo.quantization.stored_numbers import HalfTensors

SHARES = {"float16": 0.52, "bf16": 0.52, "int8": 0.30}
RECIPES = list(SHARES)
CELLS = list(WRITTEN_CELLS)


@pytest.mark.parametrize("cell", CELLS)
def test_files_shrink_and_give_their_twins_numbers_in_cpp(cell: str, artifact: Path, program: Program) -> None:
    # Of a cell without a product with the state, a first layer of 12 features is largely biases.
    layers = 2 if cell in ("min_lstm", "min_gru", "ind_rnn", "sru") else 1
    model = build_small(f"{cell}_encoder", hidden_size=128, num_layers=layers, dropout=0.0)
    zoo.save_artifact(model, artifact)
    whole = zoo.load_artifact(artifact).manifest["weights"]["bytes"]
    inputs, lengths = real_batch(model.config)
    for recipe, share in SHARES.items():
        quantized = zoo.quantize(model, recipe, allow_error=True)  # the gate has its own test
        assert zoo.save_artifact(quantized, artifact).worst_difference == 0.0
        loaded = zoo.load_artifact(artifact)
        assert loaded.manifest["weights"]["bytes"] <= share * whole
        record = loaded.manifest["quantization"]
        assert "backbone.stack.layers.0.cell_module" in record["float_activations"]
        assert torch.equal(loaded(inputs, lengths)[0], quantized(inputs, lengths)[0])
    program.succeed("verify", artifact)


@pytest.mark.parametrize("cell", ["ind_rnn", "sru", "min_gru"])
def test_a_small_head_adds_no_padding_to_a_file_in_bf16(cell: str, artifact: Path, program: Program) -> None:
    model = build_small(f"{cell}_tagger", hidden_size=128, dropout=0.0)
    vectors = sum(parameter.numel() for parameter in model.parameters() if parameter.dim() == 1)
    matrices = sum(parameter.numel() for parameter in model.parameters()) - vectors
    quantized: Any = zoo.quantize(model, "bf16")
    zoo.save_artifact(quantized, artifact)
    loaded = zoo.load_artifact(artifact)
    assert loaded.manifest["weights"]["bytes"] == 2 * matrices + 4 * vectors <= 0.52 * 4 * (matrices + vectors)
    packed = quantized.head.weights.packed
    assert packed.numel() > 2 * 16 * 128  # nine units fill a block of sixteen
    assert torch.equal(loaded.module.head.weights.packed, packed)
    assert torch.equal(copy.deepcopy(quantized).head.weights.packed, packed)
    program.succeed("verify", artifact)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_head_and_a_cell_go_to_cpp_together(recipe: str, artifact: Path, program: Program) -> None:
    model = zoo.quantize(build_small("sru_tagger", bidirectional=True), recipe)
    record = model.quantization
    packed = ["head", "backbone.stack.layers.0.cell_module.skip"]  # the engine's products round activations
    cells = [f"backbone.stack.layers.{k}.cell_module" for k in range(4)]
    assert set(cells) <= set(record.layers)
    assert set(record.float_activations) == set(cells) | (set() if recipe == "int8" else set(record.layers))
    assert set(packed) <= set(record.layers)
    zoo.save_artifact(model, artifact)
    program.succeed("verify", artifact)


@pytest.mark.parametrize("mutate", ["scale", "channels"])
def test_verify_rejects_a_mutant_of_a_stored_cell(mutate: str, artifact: Path, program: Program) -> None:
    quantized = zoo.quantize(build_small("coupled_lstm_tagger"), "int8")
    zoo.save_artifact(quantized, artifact)
    forge(artifact, zoo.quantize(build_small("coupled_lstm_tagger"), "int8"))
    program.succeed("verify", artifact)  # the forging itself changes nothing
    cell: Any = quantized.get_submodule("backbone.stack.layers.0.cell_module")
    numbers, step = cell.stored_matrices.kept[0]
    if mutate == "scale":
        step *= 1.02
    else:
        numbers[:2], step[:2] = numbers[[1, 0]], step[[1, 0]]
    forge(artifact, quantized)
    assert program("verify", artifact).status == 1


@torch.no_grad()
def test_layer_norm_lstm_is_refused_where_its_state_forgets_nothing() -> None:
    """With gains of 1, as it begins, a small change of the first step grows; smaller gains let it fade."""
    model: Any = build_small("layer_norm_lstm_encoder")
    cells = [layer.cell_module for layer in model.backbone.stack.layers]
    for recipe in ("bf16", "int8"):
        for gain, refused in ((1.0, True), (0.5, False)):
            for cell in cells:
                cell.gain_hh.fill_(gain)
            assert zoo.quantize(model, recipe, allow_error=True).quantization.beyond_limit is refused


@pytest.mark.parametrize("recipe", ["int8", "mixed", "static_int8"])
def test_calibration_leaves_a_cells_activations_in_float(recipe: str) -> None:
    model = build_small("min_gru_tagger")
    inputs, lengths = real_batch(model.config)
    samples = [zoo.Sample("real", inputs, lengths)]
    record = zoo.quantize(model, recipe, samples=samples, calibration=samples).quantization
    assert record.float_activations == [f"backbone.stack.layers.{k}.cell_module" for k in range(2)]
    assert record.calibrated
    assert "head" in record.layers


def test_a_stored_cell_is_copied_and_pickled_as_it_is() -> None:
    cell = build_small("clockwork_rnn_tagger").get_submodule("backbone.stack.layers.0.cell_module")
    stored: Any = store_cell(cell, HalfTensors)
    assert not dict(stored.named_parameters()).keys() & {"weight_ih", "weight_hh"}
    for twin in (copy.deepcopy(stored), pickle.loads(pickle.dumps(stored))):
        assert type(twin) is type(stored)
        assert twin.training == stored.training
        assert torch.equal(twin.weight_hh, stored.weight_hh)
        assert not torch.equal(twin.weight_hh, cell.weight_hh)  # type: ignore[arg-type]
        assert torch.equal(twin.sees, cell.sees)  # type: ignore[arg-type]


class Part(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.zeros(size, size))


class Nested(MinimalGatedCell):
    """Keeps a matrix where no recipe looks for it."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__(input_size, hidden_size, bias)
        self.part = Part(hidden_size)


class Scattered(MinimalGatedCell):
    """Keeps each of many matrices by itself."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__(input_size, hidden_size, bias)
        for k in range(5):
            self.register_parameter(f"weight_{k}", nn.Parameter(torch.zeros(hidden_size, hidden_size)))


def normed(*sizes: Any) -> nn.Module:
    cell = MinimalGatedCell(*sizes)
    nn.init.ones_(cell.weight_hh)
    return weight_norm(cell, "weight_hh")


OWN_CELL = register_own_cell()
for name, factory in (("nested", Nested), ("scattered", Scattered), ("normed", normed)):
    zoo.register_cell(name, OWN_SPEC, factory)


@pytest.mark.parametrize("cell", [OWN_CELL, "normed"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_cell_of_ones_own_is_stored(recipe: str, cell: str, artifact: Path, program: Program) -> None:
    model = build_small(f"{cell}_classifier", init="orthogonal")
    quantized = zoo.quantize(model, recipe)
    assert quantized.quantization.layers["backbone.stack.layers.0.cell_module"] == "MinimalGatedCell"
    zoo.save_artifact(quantized, artifact)
    program.succeed("verify", artifact)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("nested", "has matrices in its part 'part', expected them in the cell itself or in layers of PyTorch"),
        ("scattered", "has 7 matrices, expected at most 6: stack their rows"),
    ],
)
def test_a_cell_that_cannot_be_stored_is_refused_in_one_line(cell: str, reason: str) -> None:
    model = build_small(f"{cell}_tagger", num_layers=1, dropout=0.0)
    for recipe in RECIPES:
        with pytest.raises(zoo.RecipeError, match=f"layers.0.cell_module {reason}.*; exclude these") as refused:
            zoo.quantize(model, recipe)
        assert "\n" not in str(refused.value)
    assert list(zoo.quantize(model, "int8", exclude=["*.cell_module"]).quantization.layers) == ["head"]
