"""Every registered model keeps the contract, and its stack gives torch.nn's numbers."""

from typing import Any

import pytest
import torch
from support.real_input import real_batch
from support.small_models import FLOAT_NAMES, PRESET_NAMES, build_small, grid
from torch import Tensor, nn

import zoo
from zoo.artifact import torchscript

TOLERANCE = {"atol": 1e-6, "rtol": 1e-6}
LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def assert_close(got: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(got, expected, **TOLERANCE)


def recurrent_layer(model: nn.Module) -> Any:
    return model.backbone.stack.rnn


@pytest.mark.parametrize("family", ["lstm", "gru", "rnn", "rnn_relu"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"batch_first": False}, {"num_layers": 1}])
def test_encoder_equals_torch_nn_with_copied_weights(family: str, bidirectional: bool, options: dict[str, Any]) -> None:
    model = build_small(f"{family}_encoder", bidirectional=bidirectional, **options)
    config = model.config
    extra = {"nonlinearity": config.nonlinearity} if config.cell == "rnn" else {}
    reference = LAYERS[config.cell](
        12,
        20,
        config.num_layers,
        bias=config.bias,
        batch_first=config.batch_first,
        bidirectional=bidirectional,
        **extra,
    )
    zoo.load_weights_(model, reference.state_dict())
    inputs, _ = real_batch(config)
    inputs = inputs if config.batch_first else inputs.transpose(0, 1)
    output, state = model(inputs)
    expected, expected_state = reference(inputs)
    assert_close(output, expected)
    expected_state = expected_state if isinstance(expected_state, tuple) else (expected_state,)
    for got, want in zip(state, expected_state, strict=True):
        assert_close(got, want)


def test_a_projected_lstm_equals_torch_nn() -> None:
    model = build_small("lstm_encoder", proj_size=7, bidirectional=True)
    reference = nn.LSTM(12, 20, 2, batch_first=True, bidirectional=True, proj_size=7)
    zoo.load_weights_(model, reference.state_dict())
    inputs, _ = real_batch(model.config)
    assert_close(model(inputs)[0], reference(inputs)[0])
    assert model(inputs)[1][0].shape == (4, 4, 7)


def test_a_residual_stack_is_its_layers_and_their_sum() -> None:
    model = build_small("residual_gru_encoder", num_layers=3, bidirectional=True)
    layers = [nn.GRU(12 if k == 0 else 40, 20, batch_first=True, bidirectional=True) for k in range(3)]
    for k, layer in enumerate(layers):
        model.backbone.stack.layers[k].rnn.load_state_dict(layer.state_dict())
    inputs, _ = real_batch(model.config)
    expected = layers[0](inputs)[0]
    for layer in layers[1:]:
        expected = expected + layer(expected)[0]
    output, state = model(inputs)
    assert_close(output, expected)
    final = model.backbone.final(state)
    assert_close(final, torch.cat([expected[:, -1, :20], expected[:, 0, 20:]], dim=1))


@pytest.mark.parametrize(("name", "layers", "bidirectional"), grid())
def test_scripted_equals_eager(name: str, layers: int, bidirectional: bool) -> None:
    model = build_small(name, num_layers=layers, bidirectional=bidirectional)
    scripted = torchscript.script(model)
    inputs, lengths = real_batch(model.config)
    for given in (None, lengths):
        output, state = model(inputs, given)
        again, again_state = scripted(inputs, given)
        assert torch.equal(output, again)
        assert all(torch.equal(a, b) for a, b in zip(state, again_state, strict=True))


@pytest.mark.parametrize("name", PRESET_NAMES)
@pytest.mark.parametrize("batch_first", [True, False])
def test_chunks_give_what_the_whole_gives(name: str, batch_first: bool) -> None:
    model = build_small(name, batch_first=batch_first)
    inputs, lengths = real_batch(model.config)
    time = 1 if batch_first else 0
    inputs = inputs if batch_first else inputs.transpose(0, 1)
    for given in (None, lengths):
        whole, whole_state = model(inputs, given)
        for chunk in (1, 7, 16):
            state, outputs = model.initial_state(4), []
            for first in range(0, 29, chunk):
                part = inputs.narrow(time, first, min(chunk, 29 - first))
                left = None if given is None else (given - first).clamp(0, part.size(time))
                output, state = model(part, left, state)
                outputs.append(output)
            per_step = whole.dim() == 3 and whole.size(time) == 29
            assert_close(torch.cat(outputs, dim=time) if per_step else outputs[-1], whole)
            for got, want in zip(state, whole_state, strict=True):
                assert_close(got, want)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", FLOAT_NAMES)
def test_padding_never_changes_a_result(name: str, bidirectional: bool) -> None:
    model = build_small(name, bidirectional=bidirectional)
    inputs, lengths = real_batch(model.config)
    garbage = inputs.clone()
    for row, length in enumerate(lengths):
        garbage[row, length:] = float("nan")
    output, state = model(garbage, lengths)
    for row, length in enumerate(lengths):
        alone, alone_state = model(inputs[row : row + 1, :length])
        per_step = output.dim() == 3 and output.size(1) == 29
        assert_close(output[row : row + 1, :length] if per_step else output[row : row + 1], alone)
        if per_step:
            assert not output[row, length:].any()
        for got, want in zip(state, alone_state, strict=True):
            assert_close(got[:, row : row + 1], want)


def test_padded_tokens_may_be_any_number() -> None:
    model = build_small("gru_language_model")
    inputs, lengths = real_batch(model.config)
    garbage = inputs.clone()
    garbage[2, lengths[2] :] = -100
    assert torch.equal(model(garbage, lengths)[0], model(inputs, lengths)[0])


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("residual", [False, True])
def test_poolings_are_what_they_say(pooling: str, residual: bool) -> None:
    model = build_small("lstm_classifier", pooling=pooling, bidirectional=True, residual=residual)
    inputs, lengths = real_batch(model.config)
    features, _ = model.backbone(inputs, lengths, None)
    rows = []
    for row, length in enumerate(lengths):
        steps = features[row, :length]  # (T, F)
        last = torch.cat([steps[-1, :20], steps[0, 20:]])
        rows.append({"last": last, "mean": steps.mean(0), "max": steps.amax(0)}[pooling])
    assert_close(model(inputs, lengths)[0], model.head(torch.stack(rows)))


def test_a_bidirectional_model_has_no_initial_state() -> None:
    with pytest.raises(RuntimeError, match="no state to carry on"):
        build_small("gru_classifier", bidirectional=True).initial_state(1)


def test_standardization_is_part_of_the_model() -> None:
    plain, standardized = build_small("gru_encoder"), build_small("gru_encoder", standardize=True)
    inputs, _ = real_batch(plain.config)
    mean, std = inputs.flatten(0, 1).mean(0), inputs.flatten(0, 1).std(0)
    zoo.set_statistics_(standardized, mean, std)
    assert_close(standardized(inputs)[0], plain((inputs - mean) / std)[0])
    with pytest.raises(ValueError, match="must be positive"):
        zoo.set_statistics_(standardized, mean, std * 0)
    with pytest.raises(ValueError, match="0 places that standardise features"):
        zoo.set_statistics_(plain, mean, std)


@pytest.mark.parametrize("scripted", [False, True])
@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("gru_encoder", torch.zeros(4, 29, 13), "the last of size 12"),
        ("gru_encoder", torch.zeros(29, 12), "3 dimensions"),
        ("gru_encoder", torch.zeros(4, 0, 12), "at least one row and one step"),
        ("gru_encoder", torch.zeros(0, 29, 12), "at least one row and one step"),
        ("gru_encoder", torch.zeros(4, 29, 12, dtype=torch.int64), "floating point"),
        ("gru_language_model", torch.zeros(4, 29, dtype=torch.int32), "int64"),
        ("gru_language_model", torch.zeros(4, 29, 1, dtype=torch.int64), "2 dimensions"),
    ],
)
def test_wrong_input_is_refused_by_name(name: str, bad: Tensor, message: str, scripted: bool) -> None:
    model: Any = build_small(name)
    model = torchscript.script(model) if scripted else model
    with pytest.raises((ValueError, torch.jit.Error), match=message):
        model(bad)
