"""Recipes `int8` and `bf16`: the engine's weights in the file; C++, rows, batches and chunks give the same numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from support.program import UNAVAILABLE, Program
from support.real_input import real_batch
from support.small_models import PRESET_NAMES, build_small
from test_mutants import forge
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import zoo
from zoo.config.cells import WRITTEN_CELLS
from zoo.ops import operators
from zoo.quantization.engine_layers import make_engine_layer
from zoo.quantization.stored_layers import make_stored_layer
from zoo.quantization.stored_numbers import HalfTensors
from zoo.quantization.written_out import Factors, write_out

# Precision -> how far a layer of initial weights may move outputs below 1.
MOST = {"bf16": 0.01, "int8": 0.03}
PRECISIONS = list(MOST)
EXACT = Factors(lambda _, weight: weight, lambda _, rows: rows)


def weight_bytes(path: Path) -> int:
    size: int = zoo.load_artifact(path).manifest["weights"]["bytes"]
    return size


@pytest.mark.parametrize(("recipe", "share"), [("int8", 0.30), ("bf16", 0.52)])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lstm_tagger", {}),
        ("gru_tagger", {"bidirectional": True, "batch_first": False}),
        ("rnn_classifier", {"bias": False}),
        ("lstm_language_model", {"proj_size": 64, "input_size": 48}),
    ],
)
def test_the_file_is_small_and_gives_its_twins_numbers_in_cpp(
    name: str, options: dict[str, Any], recipe: str, share: float, artifact: Path, program: Program
) -> None:
    model = build_small(name, hidden_size=128, **options)
    zoo.save_artifact(model, artifact)
    whole = weight_bytes(artifact)
    quantized = zoo.quantize(model, recipe)
    assert zoo.save_artifact(quantized, artifact).worst_difference == 0.0
    assert weight_bytes(artifact) <= share * whole
    report = program.succeed("verify", artifact, "--json").json
    assert {check["atol"] for check in report["checks"]} <= {1e-5, 1e-6}
    (stack,) = report["engine"]["acceleration"]["fused"]
    assert (stack["precision"], stack["origin"]) == (recipe, "packed")
    inputs, lengths = real_batch(model.config)
    if not options.get("batch_first", True):
        inputs = inputs.transpose(0, 1)
    loaded = zoo.load_artifact(artifact)
    assert torch.equal(loaded(inputs, lengths)[0], quantized(inputs, lengths)[0])


def refusal_of(name: str, recipe: str) -> str:
    """Return the documented reason why a recipe does not take a registered model; empty if it does."""
    if recipe == "dynamic_int8" and name.removesuffix("_encoder") in WRITTEN_CELLS:
        return "found nothing to convert"
    if name == "rnn_regressor" and recipe == "int8":
        return "use recipe 'mixed'"  # one number, of a head that is drawn: no other output shares its error
    if name == "layer_norm_lstm_encoder" and recipe in ("bf16", "int8", "portable_int8"):
        return "use recipe 'mixed'"  # a division by the small deviations of initial weights enlarges every rounding
    plain = name.startswith(("rnn_", "residual_rnn_"))
    return "is nn.RNN, which" if plain and recipe == "dynamic_int8" else ""


# `int4` moves the outputs of most small models beyond its limit; `static_int8` takes what `int8` does.
@pytest.mark.parametrize("recipe", [name for name in zoo.list_recipes() if name not in ("int4", "static_int8")])
def test_every_registered_model_takes_every_recipe_or_says_why(recipe: str) -> None:
    limit = zoo.find_recipe(recipe).limit
    for name in PRESET_NAMES:
        model, reason = build_small(name), refusal_of(name, recipe)
        if reason:
            with pytest.raises(zoo.RecipeError, match=reason):
                zoo.quantize(model, recipe)
        else:
            error = zoo.quantize(model, recipe).quantization.error
            assert error["max_of_range"] <= limit.max_of_range
            assert error["rms_of_std"] <= limit.rms_of_std


@pytest.mark.parametrize("recipe", PRECISIONS)
def test_rows_batches_and_chunks_have_the_same_bits(recipe: str) -> None:
    model = zoo.quantize(build_small("lstm_tagger"), recipe)
    inputs, _ = real_batch(model.config)
    whole, _ = model(inputs)
    for row in range(len(inputs)):
        assert torch.equal(model(inputs[row : row + 1])[0], whole[row : row + 1])
    state = model.initial_state(len(inputs))
    parts = []
    for part in inputs.split(7, dim=1):
        output, state = model(part, None, state)
        parts.append(output)
    assert torch.equal(torch.cat(parts, dim=1), whole)


def test_another_precision_is_refused_for_packed_layers(artifact: Path, program: Program) -> None:
    zoo.save_artifact(zoo.quantize(build_small("gru_tagger"), "int8"), artifact)
    assert re.search(r"^quantization +int8$", program.succeed("info", artifact).stdout, re.MULTILINE)
    outcome = program("verify", artifact, "--precision", "bf16")
    assert outcome.status == UNAVAILABLE
    assert "its layers are stored as a recipe packed them, and take no other precision" in outcome.error


def test_layers_left_in_float_are_fused_beside_packed_ones(artifact: Path, program: Program) -> None:
    model = build_small("residual_gru_classifier", num_layers=3)
    zoo.save_artifact(zoo.quantize(model, "int8", exclude=["*.layers.0.*"]), artifact)
    report = program.succeed("verify", artifact, "--json").json
    stacks = report["engine"]["acceleration"]["fused"]
    assert sorted((stack["precision"], stack["origin"]) for stack in stacks) == [
        ("fp32", "float32"),
        ("int8", "packed"),
        ("int8", "packed"),
    ]


RECURRENT: list[nn.Module] = [
    nn.LSTM(12, 20, 2, bidirectional=True, batch_first=True),
    nn.LSTM(12, 20, proj_size=7),
    nn.GRU(12, 20, 2, bias=False, batch_first=True),
    nn.RNN(12, 20, nonlinearity="relu", bidirectional=True),
]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("layer", RECURRENT, ids=str)
@torch.no_grad()
def test_a_recurrent_layer_keeps_its_whole_interface(layer: Any, precision: str) -> None:
    run = make_engine_layer(layer, precision)
    sequence = torch.randn(9, 12)
    batch = torch.randn(3, 9, 12) if layer.batch_first else torch.randn(9, 3, 12)
    lengths = torch.tensor([4, 9, 6])
    ragged = pack_padded_sequence(batch, lengths, layer.batch_first, enforce_sorted=False)
    for input in (sequence, batch):
        output, state = layer(input)
        close(run(input), (output, state), precision)
        close(run(input, state), layer(input, state), precision)
    output, state = layer(ragged)
    got, got_state = run(ragged)
    close(got_state, state, precision)
    close(pad_packed_sequence(got)[0], pad_packed_sequence(output)[0], precision)


def close(actual: Any, expected: Any, precision: str) -> None:
    if isinstance(expected, Tensor):
        assert actual.shape == expected.shape
        assert (actual - expected).abs().max() < MOST[precision]
        return
    for a, b in zip(actual, expected, strict=True):
        close(a, b, precision)


OTHERS: list[tuple[nn.Module, tuple[int, ...]]] = [
    (nn.LSTMCell(12, 20), (3, 12)),
    (nn.GRUCell(12, 20), (12,)),
    (nn.RNNCell(12, 20, bias=False), (3, 12)),
    (nn.Linear(12, 300), (2, 3, 12)),
    (nn.Linear(12, 32, bias=False), (12,)),
    (nn.Conv1d(12, 5, 3), (2, 12, 9)),
    (nn.Conv1d(12, 5, 3, stride=2, padding=4, dilation=2), (12, 9)),
]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("layer", "shape"), OTHERS, ids=str)
@torch.no_grad()
def test_cells_products_and_convolutions_keep_their_interface(
    layer: nn.Module, shape: tuple[int, ...], precision: str
) -> None:
    input = torch.randn(shape)
    packed = make_engine_layer(layer, precision)
    close(torch.jit.script(packed)(input), layer(input), precision)
    close(packed(input), layer(input), precision)


def set_fields(layer: nn.Conv1d, **fields: Any) -> nn.Conv1d:
    for name, value in fields.items():
        setattr(layer, name, value)
    return layer


# PyTorch computes with these fields as they are, and keeps the padding of the constructor in another one.
@pytest.mark.parametrize(
    "layer",
    [
        set_fields(nn.Conv1d(12, 5, 3), padding=(2,)),
        set_fields(nn.Conv1d(12, 5, 3, padding=4), padding=(0,)),
        set_fields(nn.Conv1d(12, 5, 3), padding=1, dilation=2, stride=3),
        set_fields(nn.Conv1d(12, 5, 4), padding="same"),
        nn.Conv1d(12, 5, 4, padding="same", dilation=3),
        set_fields(nn.Conv1d(12, 5, 3, padding="same"), padding="valid"),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")  # once a process
@torch.no_grad()
def test_a_convolution_pads_as_its_fields_say_now(layer: nn.Conv1d) -> None:
    input = torch.randn(2, 12, 15, generator=torch.Generator().manual_seed(3))
    expected = layer(input)
    for made in (make_engine_layer(layer, "bf16"), write_out(layer, EXACT), make_stored_layer(layer, HalfTensors)):
        close(made(input), expected, "bf16")
    close(torch.jit.script(make_engine_layer(layer, "bf16"))(input), expected, "bf16")
    close(torch.jit.script(make_stored_layer(layer, HalfTensors))(input), expected, "bf16")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_an_embedding_is_rounded_row_by_row(precision: str) -> None:
    layer = nn.Embedding(40, 16)
    with torch.no_grad():
        layer.weight[7] *= 1000  # does not coarsen the other rows
        layer.weight[8] = 0
    tokens = torch.tensor([[0, 7], [8, 39]])
    got = make_engine_layer(layer, precision)(tokens)
    expected = layer(tokens)
    step = expected.abs().amax(-1, keepdim=True) / (254 if precision == "int8" else 256)
    assert ((got - expected).abs() <= step * 1.001).all()


def change_bytes(model: Any, first: int, values: Tensor) -> nn.Module:
    """Overwrite bytes of the head's packed weights."""
    packed = model.head.packed
    packed[first : first + values.numel()] = values
    return model


def layout(packed: Tensor) -> tuple[int, int]:
    """Return where the scales and the sums of a head of 9 outputs and 20 inputs begin, in int8."""
    weights = 64 + 5 * 64  # header; 20 inputs are 5 groups of 4, for one block of 16 outputs
    assert packed.numel() == weights + 3 * 64
    return weights + 64, weights + 128


def scale_off_by_two_percent(model: Any) -> nn.Module:
    scales, _ = layout(model.head.packed)
    values = model.head.packed[scales : scales + 64].view(torch.float32) * 1.02
    return change_bytes(model, scales, values.view(torch.uint8))


def two_channels_swapped(model: Any) -> nn.Module:
    scales, _ = layout(model.head.packed)
    values = model.head.packed[scales : scales + 64].view(torch.float32).clone()
    values[:2] = values[[1, 0]]
    return change_bytes(model, scales, values.view(torch.uint8))


def zero_point_off_by_one(model: Any) -> nn.Module:
    """Weights take part as q - 1: each sum over a channel's weights loses one for every input."""
    _, sums = layout(model.head.packed)
    values = model.head.packed[sums : sums + 64].view(torch.int32) - 20
    return change_bytes(model, sums, values.view(torch.uint8))


@pytest.mark.parametrize("mutate", [scale_off_by_two_percent, two_channels_swapped, zero_point_off_by_one])
def test_verify_rejects_a_mutant_of_packed_weights(mutate: Any, artifact: Path, program: Program) -> None:
    quantized = zoo.quantize(build_small("gru_tagger"), "int8")
    zoo.save_artifact(quantized, artifact)
    forge(artifact, zoo.quantize(build_small("gru_tagger"), "int8"))
    program.succeed("verify", artifact)  # the forging itself changes nothing
    forge(artifact, mutate(quantized))
    assert program("verify", artifact).status == 1


def test_the_operator_for_products_says_what_is_wrong() -> None:
    ops = operators()
    weight = torch.randn(5, 8)
    packed = ops.pack_linear(weight, None, "fp32")
    torch.testing.assert_close(ops.linear(torch.eye(8), packed), weight.T)
    assert torch.equal(ops.unpack_linear(packed)[0], weight)
    for call, message in (
        (lambda: ops.linear(torch.randn(2, 7), packed), r"expected input of shape \(\.\.\., 8\), got \(2, 7\)"),
        (lambda: ops.linear(torch.randn(2, 8).double(), packed), "input must be float32"),
        (lambda: ops.linear(torch.randn(2, 8), packed[:-1].clone()), "a packed linear layer cut short or joined"),
        (lambda: ops.linear(torch.randn(2, 8), torch.zeros(64, dtype=torch.uint8)), "not a packed linear layer"),
        (lambda: ops.pack_linear(weight, torch.randn(4), "int8"), r"expected bias of shape \(5\), got \(4\)"),
        (lambda: ops.pack_linear(weight, None, "int4"), "precision must be fp32, bf16 or int8, got 'int4'"),
    ):
        with pytest.raises(RuntimeError, match=message):
            call()


def test_products_do_not_depend_on_the_batch_and_hardly_on_the_instruction_set() -> None:
    ops = operators()
    input = torch.randn(70, 33)
    for precision in ("bf16", "int8"):
        packed = ops.pack_linear(torch.randn(50, 33), torch.randn(50), precision)
        whole = ops.linear(input, packed)
        assert torch.equal(torch.cat([ops.linear(row[None], packed) for row in input]), whole)
        before = ops.force_isa("portable")
        try:
            portable = ops.linear(input, packed)
        finally:
            ops.force_isa(before)
        if precision == "int8":
            torch.testing.assert_close(portable, whole, rtol=1e-6, atol=1e-6)
        else:
            torch.testing.assert_close(portable, whole, rtol=1e-5, atol=1e-5)
