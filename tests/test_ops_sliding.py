"""The sliding operators of the engine, log-mel features and convolutions, against float64 in PyTorch."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from zoo.models.log_mel import mel_filters
from zoo.ops import operators

ops = operators()
FLOOR = 1e-9
ROUNDED = {"atol": 1e-7, "rtol": 1.2e-7}  # to float32: one place of the last bit


def sound(batch_size: int, samples: int) -> Tensor:
    """Return a rising tone with a little noise: loud bands beside silent ones."""
    time = torch.arange(samples) / 8000
    tone = 0.5 * torch.sin(2 * math.pi * (300 + 2000 * time) * time)
    return tone + 1e-3 * torch.randn(batch_size, samples, generator=torch.Generator().manual_seed(1))


def reference(input: Tensor, window: Tensor, filters: Tensor, step: int) -> Tensor:
    spectrum = torch.fft.rfft(input.unfold(1, window.numel(), step).double() * window)
    return torch.log(torch.view_as_real(spectrum).square().sum(3) @ filters + FLOOR)


def bands_for(size: int) -> Tensor:
    """Overlapping triangles, one band with a single bin, one with none, and one with all."""
    bins = torch.arange(size // 2 + 1, dtype=torch.float64).unsqueeze(1)
    centres = torch.linspace(0, size / 2, 5, dtype=torch.float64)
    triangles = (1 - (bins - centres).abs() / (1 + size / 8)).clamp(min=0)
    return torch.cat([triangles, (bins == size // 4).double(), 0 * bins, 1 / (1 + bins)], dim=1)


# Powers of two, the sizes of speech programs, ones with a prime factor, and the smallest.
SIZES = [2, 4, 6, 14, 62, 100, 150, 200, 254, 256, 320, 384, 400, 512, 1024]


@pytest.mark.parametrize("size", SIZES)
def test_log_bands_are_those_of_float64(size: int, isa: str) -> None:
    step = max(1, size * 2 // 3)
    input, window = (
        sound(3, size + 4 * step + (step > 1)),
        torch.hann_window(size, periodic=False, dtype=torch.float64) + 0.1,
    )
    filters = bands_for(size)
    packed = ops.pack_log_bands(window, filters, step, FLOOR, None, None)
    assert ops.sliding_sizes(packed) == [0, size, step, 1, filters.shape[1]]
    got, expected = ops.slide(input, packed), reference(input, window, filters, step)
    assert got.shape == expected.shape == (3, 5, filters.shape[1])
    torch.testing.assert_close(got, expected.float(), **ROUNDED)
    mean, std = expected.mean((0, 1)).float(), expected.std((0, 1)).float() + 0.5
    standardised = ops.slide(input, ops.pack_log_bands(window, filters, step, FLOOR, mean, std))
    torch.testing.assert_close(standardised, (got - mean) / std, rtol=0.0, atol=0.0)


def test_a_filter_or_a_window_that_is_off_shows() -> None:
    input, window, filters = (
        sound(1, 2000),
        torch.hann_window(384, dtype=torch.float64),
        mel_filters(32, 384, 8000),
    )
    expected = reference(input, window, filters, 256).float()

    def error(window: Tensor, filters: Tensor, step: int = 256) -> float:
        got = ops.slide(input, ops.pack_log_bands(window, filters, step, FLOOR, None, None))
        return float((got - expected).abs().max())

    assert error(window, filters) < 1e-6
    assert error(window, filters.roll(1, 0)) > 1e-2
    assert error(torch.hann_window(384, periodic=False, dtype=torch.float64), filters) > 1e-3
    assert error(window.roll(1), filters) > 1e-3


def test_a_nan_or_an_infinity_spoils_its_own_frames_only(isa: str) -> None:
    filters = bands_for(64)
    packed = ops.pack_log_bands(torch.hann_window(64, dtype=torch.float64), filters, 64, FLOOR, None, None)
    input = sound(1, 64 * 6)
    clean = ops.slide(input, packed)
    input[0, 70], input[0, 64 * 4 + 3] = float("nan"), float("inf")
    got = ops.slide(input, packed)
    assert got[0, [1, 4]].isnan().all()
    assert torch.equal(got[0, [0, 2, 3, 5]], clean[0, [0, 2, 3, 5]])


CONVOLUTIONS = [(48, 32, 5, 1), (7, 3, 2, 1), (33, 5, 3, 2), (16, 1, 4, 3), (1, 2, 1, 1), (100, 20, 3, 1)]


@pytest.mark.parametrize(("outputs", "channels", "taps", "step"), CONVOLUTIONS)
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_convolutions_are_those_of_float64(
    outputs: int, channels: int, taps: int, step: int, relu: bool, bias: bool, isa: str
) -> None:
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(outputs, channels, taps, generator=generator).double()
    biases = torch.randn(outputs, generator=generator).double() if bias else None
    input = torch.randn(2, 57 * step + taps, channels, generator=generator)
    packed = ops.pack_convolution(weight, biases, step, relu)
    assert ops.sliding_sizes(packed) == [1, taps, step, channels, outputs]
    expected = torch.conv1d(input.transpose(1, 2).double(), weight, biases, step).transpose(1, 2).float()
    torch.testing.assert_close(ops.slide(input, packed), expected.relu() if relu else expected, **ROUNDED)
    # A step is the same alone as between others, to the bit.
    alone = ops.slide(input[1:, 3 * step : 3 * step + taps], packed)
    assert torch.equal(alone[0, 0], ops.slide(input, packed)[1, 3])


def test_relu_lets_a_nan_through(isa: str) -> None:
    packed = ops.pack_convolution(torch.ones(3, 1, 2).double(), None, 1, True)
    got = ops.slide(torch.tensor([-1.0, -2.0, float("nan"), 4.0, 5.0]).reshape(1, 5, 1), packed)
    assert got[0, :, 0].isnan().tolist() == [False, True, True, False]
    assert got[0, 0, 0] == 0


@pytest.mark.parametrize("rows", [1, 5])
def test_threads_change_nothing(rows: int) -> None:
    input = sound(rows, 8000)
    packed = ops.pack_log_bands(torch.hann_window(256).double(), mel_filters(32, 256, 8000), 80, FLOOR, None, None)
    once = ops.slide(input, packed)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert torch.equal(ops.slide(input, packed), once)
    finally:
        torch.set_num_threads(before)


def test_no_rows_give_no_rows() -> None:
    packed = ops.pack_convolution(torch.ones(3, 4, 2).double(), None, 1, False)
    assert ops.slide(torch.empty(0, 9, 4), packed).shape == (0, 8, 3)


WINDOW, FILTERS = torch.ones(8).double(), torch.ones(5, 2).double()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ops.pack_log_bands(torch.ones(7).double(), FILTERS, 1, 0.0, None, None), "an even number of samples"),
        (lambda: ops.pack_log_bands(WINDOW, torch.ones(4, 2).double(), 1, 0.0, None, None), "filters of shape"),
        (lambda: ops.pack_log_bands(WINDOW.float(), FILTERS, 1, 0.0, None, None), "window must be float64"),
        (lambda: ops.pack_log_bands(WINDOW, FILTERS, 0, 0.0, None, None), "expected step between 1 and"),
        (lambda: ops.pack_log_bands(WINDOW, FILTERS, 1, 0.0, torch.zeros(2), None), "mean and std, or neither"),
        (lambda: ops.pack_log_bands(WINDOW, FILTERS, 1, 0.0, torch.zeros(3), torch.ones(3)), "expected mean of shape"),
        (lambda: ops.pack_convolution(torch.ones(3, 4, 2), None, 1, False), "weight must be float64"),
        (lambda: ops.pack_convolution(torch.ones(3, 4, 2).double(), torch.ones(2).double(), 1, False), "3 biases"),
        (lambda: ops.slide(torch.ones(1, 7), PACKED), "at least 8 steps of input"),
        (lambda: ops.slide(torch.ones(1, 9, 1), PACKED), "expected input of shape"),
        (lambda: ops.slide(torch.ones(1, 9).double(), PACKED), "input must be float32"),
        (lambda: ops.slide(torch.ones(1, 9), PACKED[:-1]), "cut short or joined"),
        (lambda: ops.slide(torch.ones(1, 9), torch.zeros(100, dtype=torch.uint8)), "not a packed sliding operator"),
        (lambda: ops.slide(torch.ones(1, 9), changed(12, 255)), "impossible header"),
        (lambda: ops.slide(torch.ones(1, 9), changed(PACKED.numel() - 128, 200)), "bands beyond the spectrum"),
    ],
)
def test_what_does_not_fit_is_refused(call, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        call()


PACKED = ops.pack_log_bands(WINDOW, FILTERS, 1, 0.0, None, None)


def changed(place: int, value: int) -> Tensor:
    """Return packed bytes with another value at a place."""
    bytes = PACKED.clone()
    bytes[place] = value
    return bytes
