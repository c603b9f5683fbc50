"""zoo.accelerate on what stands in front of recurrent layers: log-mel features, and convolutions in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.accelerated import CLOSE, check, script
from support.program import Program
from torch import Tensor, nn

import zoo
from zoo.models.convolution import SteadyConv1d
from zoo.models.log_mel import LogMel, mel_filters

SIZE, HOP, BANDS = 64, 32, 12


def sound(batch_size: int = 2, samples: int = 400) -> Tensor:
    time = torch.arange(samples) / 8000
    noise = 1e-3 * torch.randn(batch_size, samples, generator=torch.Generator().manual_seed(1))
    return 0.5 * torch.sin(2 * torch.pi * (300 + 9000 * time) * time) + noise


class Features(nn.Module):
    """Log-mel features by hand, in front of a GRU; subclasses change a part."""

    def __init__(self) -> None:
        super().__init__()
        self.size, self.hop = SIZE, HOP
        self.register_buffer("window", torch.hann_window(SIZE, dtype=torch.float64))
        self.register_buffer("filters", mel_filters(BANDS, SIZE, 8000))
        self.register_buffer("mean", torch.linspace(-3, 1, BANDS))
        self.register_buffer("std", torch.linspace(1, 2, BANDS))
        self.rnn = nn.GRU(BANDS, 8, batch_first=True)

    def features(self, input: Tensor) -> Tensor:
        frames = input.unfold(1, self.size, self.hop).double() * self.window
        power = torch.view_as_real(torch.fft.rfft(frames)).square().sum(3)
        return (torch.log(power @ self.filters + 1e-6).to(input.dtype) - self.mean) / self.std

    def forward(self, input: Tensor):
        features = self.features(input)
        return features, self.rnn(features)[0]


class AbsoluteSquared(Features):
    def features(self, input: Tensor) -> Tensor:
        frames = self.window * input.unfold(-1, self.size, self.hop).double()
        power = torch.fft.rfft(frames, n=self.size, dim=-1).abs().pow(2)
        return torch.log(torch.matmul(power, self.filters)).float()


@pytest.mark.parametrize("made", [Features, AbsoluteSquared])
def test_log_mel_features_are_fused(made: type[Features]) -> None:
    accelerated = check(made(), sound())
    (fused,) = accelerated.acceleration["operators"]
    assert fused["calls"] == 2  # in forward, and in the method `features` by itself
    assert (fused["op"], fused["size"], fused["step"], fused["outputs"]) == ("log_bands", SIZE, HOP, BANDS)


class Log10(Features):
    def features(self, input: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(input.unfold(1, self.size, self.hop).double() * self.window)
        return torch.log10(torch.view_as_real(spectrum).square().sum(3) @ self.filters + 1e-6).to(input.dtype)


class Magnitude(Features):
    def features(self, input: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(input.unfold(1, self.size, self.hop).double() * self.window)
        return torch.log(spectrum.abs() @ self.filters + 1e-6).to(input.dtype)


class Cubed(Features):
    def features(self, input: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(input.unfold(1, self.size, self.hop).double() * self.window)
        return torch.log(spectrum.abs().pow(3) @ self.filters + 1e-6).to(input.dtype)


class OneChannelOfTheSpectrum(Features):
    def features(self, input: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(input.unfold(1, self.size, self.hop).double() * self.window)
        power = torch.view_as_real(spectrum).square().sum(2)  # over the bins
        return torch.log(power @ self.filters[:2] + 1e-6).to(input.dtype)


class FiltersOfTheInput(Features):
    def features(self, input: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(input.unfold(1, self.size, self.hop).double() * self.window)
        filters = self.filters * input[0, 0].double().exp()
        return torch.log(torch.view_as_real(spectrum).square().sum(3) @ filters + 1e-6).to(input.dtype)


class Orthonormal(Features):
    def features(self, input: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(input.unfold(1, self.size, self.hop).double() * self.window, norm="ortho")
        return torch.log(torch.view_as_real(spectrum).square().sum(3) @ self.filters + 1e-6).to(input.dtype)


class Longer(Features):
    def features(self, input: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(input.unfold(1, self.size, self.hop).double() * self.window, n=self.size - 2)
        return torch.log(torch.view_as_real(spectrum).square().sum(3) @ self.filters[1:] + 1e-6).to(input.dtype)


class InFloat32(Features):
    def features(self, input: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(input.unfold(1, self.size, self.hop) * self.window.float())
        return torch.log(torch.view_as_real(spectrum).square().sum(3) @ self.filters.float() + 1e-6)


class PowerIsUsedElsewhere(Features):
    def features(self, input: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(input.unfold(1, self.size, self.hop).double() * self.window)
        power = torch.view_as_real(spectrum).square().sum(3)
        return torch.log(power @ self.filters + 1e-6).to(input.dtype) - power.mean().float()


class WrittenInBetween(Features):
    def features(self, input: Tensor) -> Tensor:
        input = input.clone()
        frames = input.unfold(1, self.size, self.hop).double() * self.window
        input.mul_(2.0)
        power = torch.view_as_real(torch.fft.rfft(frames)).square().sum(3)
        return torch.log(power @ self.filters + 1e-6).to(input.dtype)


@pytest.mark.parametrize(
    "made",
    [
        Log10, Magnitude, Cubed, OneChannelOfTheSpectrum, FiltersOfTheInput, Orthonormal, Longer, InFloat32,
        PowerIsUsedElsewhere, WrittenInBetween,
    ],
)  # fmt: skip
def test_what_is_nearly_a_log_mel_front_end_stays_libtorchs(made: type[Features]) -> None:
    accelerated = check(made(), sound())
    assert accelerated.acceleration["operators"] == []
    with torch.no_grad():
        assert torch.equal(accelerated(sound())[0], script(made())(sound())[0])


class Convolved(nn.Module):
    """A convolution over the steps in front of a GRU."""

    def __init__(self, convolution: nn.Conv1d) -> None:
        super().__init__()
        self.convolution = convolution
        self.rnn = nn.GRU(convolution.out_channels, 8, batch_first=True)


class StepsFirst(Convolved):
    def forward(self, input: Tensor):
        patterns = torch.relu(self.convolution(input.transpose(1, 2))).transpose(1, 2)
        return patterns, self.rnn(patterns)[0]


class ChannelsFirst(Convolved):
    def forward(self, input: Tensor):
        patterns = self.convolution(input)
        flat = patterns.view(input.size(0), -1)  # its memory lies as LibTorch's does
        return flat, self.rnn(patterns.transpose(1, 2))[0]


def make_convolution(*sizes: int, **options: Any) -> nn.Conv1d:
    return SteadyConv1d(*sizes, **options).requires_grad_(False)


def test_convolutions_in_float64_are_fused() -> None:
    input = torch.randn(3, 20, 5)
    steps_first = check(StepsFirst(make_convolution(5, 7, 3)), input)
    expected = {"op": "convolution", "size": 3, "step": 1, "channels": 5, "outputs": 7, "calls": 1}
    assert steps_first.acceleration["operators"] == [expected]
    channels_first = check(ChannelsFirst(make_convolution(20, 7, 2)), input)
    assert channels_first.acceleration["operators"] == [{**expected, "size": 2, "channels": 20}]


class OwnConvolution(nn.Module):
    """A float64 convolution with other arguments than `SteadyConv1d` has."""

    def __init__(self, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.register_buffer("weight", torch.randn(6, 4 // groups, 3).double())
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.rnn = nn.GRU(6, 8, batch_first=True)

    def forward(self, input: Tensor):
        x = input.transpose(1, 2).double()
        patterns = torch.conv1d(x, self.weight, None, self.stride, self.padding, self.dilation, self.groups)
        patterns = patterns.to(input.dtype).transpose(1, 2)
        return patterns, self.rnn(patterns)[0]


@pytest.mark.parametrize(
    ("options", "fused"),
    [({}, 1), ({"stride": 2}, 1), ({"padding": 1}, 0), ({"dilation": 2}, 0), ({"groups": 2}, 0)],
)
def test_a_convolution_with_other_arguments(options: dict[str, int], fused: int) -> None:
    torch.manual_seed(3)
    accelerated = check(OwnConvolution(**options), torch.randn(2, 20, 4))
    assert len(accelerated.acceleration["operators"]) == fused


def test_a_convolution_in_float32_stays_libtorchs() -> None:
    accelerated = check(StepsFirst(nn.Conv1d(5, 7, 3).requires_grad_(False)), torch.randn(3, 20, 5))
    assert accelerated.acceleration["operators"] == []


class Alone(nn.Module):
    """Log-mel features and a convolution whose results also leave the model by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.log_mel = LogMel(HOP, SIZE, BANDS, 8000)
        self.convolution = make_convolution(BANDS, 6, 3)
        self.rnn = nn.GRU(6, 8, batch_first=True)

    def forward(self, input: Tensor, tail: Tensor, run_layer: bool):
        features, tail = self.log_mel(input, None, tail)
        patterns = self.convolution(features.transpose(1, 2)).transpose(1, 2)
        if run_layer:
            return self.rnn(patterns.float())[0], tail
        return patterns, tail


@pytest.mark.autograd
def test_what_the_engine_does_not_take_runs_in_libtorch() -> None:
    """Float64 input, and input with gradients."""
    scripted = script(Alone())
    accelerated = zoo.accelerate(scripted)
    assert len(accelerated.acceleration["operators"]) == 2
    input, tail = sound(2, HOP * 9).reshape(2, 9, HOP), torch.zeros(1, 2, SIZE - HOP)
    with torch.no_grad():
        for run_layer in (False, True):
            torch.testing.assert_close(accelerated(input, tail, run_layer), scripted(input, tail, run_layer), **CLOSE)
        wide = accelerated(input.double(), tail.double(), False)[0]
        assert wide.dtype == torch.float64
        assert torch.equal(wide, scripted(input.double(), tail.double(), False)[0])
    gradients = []
    for module in (scripted, accelerated):
        leaf = input.clone().requires_grad_()
        module(leaf, tail, False)[0].square().sum().backward()
        gradients.append(leaf.grad)
    assert torch.equal(*gradients)


def test_too_few_samples_are_an_error_as_before() -> None:
    accelerated = zoo.accelerate(script(Features()))
    with pytest.raises(RuntimeError), torch.no_grad():
        accelerated(sound(1, SIZE - 1))


@pytest.mark.parametrize(
    ("name", "precision"),
    [("gru_classifier_spoken_digits", "fp32"), ("gru_detector_speech", "fp32"), ("gru_detector_speech", "int8")],
)
def test_trained_speech_models_whole_padded_and_in_chunks(name: str, precision: zoo.Precision) -> None:
    model = zoo.build(name, pretrained=True)
    hop, scripted = model.config.input_size, script(model)
    accelerated = zoo.accelerate(scripted, precision)
    assert [one["op"] for one in accelerated.acceleration["operators"]] == ["log_bands", "convolution"]
    input, lengths = sound(3, 23 * hop).reshape(3, 23, hop), torch.tensor([23, 7, 0])
    # What comes out of the front end, as the state that it leaves behind, does not depend on the precision.
    with torch.no_grad():
        for given in (None, lengths):
            output, state = accelerated(input, given)
            expected, expected_state = scripted(input, given)
            torch.testing.assert_close(state[:2], expected_state[:2], atol=2e-6, rtol=1e-6)
            if precision == "fp32":
                torch.testing.assert_close(output, expected, atol=1e-5, rtol=1e-5)
        state, parts = accelerated.initial_state(3), []
        for first in range(0, 23, 5):
            part, state = accelerated(input[:, first : first + 5], None, state)
            parts.append(part)
        whole, whole_state = accelerated(input)
        got = torch.cat(parts, dim=1) if whole.dim() == 3 else parts[-1]
        torch.testing.assert_close(got, whole, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(state[:2], whole_state[:2], rtol=0.0, atol=0.0)


def test_the_program_tells_what_was_fused(program: Program, artifact: Any) -> None:
    zoo.save_artifact(zoo.build("gru_detector_speech", pretrained=True), artifact)
    assert "log_bands (384 -> 32), convolution (5 x 32 -> 48)" in program.succeed("info", artifact).stdout
    report = program.succeed("info", artifact, "--json").json["acceleration"]
    assert [(one["op"], one["calls"]) for one in report["operators"]] == [("log_bands", 1), ("convolution", 1)]
    left = program.succeed("info", artifact, "--json", "--engine", "aten").json["acceleration"]
    assert left["operators"] == []
