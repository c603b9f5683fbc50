"""Speech models: the features against a textbook's, chunks against the whole, and labels read off CTC."""

from typing import Any

import pytest
import torch
from support.program import Program
from torch import Tensor

import zoo
from zoo.artifact import torchscript
from zoo.config import ConfigError, SpeechClassifierConfig, SpeechDetectorConfig
from zoo.models.log_mel import LogMel, mel_filters

NAMES = ["gru_classifier_fsdd", "gru_ctc_fsdd", "gru_detector_fsdd"]
SMALL = {"hidden_size": 12, "conv_channels": 9}


def build_speech(name: str, **overrides: Any) -> Any:
    return zoo.build(name, **{**SMALL, **overrides}).eval()


def sound(batch_size: int, steps: int) -> Tensor:
    """Return a rising tone with a little noise: loud bands beside silent ones."""
    time = torch.arange(steps * 80) / 8000
    tone = 0.5 * torch.sin(2 * torch.pi * (300 + 2000 * time) * time)
    noise = 1e-3 * torch.randn(batch_size, steps * 80, generator=torch.Generator().manual_seed(1))
    return (tone + noise).reshape(batch_size, steps, 80)


def test_log_mel_is_the_textbooks() -> None:
    log_mel = LogMel(hop=80, window_size=256, num_mels=32, sample_rate=8000)
    input = sound(2, 30)
    features, tail = log_mel(input, None, log_mel.zero_state(2, input)[0])
    samples = torch.nn.functional.pad(input.flatten(1), (176, 0)).double()
    spectrum = torch.stft(
        samples, 256, 80, window=torch.hann_window(256, dtype=torch.float64), center=False, return_complex=True
    )
    expected = torch.log(spectrum.abs().square().transpose(1, 2) @ mel_filters(32, 256, 8000) + 1e-6)
    torch.testing.assert_close(features, expected.float(), atol=1e-5, rtol=1e-6)
    assert torch.equal(tail[0], input.flatten(1)[:, -176:])


def test_a_lower_floor_keeps_soft_sounds() -> None:
    soft, state = 1e-2 * sound(1, 30), torch.zeros(1, 1, 176)
    high, low = (LogMel(80, 256, 32, 8000, floor) for floor in (1e-6, 1e-9))
    loud = low(100 * soft, None, state)[0]
    # 40 dB of power are 9.2 in nats; the higher floor hides a part of them where a band has little power.
    fall = (loud - low(soft, None, state)[0])[:, 4:]
    assert float(fall.mean()) == pytest.approx(9.2, abs=0.3)
    assert float((loud - high(soft, None, state)[0])[:, 4:].mean()) < float(fall.mean()) - 1


@pytest.mark.parametrize(("hertz", "band"), [(300.0, 4), (2000.0, 22), (3070.0, 28)])
def test_a_tone_lights_its_own_band(hertz: float, band: int) -> None:
    """The bands by hand: 34 corners lie evenly between 60 Hz = 92.7 mel and 4000 Hz = 2146.1 mel, 62.2 mel apart."""
    log_mel = LogMel(hop=80, window_size=256, num_mels=32, sample_rate=8000)
    input = torch.sin(2 * torch.pi * hertz * torch.arange(1600) / 8000).reshape(1, 20, 80)
    features, _ = log_mel(input, None, log_mel.zero_state(1, input)[0])
    assert int(features[0, -1].argmax()) == band


def test_too_many_bands_are_refused() -> None:
    with pytest.raises(ValueError, match="120 mel bands are too many for a window of 256 samples"):
        zoo.build("gru_classifier_fsdd", num_mels=120)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"vocab_size": 9}, "takes samples, not tokens"),
        ({"power_floor": 0.0}, "power_floor must be a number between 0 and 1, neither of them, got 0.0"),
        ({"standardize": True}, "already standardises its features"),
        ({"window_size": 80}, "window_size must be larger than input_size=80, got 80"),
        ({"conv_size": 1}, "conv_size must be a whole number >= 2"),
    ],
)
def test_configurations_that_make_no_sense(overrides: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        SpeechClassifierConfig(**overrides)


def test_a_detector_may_have_one_keyword() -> None:
    assert SpeechDetectorConfig(num_classes=1).num_classes == 1
    with pytest.raises(ConfigError, match="num_classes"):
        SpeechDetectorConfig(num_classes=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("padded", [False, True])
def test_chunks_give_what_the_whole_gives(name: str, cell: str, padded: bool) -> None:
    model = build_speech(name, cell=cell)
    input, lengths = sound(3, 40), torch.tensor([40, 17, 29]) if padded else None
    whole, whole_state = model(input, lengths)
    for chunk in (1, 7, 16):
        state, outputs = model.initial_state(3), []
        for first in range(0, 40, chunk):
            part = input[:, first : first + chunk]
            left = None if lengths is None else (lengths - first).clamp(0, part.size(1))
            output, state = model(part, left, state)
            outputs.append(output)
        got = torch.cat(outputs, dim=1) if whole.dim() == 3 else outputs[-1]
        torch.testing.assert_close(got, whole, atol=1e-6, rtol=1e-6)
        for name_of, a, b in zip(model.state_names, state, whole_state, strict=True):
            torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6, msg=lambda text, n=name_of: f"{n}: {text}")


@pytest.mark.parametrize("name", NAMES)
def test_padding_never_changes_a_result(name: str) -> None:
    model = build_speech(name)
    input, lengths = sound(3, 40), torch.tensor([40, 17, 29])
    garbage = input.clone()
    garbage[1, 17:], garbage[2, 29:] = float("nan"), 1e9
    output, state = model(garbage, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone, alone_state = model(input[row : row + 1, :length])
        got = output[row : row + 1, :length] if output.dim() == 3 else output[row : row + 1]
        torch.testing.assert_close(got, alone, atol=1e-6, rtol=1e-6)
        for a, b in zip(state, alone_state, strict=True):
            torch.testing.assert_close(a[:, row : row + 1], b, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("overrides", [{}, {"batch_first": False}, {"bidirectional": True}, {"conv_size": 2}])
def test_cpp_gives_the_python_numbers(name: str, overrides: dict[str, Any], program: Program, artifact: Any) -> None:
    model = build_speech(name, **overrides)
    samples = sound(2, 33)
    if not model.config.batch_first:
        samples = samples.transpose(0, 1).contiguous()
    zoo.save_artifact(model, artifact, samples=[zoo.Sample("tone", samples, torch.tensor([33, 20]))])
    assert program.succeed("verify", artifact, "--json").json["pass"]


def test_what_is_no_sound_is_refused() -> None:
    model = build_speech("gru_classifier_fsdd")
    with pytest.raises(ValueError, match="input must have 3 dimensions, the last of size 80"):
        model(torch.zeros(1, 5, 79))
    with pytest.raises(ValueError, match="at least one row and one step"):
        model(torch.zeros(1, 0, 80))
    with pytest.raises(RuntimeError, match="bidirectional"):
        build_speech("gru_classifier_fsdd", bidirectional=True).initial_state(1)


def test_labels_are_read_off_runs_and_blanks() -> None:
    best = torch.tensor([[0, 3, 3, 0, 3, 1, 1, 0], [2, 2, 2, 2, 1, 0, 0, 4], [0, 0, 0, 0, 0, 0, 0, 0]])
    output = torch.nn.functional.one_hot(best, 5).float()
    expected = [[2, 2, 0], [1, 0, 3], [-1, -1, -1]]
    assert zoo.decode_ctc(output).tolist() == expected
    assert zoo.decode_ctc(output, torch.tensor([5, 5, 8])).tolist() == [[2, 2], [1, 0], [-1, -1]]
    assert zoo.decode_ctc(output[2:]).shape == (1, 0)
    scripted = torchscript.script(build_speech("gru_ctc_fsdd"))
    assert scripted.decode(output).tolist() == expected
    assert torchscript.script(zoo.build("gru_ctc", hidden_size=8)).decode(output).tolist() == expected
